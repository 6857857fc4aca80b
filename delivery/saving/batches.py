"""What a batch of answers meets in the database: read behind locks, written in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Final
from uuid import UUID

from django.utils import timezone

from delivery.facts import journal
from delivery.facts.events import Fact, ResponseSaved
from delivery.models import AssessmentSession, ItemSession, ResponseRevision
from delivery.queries import lookups, setwise
from delivery.saving import standings
from delivery.saving.standings import Seat
from integrity import ledger, rowsets
from integrity.ledger import Locked
from integrity.rowsets import Written

ROW_CHANGES: Final = (
    "revision", "response", "answered", "saved_at", "epoch", "writer", "client_seq",
)  # fmt: skip
SESSION_CHANGES: Final = ("answered", "last_save_at", "last_seen_at")
WIDTH: Final = len(lookups.ITEM)


@dataclass(slots=True)
class Row:
    """What a save asks of an item session, and changes of it."""

    id: int
    key: str
    seat: Seat
    position: int
    item_version_id: int
    state: str
    answered: bool
    flagged: bool
    revision: int
    epoch: int
    writer: str
    client_seq: int
    response: Written = field(default=Written())
    saved_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Revision:
    """An answer that was acknowledged before, or will be when this batch is committed."""

    row: Row
    key: str
    revision: int
    client_seq: int
    answered: bool
    in_grace: bool
    received_at: datetime
    fingerprint: str = ""
    ledger_seq: int = 0
    ledger_head: str = ""
    value: Written = field(default=Written())
    salt: str = ""
    digest: str = ""
    epoch: int = 0
    writer: str = ""
    elapsed_ms: int = 0

    @property
    def item_session_id(self) -> int:
        return self.row.id

    @property
    def is_late(self) -> bool:
        """Tell whether another page holds the lease by now than the one that sent this."""
        return self.row.seat.writer not in ("", self.writer)


@dataclass(slots=True)
class Batch:
    """What one commit read first and writes last."""

    seats: dict[UUID, Seat]
    rows: dict[tuple[UUID, str], Row]
    earlier: dict[tuple[int, str, str], Revision]
    streams: Locked
    at: datetime | None
    zone: tzinfo = field(default_factory=timezone.get_current_timezone)
    facts: list[Fact] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    changed: dict[int, Row] = field(default_factory=dict)


def read(sent: Sequence[tuple[UUID, str, str]], at: datetime | None) -> Batch:
    """Lock the sessions and their streams, and read the items (session, item, key of the save)."""
    seats = standings.lock(sorted({session_id for session_id, _, _ in sent}))
    # Only what is asked behind the locks cannot be changed by another any more.
    streams = ledger.lock(f"session:{session_id}" for session_id in seats)
    batch = Batch(seats, {}, {}, streams, at)
    for place, *columns in lookups.answers(sent):
        session_id, key, _ = sent[place]
        row = batch.rows.get((session_id, key))
        if row is None:
            row = _row(seats[session_id], key, columns)
            batch.rows[session_id, key] = row
        if columns[WIDTH] is not None:
            known = _earlier(row, columns[WIDTH:])
            batch.earlier[row.id, known.key, known.fingerprint] = known
    return batch


def _row(seat: Seat, key: str, columns: Sequence[Any]) -> Row:
    pk, position, version, state, answered, flagged, *written = columns[:WIDTH]
    return Row(pk, key, seat, position, version, state, bool(answered), bool(flagged), *written)


def _earlier(row: Row, columns: Sequence[Any]) -> Revision:
    found: dict[str, Any] = dict(zip(lookups.EARLIER, columns, strict=True))
    found["answered"], found["in_grace"] = bool(found["answered"]), bool(found["in_grace"])
    found["received_at"] = rowsets.moment(found["received_at"])
    return Revision(row=row, **found)


def write(batch: Batch) -> None:
    """Write the facts of a batch, the answers that it kept and what they changed."""
    if not batch.facts:
        return
    with rowsets.as_one():
        sealed = journal.record_all(batch.facts, batch.streams)
        saved = (
            seal
            for fact, seal in zip(batch.facts, sealed, strict=True)
            if type(fact) is ResponseSaved
        )
        for revision, seal in zip(batch.revisions, saved, strict=True):
            revision.ledger_seq, revision.ledger_head = seal.seq, seal.head
        if not batch.revisions:
            return
        setwise.insert(batch.revisions, ResponseRevision)
        setwise.update(batch.changed.values(), ROW_CHANGES, ItemSession)
        touched = {row.seat.id: row.seat for row in batch.changed.values()}
        setwise.update(touched.values(), SESSION_CHANGES, AssessmentSession)
    late = [(one.row.seat.id, one.row.key, one.revision) for one in batch.revisions if one.is_late]
    if late:
        journal.came_late(late)
