"""Records facts: the ledger entry in this transaction, the hint to sockets after its commit."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from uuid import UUID

from django.db import transaction

from delivery import hub
from delivery.events import Fact
from integrity import ledger
from integrity.ledger import Draft, Sealed


def session_group(session_id: UUID) -> str:
    """Name the channel group of everything that shows one session."""
    return f"session.{session_id.hex}"


def board_group(sitting_id: int) -> str:
    """Name the channel group of the boards of one sitting."""
    return f"board.{sitting_id}"


def record(fact: Fact) -> Sealed:
    """Record one fact; must run inside the transaction of the change."""
    return record_all([fact])[0]


def record_all(facts: Sequence[Fact]) -> list[Sealed]:
    """Record facts in their order, in a constant number of statements."""
    sealed = ledger.append_many(
        [Draft(fact.stream, fact.kind, fact.payload(), fact.actor, fact.at) for fact in facts]
    )
    for (session_id, sitting_id), kinds in _by_session(facts).items():
        transaction.on_commit(partial(_tell, session_id, sitting_id, kinds), robust=True)
    return sealed


def _by_session(facts: Sequence[Fact]) -> dict[tuple[UUID, int], list[str]]:
    kinds: dict[tuple[UUID, int], list[str]] = {}
    for fact in facts:
        kinds.setdefault((fact.session_id, fact.sitting_id), []).append(fact.kind)
    return kinds


def _tell(session_id: UUID, sitting_id: int, kinds: list[str]) -> None:
    # An answer concerns the board only: its writer has the acknowledgement already.
    for kind in dict.fromkeys(kinds):
        if kind != "response.saved":
            hub.send(session_group(session_id), {"type": "session.changed", "what": kind})
    what = {"type": "board.changed", "session": str(session_id), "what": kinds[-1]}
    hub.send(board_group(sitting_id), what)
