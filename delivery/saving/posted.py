"""Forms as scripts send them: a list of [name, value] pairs, bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from delivery.rules.refusals import Reason, Refusal

MOST_FIELDS: Final = 2_000


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
