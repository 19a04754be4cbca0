"""How the numbers of a region are written."""

from __future__ import annotations

import re


def rewrites(region: str) -> bool:
    r"""Whether numbers of a region can be written with other digits than they are dialed with.

    ``\2`` alone keeps a part of what was written, ``9\\1`` (Argentina) does not.
    """
    from phonenumbers import PhoneMetadata

    data = PhoneMetadata.metadata_for_region(region)
    rule = data.national_prefix_transform_rule if data is not None else None
    return rule is not None and re.fullmatch(r"\\\d", rule) is None


def shortest_number(region: str) -> int:
    """The fewest digits that a number of the region has when written without its country."""
    from phonenumbers import PhoneMetadata

    data = PhoneMetadata.metadata_for_region(region)
    usual = data.general_desc if data is not None else None
    return 0 if usual is None or rewrites(region) else min(usual.possible_length)


def own_code(region: str) -> str:
    """How a region's numbers begin when written with their country, such as ``+1``."""
    import phonenumbers

    return f"+{phonenumbers.country_code_for_region(region)}"
