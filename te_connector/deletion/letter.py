"""A letter to the vendor's support about what its API can't delete."""

from __future__ import annotations

from te_connector.contract import Record
from te_connector.manifest.model import Manifest
from te_connector.result import Result


def letter(result: Result, manifest: Manifest) -> str:
    """The letter, as plain text; empty if the API can delete all that was found.

    It names objects by type and id only: the ids are the vendor's own, and nothing else goes out.
    """
    stuck = [
        record
        for record in result.records
        if record["object_type"] in manifest.objects
        and not manifest.objects[record["object_type"]].deletable
    ]
    if not stuck:
        return ""
    lines = [
        f"Subject: Request to erase {len(stuck)} objects that your API can't delete",
        "",
        "Hello,",
        "",
        "A person asked us to erase the personal data that we hold about them. Your API has no DELETE",
        "for the objects below. Please erase them, and confirm by reply which of them are erased, and",
        "when. If you can't erase one, please tell us why.",
        "",
        f"API: {result.base_url}",
        f"Found: {result.fetched_at or 'time not known'}",
        "",
    ]
    for name in dict.fromkeys(record["object_type"] for record in stuck):
        object_type = manifest.objects[name]
        lines.append(f"{object_type.title} ({object_type.path}), by id:")
        lines += [f"  {record_id}" for record_id in _ids(stuck, name)]
        lines.append("")
    lines += ["Thank you.", ""]
    return "\n".join(lines)


def _ids(records: list[Record], name: str) -> list[str]:
    return list(dict.fromkeys(one["id"] for one in records if one["object_type"] == name))
