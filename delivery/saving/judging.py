"""What an item makes of an answer by itself, whoever gave it; short answers are remembered."""

from __future__ import annotations

from typing import Final, NamedTuple

from assembly import bank
from assembly.qti import item_session
from assembly.qti.errors import QtiError
from assembly.qti.values import RawResponses
from delivery.rules.refusals import Reason, Refusal

LONGEST_ANSWER: Final = 100_000
# Of choices there are few, and ten thousand candidates give the same ones.
LONGEST_KEPT: Final = 200
MOST_KEPT: Final = 10_000
_kept: dict[tuple[int, bytes], Judged] = {}


class Judged(NamedTuple):
    """`answered`: it answers anything; `offered`: a form of the item could have sent it."""

    answered: bool
    offered: bool


def judge(item_version_id: int, raw: RawResponses, canonical: bytes) -> Judged:
    """Judge an answer, with its canonical JSON; raises Refusal for what is not well-formed."""
    known = _kept.get((item_version_id, canonical))
    if known is not None:
        return known
    judged = _judge(item_version_id, raw, len(canonical))
    if len(canonical) <= LONGEST_KEPT:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[item_version_id, canonical] = judged
    return judged


def _judge(item_version_id: int, raw: RawResponses, size: int) -> Judged:
    if size > LONGEST_ANSWER:
        raise Refusal(Reason.TOO_LARGE, {"limit": str(LONGEST_ANSWER)})
    item = bank.item(item_version_id)
    try:
        answered = item_session.is_answered(item, raw)
    except QtiError as error:
        if error.reason == "wrong_type":
            raise Refusal(Reason.NOT_VALID, {"problem": str(error)}) from error
        raise Refusal(Reason.MALFORMED) from error
    return Judged(answered, not item_session.impossible(item, raw))
