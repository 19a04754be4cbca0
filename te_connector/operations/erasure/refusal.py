"""Why an object must not be deleted. Pure: it decides by what was read, and by what was reviewed."""

from __future__ import annotations

from te_connector.manifest import schemas
from te_connector.manifest.model import Manifest
from te_connector.matching.subjects import Subject
from te_connector.operations import ownership
from te_connector.operations.erasure.options import Options
from te_connector.operations.ownership import Lineage


def refusal(lineage: Lineage, manifest: Manifest, subject: Subject, options: Options) -> str:
    """Why the first object of a lineage must not be deleted; empty if it may."""
    unread = [one for one in lineage if one.unread]
    if unread:
        return (
            f"its {unread[0].object_type.name} could not be read, so it is not known whose it is: "
            f"{unread[0].unread}"
        )
    deletable, data = lineage[0].object_type.deletable, lineage[0].data or {}
    match = ownership.match_of(lineage, manifest, subject)
    parent_gone = len(lineage) > 1 and any(one.data is None for one in lineage)
    if match == "none" and (deletable or not parent_gone):
        return ownership.mismatch(lineage, subject)
    reviewed = options.reviewed
    if match == "weak" and deletable and reviewed is None:
        return "it matches the subject only weakly; review it, and give its digest as reviewed to delete it"
    if reviewed is not None and reviewed.lower() != schemas.digest(data):
        changed = ", ".join(ownership.changed_fields(data, options.reviewed_fields))
        return "it is no longer what was reviewed" + (f": {changed} changed" if changed else "")
    return ""
