"""What a batch of answers asks of the database, in statements that are built once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from delivery.models import AssessmentSession
from delivery.queries.prepared import Prepared
from integrity import rowsets

# What an answer asks of a session; the plan is read once a process.
ASKED: Final = (
    "id", "sitting_id", "state", "created_at", "started_at", "finished_at", "scored_at",
    "base_ms", "time_multiplier", "fixed_ms", "unlimited", "adjusted_ms", "paused_ms", "window_ms",
    "paused_at", "paused_by", "timing", "position", "since", "ended_parts", "closed_scopes",
    "epoch", "writer", "lease_device", "answered",
)  # fmt: skip
# The columns of the item, then of what was saved there before under the same key, if anything was.
ITEM: Final = (
    "id", "position", "item_version_id", "state", "answered", "flagged", "revision", "epoch",
    "writer", "client_seq",
)  # fmt: skip
EARLIER: Final = (
    "key", "fingerprint", "revision", "client_seq", "answered", "in_grace", "received_at",
    "ledger_seq", "ledger_head",
)  # fmt: skip
_SENT: Final = (("n", "session_id", "item", "key"), ("integer", "uuid", "text", "text"))
# The items are found first: the planner would look for what was saved there by the item alone, and
# read all that was ever saved there.
_ANSWERS: Final = (
    ", found AS {materialized} ("  # noqa: S608  (our own names)
    f"SELECT new.n, new.key AS sent, {', '.join(f'i.{name}' for name in ITEM)} FROM new"
    " JOIN delivery_itemsession i ON i.session_id = new.session_id AND i.key = new.item)"
    f" SELECT found.n, {', '.join(f'found.{name}' for name in ITEM)},"
    f" {', '.join(f'r.{name}' for name in EARLIER)} FROM found"
    " LEFT JOIN delivery_responserevision r ON r.item_session_id = found.id AND r.key = found.sent"
)
Found = list[tuple[Any, ...]]


def _locked(session_ids: list[UUID]) -> QuerySet[AssessmentSession]:
    found = AssessmentSession.objects.filter(pk__in=session_ids)
    return found.select_for_update().order_by("pk").only(*ASKED)


def answers(sent: Sequence[tuple[UUID, str, str]]) -> Callable[[], Found]:
    """Ask for the items (session, item, key of the save) and for what was saved there before.

    A row is the place in `sent`, the columns of ITEM and those of EARLIER; an item has as many rows
    as there were saves under the key, and at least one.
    """
    postgresql = connection.vendor == "postgresql"
    rows: list[tuple[Any, ...]] = [
        (n, pk if postgresql else pk.hex, item, key) for n, (pk, item, key) in enumerate(sent)
    ]
    new, values = rowsets.source(*_SENT, rows)
    answers = _ANSWERS.format(materialized="MATERIALIZED" if postgresql else "")
    cursor = rowsets.cursor()
    cursor.execute(new + answers, values)

    def found() -> Found:
        with cursor:
            return list(cursor.fetchall())

    return found


SESSIONS: Final = Prepared(_locked, [UUID(int=1)])
