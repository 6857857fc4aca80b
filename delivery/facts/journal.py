"""Records facts: the ledger entry in this transaction, the hint to sockets after its commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from delivery.facts import hub
from delivery.facts.events import Fact
from delivery.models import Sitting
from integrity import ledger, rowsets, words
from integrity.chain import Payload
from integrity.ledger import Draft, Locked, Sealed
from integrity.words import Written

# The writer has these already: the acknowledgement or the refusal is their answer.
TOLD_BY_ANSWER: Final = frozenset({"response.saved", "response.quarantined"})

# An answer came from a page that is gone.
LATE: Final = "response.late"

# Whoever does these says why, in words of their own.
REASONED: Final = frozenset(
    {
        "quarantine.proposed",
        "quarantine.refused",
        "resume.permitted",
        "rules.waived",
        "session.paused",
        "session.reopened",
        "session.resumed",
        "session.terminated",
        "takeover.allowed",
        "takeover.refused",
        "time.extended",
    }
)


# What a hint says beside its kind, by session.
Said = Mapping[UUID, dict[str, Any]]


def session_group(session_id: UUID) -> str:
    """Name the channel group of everything that shows one session."""
    return f"session.{session_id.hex}"


def board_group(sitting_id: int) -> str:
    """Name the channel group of the boards of one sitting."""
    return f"board.{sitting_id}"


def came_late(saved: Sequence[tuple[UUID, str, int]]) -> None:
    """Hint, after the commit, at answers of pages that another one has come after.

    The page that is there now may have been drawn before: it is told of each item and its revision.
    """
    hints = [
        (
            session_group(session_id),
            {"type": "session.changed", "what": LATE, "item": item, "revision": revision},
        )
        for session_id, item, revision in saved
    ]
    if hints:
        rowsets.afterwards(partial(hub.send_all, hints))


def record(fact: Fact) -> Sealed:
    """Record one fact; must run inside the transaction of the change."""
    return record_all([fact])[0]


def record_all(
    facts: Sequence[Fact], streams: Locked | None = None, said: Said | None = None
) -> list[Sealed]:
    """Record facts in their order, in a constant number of statements.

    `streams` are those that the caller has locked already. `said` goes with the hints of sessions,
    so that a thousand pages need not ask for them.
    """
    hidden = [_hide(fact) for fact in facts]
    sealed = ledger.append_many(
        [
            Draft(fact.stream, fact.kind, payload, fact.actor, fact.at)
            for fact, (payload, _written) in zip(facts, hidden, strict=True)
        ],
        streams,
    )
    words.keep(zip(sealed, (written for _payload, written in hidden), strict=True))
    if facts:
        rowsets.afterwards(partial(_tell, list(facts), said or {}))
    return sealed


def seal_each(facts: Sequence[Fact], streams: Locked) -> list[tuple[Any, ...]]:
    """Seal facts that each have a stream of their own and say no words of anybody.

    Returns ledger.COLUMNS, which the caller shares with the writes of its statement and writes by
    `ledger.write_each`; the hints go out when it is committed.
    """
    drafts = [Draft(one.stream, one.kind, one.payload(), one.actor, one.at) for one in facts]
    rowsets.afterwards(partial(_tell, list(facts), {}))
    return ledger.seal_each(drafts, streams)


def _hide(fact: Fact) -> tuple[Payload, list[Written]]:
    """What a person wrote as a reason may tell of somebody: it enters as a salted digest."""
    if fact.kind in REASONED and fact.actor.startswith("user:"):
        return words.hide(fact.payload(), "reason")
    return fact.payload(), []


def note(sitting: Sitting, kind: str, payload: Payload, *, by: str, at: datetime) -> None:
    """Record a fact about a sitting as a whole, in its own stream."""
    reasoned = kind in REASONED and by.startswith("user:")
    told, written = words.hide(payload, *["reason"] * reasoned)
    stream = f"sitting:{sitting.pk}"
    words.keep([(ledger.append(stream=stream, kind=kind, payload=told, actor=by, at=at), written)])


def _tell(facts: Sequence[Fact], said: Said) -> None:
    """Hint at what changed: each session's pages by kind, each board once for all sessions."""
    boards: dict[tuple[int, bool], set[str]] = {}
    for fact in facts:
        waits = fact.kind in TOLD_BY_ANSWER
        boards.setdefault((fact.sitting_id, waits), set()).add(str(fact.session_id))
    told = dict.fromkeys(
        (fact.session_id, fact.kind) for fact in facts if fact.kind not in TOLD_BY_ANSWER
    )
    hub.send_all(
        [
            (
                session_group(session_id),
                {"type": "session.changed", "what": kind} | said.get(session_id, {}),
            )
            for session_id, kind in told
        ]
    )
    for (sitting_id, waits), sessions in boards.items():
        if waits:
            hub.gather(board_group(sitting_id), sessions)
        else:
            hub.send(board_group(sitting_id), hub.changed(sessions))
