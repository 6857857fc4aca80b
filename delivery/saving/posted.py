"""Forms as scripts send them: a list of [name, value] pairs, bounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.http import QueryDict

from delivery.rules.refusals import Reason, Refusal

MOST_FIELDS: Final = 2_000


def form(pairs: Sequence[Any]) -> QueryDict:
    """Return the form that a list of [name, value] pairs stands for; raises Refusal MALFORMED."""
    found = QueryDict(mutable=True)
    for pair in pairs[:MOST_FIELDS]:
        match pair:
            case [str(name), str(value)]:
                found.appendlist(name, value)
            case _:
                raise Refusal(Reason.MALFORMED)
    return found
