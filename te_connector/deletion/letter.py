"""A letter to the vendor's support about what its API can't delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from te_connector.manifest.model import Manifest
from te_connector.result import Result


def letter(result: Result, manifest: Manifest) -> str:
    """The letter, as plain text; empty if the API can delete all that was found.

    It names objects by type and id only: the ids are the vendor's own, and nothing else goes out.
    """
    stuck = [
        (record["object_type"], record["id"])
        for record in result.records
        if record["object_type"] in manifest.objects
        and not manifest.objects[record["object_type"]].deletable
    ]
    titles = {name: f"{one.title} ({one.path})" for name, one in manifest.objects.items()}
    return letter_about(stuck, titles, result.base_url, result.fetched_at)


def letter_about(
    objects: Sequence[tuple[str, str]],
    titles: Mapping[str, str],
    base_url: str,
    found_at: str | None,
) -> str:
    """The letter about these objects, by type and id; empty without one.

    ``titles`` gives a type's words; a type that it doesn't have is called by its name.
    """
    if not objects:
        return ""
    lines = [
        f"Subject: Request to erase {len(objects)} objects that your API can't delete",
        "",
        "Hello,",
        "",
        "A person asked us to erase the personal data that we hold about them. Your API has no DELETE",
        "for the objects below. Please erase them, and confirm by reply which of them are erased, and",
        "when. If you can't erase one, please tell us why.",
        "",
        f"API: {base_url}",
        f"Found: {found_at or 'time not known'}",
        "",
    ]
    for name in dict.fromkeys(object_type for object_type, _ in objects):
        lines.append(f"{titles.get(name, name)}, by id:")
        ids = dict.fromkeys(object_id for object_type, object_id in objects if object_type == name)
        lines += [f"  {object_id}" for object_id in ids]
        lines.append("")
    lines += ["Thank you.", ""]
    return "\n".join(lines)
