"""Forms as scripts send them: a list of [name, value] pairs, bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from assembly import rendering
from assembly.qti.item import AssessmentItem
from assembly.qti.values import RawResponses
from delivery.rules.refusals import Reason, Refusal

MOST_FIELDS: Final = 2_000
# Of choices there are few, and ten thousand candidates give the same ones.
LONGEST_KEPT: Final = 200
MOST_KEPT: Final = 10_000


class Posted(NamedTuple):
    """The answer that a form gives to an item, and what came beside it that the item never asks."""

    raw: RawResponses
    strays: RawResponses


# With the item itself, so that no other has its number meanwhile.
_kept: dict[tuple[int, str], tuple[AssessmentItem, Posted]] = {}


class Form(dict[str, list[str]]):
    """The values of each field, in their order."""

    def getlist(self, name: str, /) -> list[str]:
        return self.get(name, [])


def form(pairs: Sequence[Any]) -> Form:
    """Return the form that a list of [name, value] pairs stands for; raises Refusal MALFORMED."""
    found = Form()
    for pair in pairs[:MOST_FIELDS]:
        match pair:
            case [str(name), str(value)]:
                found.setdefault(name, []).append(value)
            case _:
                raise Refusal(Reason.MALFORMED)
    return found


def read(item: AssessmentItem, pairs: Sequence[Any]) -> Posted:
    """Return what a form answers; raises Refusal MALFORMED. Short answers are remembered."""
    written = repr(pairs)
    known = _kept.get((id(item), written))
    if known is not None:
        return known[1]
    fields = form(pairs)
    found = Posted(rendering.posted_responses(item, fields), rendering.strays(item, fields))
    if len(written) <= LONGEST_KEPT:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[id(item), written] = item, found
    return found
