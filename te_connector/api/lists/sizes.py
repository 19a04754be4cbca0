"""How many pages to read at once, and which smaller or shifted pages show the same rows. Pure."""

from __future__ import annotations

SERIAL_WINDOW = 64
"""The most pages that are read one by one between two readings of the sentinel page."""
MAX_HELD = 500_000
"""The most objects of one window whose ids and keys are held at once, about a hundred bytes each."""


def window_size(left: int, wanted: int, page_size: int) -> int:
    """How many pages to read one by one before the sentinel page is read again.

    Windows of about equal size: 51 pages at 50 a window would cost a second sentinel for one page.
    """
    even = -(-left // -(-left // SERIAL_WINDOW))
    return max(1, min(wanted, even, MAX_HELD // max(1, page_size)))


def parts_of(number: int, size: int) -> tuple[list[int], int] | None:
    """The smaller pages that are one page: their numbers, last first, and their size.

    Half-size pages where the size is even; None where it can't be divided.
    """
    divisor = next((each for each in range(2, size + 1) if size % each == 0), None)
    if divisor is None:
        return None
    return list(range(number * divisor, (number - 1) * divisor, -1)), size // divisor


def page_around(low: int, high: int, most: int) -> tuple[int, int] | None:
    """A page, as number and size, that has the rows ``low`` to before ``high`` in its middle."""
    low = max(0, low)
    if high <= low:
        return None
    best: tuple[int, int, int] | None = None
    for size in range(most, high - low - 1, -1):
        number = low // size + 1
        margin = min(low - (number - 1) * size if number > 1 else size, number * size - high)
        if margin >= 0 and (best is None or margin > best[0]):
            best = (margin, number, size)
    return best[1:] if best is not None else None
