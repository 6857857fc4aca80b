"""What a page's name says: which line of pages it belongs to, and its place in it.

A browser names each of its pages `<line>.<place>.<own>`: as long as no other page has taken the
test over, the next one continues the line. Any other name stands for itself.
"""

from __future__ import annotations

from typing import Final, NamedTuple

LONGEST_PLACE: Final = 9


class Page(NamedTuple):
    """Pages of one line followed one another in one browser, each after the one before it left."""

    line: str
    place: int


def page_of(writer: str) -> Page | None:
    """Read a page's name; None where it says nothing about other pages."""
    line, _, rest = writer.partition(".")
    place, _, own = rest.partition(".")
    is_number = place.isascii() and place.isdigit() and len(place) <= LONGEST_PLACE
    return Page(line, int(place)) if line and own and is_number else None


def are_one_line(one: str, other: str) -> bool:
    """Tell whether two pages followed one another, nobody else in between."""
    first, second = page_of(one), page_of(other)
    return first is not None and second is not None and first.line == second.line


def may_write(*, is_holder: bool, writer: str, epoch: int, holder: str, held_epoch: int) -> bool:
    """Tell whether what a page sent stands under the lease: its own, or that of its line.

    The pages of one browser hold the lease as one: what an earlier one sent may come late.
    """
    if not is_holder:
        return False
    if are_one_line(writer, holder):
        return epoch <= held_epoch
    # A page of another line has to ask first, whether its claim was answered once or never.
    return None in (page_of(writer), page_of(holder)) and epoch in (0, held_epoch)


def is_newer(writer: str, seq: int, than: str, than_seq: int) -> bool | None:
    """Tell whether one answer was given after another; None where their pages do not say."""
    if writer and writer == than:
        return seq > than_seq
    page, other = page_of(writer), page_of(than)
    if page is None or other is None or page.line != other.line or page.place == other.place:
        return None
    return page.place > other.place
