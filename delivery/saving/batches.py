"""What a batch of answers meets in the database, and its writing in one statement.

Mostly nobody else changes a session while its candidate answers. So a batch is looked at without
locks, and its statement writes only where everything still stands as it was seen; what it cannot
write so is read anew behind locks. What this process saw when it wrote the last answer need not be
looked at again: it is written on in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from functools import partial
from operator import attrgetter
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import IntegrityError, connection
from django.db.models import Count
from django.utils import timezone

from delivery.facts import journal
from delivery.facts.events import Fact, ResponseSaved
from delivery.models import AssessmentSession, ItemSession, Quarantine, ResponseRevision
from delivery.queries import answers, lookups, setwise
from delivery.queries.lookups import Seen
from delivery.rules.refusals import Refusal
from delivery.saving import standings
from delivery.saving.standings import Seat
from integrity import chain, ledger, rowsets
from integrity.chain import Position
from integrity.rowsets import Composed, MovedError, Written

ROW_CHANGES: Final = (
    "revision", "response", "answered", "saved_at", "epoch", "writer", "client_seq",
)  # fmt: skip
SESSION_CHANGES: Final = ("answered", "last_save_at", "last_seen_at")
# Every other change of a session counts its version up, or is a page's that says who it is.
SESSION_STANDS: Final = ("version", "epoch", "writer", "lease_device")
WIDTH: Final = len(lookups.ITEM)
# The values of answers.SESSION and of answers.ANSWER.
_held: Final[Callable[[Seat], tuple[Any, ...]]] = attrgetter(
    "id", "version", "epoch", "writer", "lease_device", "answered"
)
_kept: Final[Callable[[Revision], tuple[Any, ...]]] = attrgetter(*answers.ANSWER)
SEQ, HASH = ledger.COLUMNS.index("seq"), ledger.COLUMNS.index("hash")
MOST_KEPT: Final = 20_000
# A session, an item in it and the key of the save.
Sent = tuple[UUID, str, str]


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


class Left(NamedTuple):
    """Where a session's last answer left it: the item, the ledger's stream and where that ended."""

    row: Row
    stream: int
    end: Position


@dataclass(slots=True)
class Aside:
    """An answer that is not accepted: its row in quarantine, and the fact if the row is new."""

    row: Quarantine
    fact: Fact
    refusal: Refusal


@dataclass(slots=True)
class Batch:
    """What one commit read first and writes last."""

    seats: dict[UUID, Seat]
    rows: dict[tuple[UUID, str], Row]
    earlier: dict[tuple[int, str, str], Revision]
    streams: dict[str, tuple[int, Position]]
    at: datetime | None
    is_locked: bool = True
    zone: tzinfo = field(default_factory=timezone.get_default_timezone)
    facts: list[Fact] = field(default_factory=list)
    revisions: list[Revision] = field(default_factory=list)
    changed: dict[int, Row] = field(default_factory=dict)


def may_look() -> bool:
    """Tell whether batches are looked at first: a transaction has its locks, SQLite one writer."""
    return rowsets.is_postgresql() and not connection.in_atomic_block


_left: Final[dict[UUID, Left]] = {}


def is_remembered(session_id: UUID, item: str) -> bool:
    """Tell whether a session's last answer of this process was to that item."""
    left = _left.get(session_id)
    return left is not None and left.row.key == item


def forget(session_id: UUID) -> None:
    """Let the next answer look: somebody knows that the session has changed."""
    _left.pop(session_id, None)


def remembered(sent: Sequence[Sent], at: datetime | None) -> Batch:
    """Remember what the last answers left, without asking anybody; raises MovedError."""
    left = _recalled(sent)
    if any(one[0] not in left for one in sent):
        raise MovedError
    return _with(Batch({}, {}, {}, {}, at, is_locked=False), left)


def recall(sent: Sequence[Sent], at: datetime | None) -> Batch:
    """Remember what the last answers left, and look at the rest; raises MovedError.

    What is recalled is forgotten: only what is written is remembered anew.
    """
    left = _recalled(sent)
    return _with(look([one for one in sent if one[0] not in left], at), left)


def _with(batch: Batch, left: Mapping[UUID, Left]) -> Batch:
    for pk, (row, stream, end) in left.items():
        batch.seats[pk] = row.seat
        batch.rows[pk, row.key] = row
        batch.streams[row.seat.stream] = (stream, end)
    return batch


def _recalled(sent: Sequence[Sent]) -> dict[UUID, Left]:
    """Return what is known of sessions that go on with the item of their last answer."""
    sessions = {session_id for session_id, _, _ in sent}
    found = {pk: left for pk in sessions if (left := _left.pop(pk, None)) is not None}
    for session_id, item, _ in sent:
        if session_id in found and found[session_id].row.key != item:
            del found[session_id]
    return found


def look(sent: Sequence[Sent], at: datetime | None) -> Batch:
    """Read what `read` does, in one statement and without locks; raises MovedError."""
    return looked(sent, lookups.seen(sent) if sent else [], at)


def looked(sent: Sequence[Sent], found: Sequence[Seen], at: datetime | None) -> Batch:
    """Return what was seen of what was sent; raises MovedError."""
    sessions = {sent[one.place][0]: one for one in found if one.session[-1] is not None}
    if any(one.stream[0] is None for one in sessions.values()):
        raise MovedError
    seats = standings.seen({pk: one.session for pk, one in sessions.items()})
    streams = {
        f"session:{pk}": (number, Position(length, head))
        for pk, (number, length, head) in ((pk, one.stream) for pk, one in sessions.items())
    }
    batch = Batch(seats, {}, {}, streams, at, is_locked=False)
    _lay_out(batch, sent, ((one.place, *one.item) for one in found if one.item[0] is not None))
    return batch


def read(sent: Sequence[Sent], at: datetime | None) -> Batch:
    """Lock the sessions and their streams, and read the items (session, item, key of the save)."""
    seats = standings.lock(sorted({session_id for session_id, _, _ in sent}))
    # Only what is asked behind the locks cannot be changed by another any more.
    streams = ledger.lock(f"session:{session_id}" for session_id in seats)
    batch = Batch(seats, {}, {}, dict(streams), at)
    _lay_out(batch, sent, lookups.answers(sent))
    return batch


def _lay_out(batch: Batch, sent: Sequence[Sent], found: Iterable[tuple[Any, ...]]) -> None:
    for place, *columns in found:
        session_id, key, _ = sent[place]
        row = batch.rows.get((session_id, key))
        if row is None:
            row = _row(batch.seats[session_id], key, columns)
            batch.rows[session_id, key] = row
        if columns[WIDTH] is not None:
            known = _earlier(row, columns[WIDTH:])
            batch.earlier[row.id, known.key, known.fingerprint] = known


def _row(seat: Seat, key: str, columns: Sequence[Any]) -> Row:
    pk, position, version, state, answered, flagged, *written = columns[:WIDTH]
    return Row(pk, key, seat, position, version, state, bool(answered), bool(flagged), *written)


def _earlier(row: Row, columns: Sequence[Any]) -> Revision:
    found: dict[str, Any] = dict(zip(lookups.EARLIER, columns, strict=True))
    found["answered"], found["in_grace"] = bool(found["answered"]), bool(found["in_grace"])
    found["received_at"] = rowsets.moment(found["received_at"])
    return Revision(row=row, **found)


def keep_aside(batch: Batch, asides: Sequence[Aside], *, most: int) -> None:
    """Keep what is refused, once, and at most so many of a session; the rows get their numbers.

    What is too much keeps none. Raises MovedError where the batch has no locks.
    """
    if not asides:
        return
    if not batch.is_locked:
        raise MovedError
    sessions = {one.row.session_id for one in asides}
    held = Quarantine.objects.filter(session__in=sessions)
    counts = dict(held.order_by().values_list("session").annotate(n=Count("pk")))
    same = held.filter(key__in={one.row.key for one in asides})
    kept = {_same(row): row for row in same.order_by("-received_at", "-pk")}
    new: dict[bytes, Aside] = {}
    for one in asides:
        session_id, sameness = one.row.session_id, _same(one.row)
        if sameness not in kept and counts.get(session_id, 0) < most:
            kept[sameness], new[sameness] = one.row, one
            counts[session_id] = counts.get(session_id, 0) + 1
    Quarantine.objects.bulk_create([one.row for one in new.values()])
    batch.facts += [one.fact for one in new.values()]
    for one in asides:
        known = kept.get(_same(one.row))
        one.row.pk = None if known is None else known.pk


def _same(row: Quarantine) -> bytes:
    return chain.canonical([str(row.session_id), row.item_key, row.key, row.value])


def write(batch: Batch) -> None:
    """Write the facts of a batch, the answers that it kept and what they changed.

    Raises MovedError where something has moved since it was seen; then nothing is written.
    """
    if not batch.facts:
        return
    try:
        _write(batch)
    except IntegrityError as error:
        if batch.is_locked:
            raise
        # The same save was written meanwhile, or before what was recalled.
        raise MovedError from error
    if not batch.is_locked:
        remember(batch)


def composed(batch: Batch) -> Composed:
    """Return what `write` writes of an unlocked batch; whoever has run it remembers the batch."""
    return rowsets.compose(partial(_write, batch))


def _write(batch: Batch) -> None:
    with rowsets.as_one():
        if _is_one_each(batch):
            _write_each(batch)
        else:
            _write_all(batch)
        journal.came_late(
            [(one.row.seat.id, one.row.key, one.revision) for one in batch.revisions if one.is_late]
        )


def _is_one_each(batch: Batch) -> bool:
    """Tell whether a batch without locks has an answer to each of its sessions and nothing else."""
    count = len(batch.revisions)
    streams = {one.row.seat.stream for one in batch.revisions}
    return not batch.is_locked and count == len(streams) == len(batch.facts)


def _write_each(batch: Batch) -> None:
    """Write an answer to each session: its item, its entry and its session are all of one row."""
    pairs = sorted(zip(batch.revisions, batch.facts, strict=True), key=_stream_of)
    entries = journal.seal_each([fact for _, fact in pairs], batch.streams)
    rows = []
    for (one, _fact), entry in zip(pairs, entries, strict=True):
        one.ledger_seq, one.ledger_head = entry[SEQ], entry[HASH]
        rows.append((*_held(one.row.seat), *_kept(one), *entry))
    answers.write(rows, _sittings([one.row.seat for one, _ in pairs]))


def _stream_of(pair: tuple[Revision, Fact]) -> str:
    return pair[0].row.seat.stream


def _sittings(seats: Iterable[Seat]) -> dict[int, tuple[Any, ...]]:
    return {one.standing.sitting_id: one.sitting for one in seats}


def _write_all(batch: Batch) -> None:
    # Sessions before streams, as everybody locks them.
    touched = {row.seat.id: row.seat for row in batch.changed.values()}
    seats = [touched[pk] for pk in sorted(touched)]
    setwise.update_standing(seats, SESSION_CHANGES, SESSION_STANDS, AssessmentSession)
    if not batch.is_locked:
        lookups.sittings_stand(_sittings(seats))
    sealed = journal.record_all(batch.facts, batch.streams)
    saved = (
        seal for fact, seal in zip(batch.facts, sealed, strict=True) if type(fact) is ResponseSaved
    )
    for revision, seal in zip(batch.revisions, saved, strict=True):
        revision.ledger_seq, revision.ledger_head = seal.seq, seal.head
    setwise.insert(batch.revisions, ResponseRevision)
    setwise.update(batch.changed.values(), ROW_CHANGES, ItemSession)


def remember(batch: Batch) -> None:
    """Keep where the sessions are now; an answer's fact is the last of its stream."""
    if len(_left) + len(batch.revisions) > MOST_KEPT:
        _left.clear()
    for one in batch.revisions:
        row, stream = one.row, batch.streams[one.row.seat.stream][0]
        row.response = Written()
        _left[row.seat.id] = Left(row, stream, Position(one.ledger_seq, one.ledger_head))
