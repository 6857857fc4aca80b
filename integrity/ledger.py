"""The ledger: append facts to streams, read them, verify them, export them; the only writer."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef
from django.db.transaction import TransactionManagementError

from integrity import chain, rowsets
from integrity.chain import Break, BreakKind, Entry, Payload, Position
from integrity.models import LedgerEntry, LedgerStream

# SQLite takes 32,766 values in one statement; an entry has eight.
ROWS_PER_STATEMENT = 1_000
CHUNK = 2_000

# Spelled out because they run with every answer: the same by the ORM takes four times as long.
SELECT = "SELECT name, id, length, head FROM integrity_ledgerstream"
COLUMNS = ("stream_id", "seq", "kind", "at_ms", "actor", "payload", "prev", "hash")
KINDS = ("bigint", "bigint", "text", "bigint", "text", "text", "text", "text")
INSERT = f" INSERT INTO integrity_ledgerentry ({', '.join(COLUMNS)}) SELECT * FROM new"  # noqa: S608
MOVED = ("id", "head", "length", "before")
MOVED_KINDS = ("bigint", "text", "bigint", "text")
MOVE_HEADS = (
    " UPDATE integrity_ledgerstream SET head = new.head, length = new.length "
    "FROM new WHERE integrity_ledgerstream.id = new.id AND integrity_ledgerstream.head = new.before"
)
# The same where `new` has more than these columns, and one entry a stream: then that is its head.
INSERT_EACH = INSERT.replace("SELECT *", f"SELECT {', '.join(COLUMNS)}")
MOVE_EACH = (
    " UPDATE integrity_ledgerstream SET head = new.hash, length = new.seq "
    "FROM new WHERE integrity_ledgerstream.id = new.stream_id "
    "AND integrity_ledgerstream.head = new.prev"
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A fact before it has its place; `at` is aware."""

    stream: str
    kind: str
    payload: Payload
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Sealed:
    """Where a fact went: `head` is its hash and, at that moment, the stream's head."""

    stream: str
    seq: int
    head: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk along a stream found."""

    stream: str
    entries: int
    broken: Break | None

    @property
    def is_whole(self) -> bool:
        return self.broken is None


# The number of a stream and where it stands, by its name.
Locked = Mapping[str, tuple[int, Position]]
Progress = Callable[[int], object]  # called with the number of entries walked since the last call


def append(*, stream: str, kind: str, payload: Payload, actor: str, at: datetime) -> Sealed:
    """Append one fact in the caller's transaction; raises PayloadError."""
    return append_many([Draft(stream, kind, payload, actor, at)])[0]


def append_many(drafts: Sequence[Draft], streams: Locked | None = None) -> list[Sealed]:
    """Append facts in the caller's transaction, in three statements however many they are.

    The streams stay locked until the transaction ends, taken in the order of their names;
    a stream that is not there yet costs two more statements. Results come in the order of
    `drafts`, and so do the entries within each stream. `streams` are those that the caller has
    locked, or has seen and writes as one statement: then it raises MovedError where one has
    moved. Raises PayloadError, and then nothing was written.
    """
    if not (connection.in_atomic_block or rowsets.is_one()):
        raise TransactionManagementError("The ledger is written with the change that it records.")
    if not drafts:
        return []
    names = sorted({draft.stream for draft in drafts})
    if streams is None or any(name not in streams for name in names):
        streams = _lock(names)
    ids = {name: stream_id for name, (stream_id, _) in streams.items()}
    positions = {name: streams[name][1] for name in names}
    entries = [_seal(draft, positions) for draft in drafts]
    _move_heads(ids, {name: streams[name][1] for name in names}, positions)
    _insert(ids, entries)
    return [Sealed(entry.stream, entry.seq, entry.hash) for entry in entries]


def seal_each(drafts: Sequence[Draft], streams: Locked) -> list[tuple[Any, ...]]:
    """Return the entries of facts that each have a stream of their own, as COLUMNS.

    They are written by `write_each`, with whatever else the caller's statement shares with them.
    """
    sealed = []
    for draft in drafts:
        stream_id, position = streams[draft.stream]
        entry = _seal(draft, {draft.stream: position})
        sealed.append((stream_id, *entry[1:]))
    return sealed


def write_each(count: int) -> None:
    """Write the entries that stand in what is shared; PostgreSQL's, see `rowsets.share`.

    Raises MovedError where a stream has moved.
    """
    rowsets.write(MOVE_EACH, [], must=count)
    rowsets.write(INSERT_EACH, [])


def lock(names: Iterable[str]) -> Locked:
    """Lock those of the streams that are there, in the order of their names."""
    mark = "FOR UPDATE" if connection.features.has_select_for_update else ""
    which, values = rowsets.any_of("name", sorted(names), "text")
    with rowsets.cursor() as cursor:
        cursor.execute(f"{SELECT} WHERE {which} ORDER BY name {mark}", values)
        rows = cursor.fetchall()
    return {name: (id_, Position(length, head)) for name, id_, length, head in rows}


def _lock(names: list[str]) -> Locked:
    found = lock(names)
    if len(found) < len(names):
        LedgerStream.objects.bulk_create(
            [LedgerStream(name=name) for name in names if name not in found],
            ignore_conflicts=True,
        )
        found = lock(names)
    return found


def _seal(draft: Draft, positions: dict[str, Position]) -> Entry:
    entry = chain.seal(
        positions[draft.stream],
        stream=draft.stream,
        kind=draft.kind,
        at_ms=chain.milliseconds(draft.at),
        actor=draft.actor,
        payload=draft.payload,
    )
    positions[draft.stream] = Position(entry.seq, entry.hash)
    return entry


def _insert(ids: dict[str, int], entries: list[Entry]) -> None:
    for start in range(0, len(entries), ROWS_PER_STATEMENT):
        some = entries[start : start + ROWS_PER_STATEMENT]
        rows = [(ids[entry.stream], *entry[1:]) for entry in some]
        new, values = rowsets.source(COLUMNS, KINDS, rows)
        rowsets.write(new + INSERT, values)


def _move_heads(
    ids: dict[str, int], begins: dict[str, Position], ends: dict[str, Position]
) -> None:
    rows = [(ids[name], end.hash, end.seq, begins[name].hash) for name, end in ends.items()]
    for start in range(0, len(rows), ROWS_PER_STATEMENT):
        some = rows[start : start + ROWS_PER_STATEMENT]
        new, values = rowsets.source(MOVED, MOVED_KINDS, some)
        rowsets.write(new + MOVE_HEADS, values, must=len(some))


def head(stream: str) -> Sealed | None:
    """Return the last entry's place, or None where nothing was ever recorded."""
    found = LedgerStream.objects.filter(name=stream, length__gt=0).first()
    return Sealed(stream, found.length, found.head) if found else None


def read(stream: str, *, after: int = 0, limit: int | None = None) -> list[Entry]:
    """Return entries in order, those behind number `after`, at most `limit`."""
    return list(entries(stream, after=after, limit=limit))


def entries(stream: str, *, after: int = 0, limit: int | None = None) -> Iterator[Entry]:
    """Yield what `read` returns, a chunk at a time."""
    rows = LedgerEntry.objects.filter(stream__name=stream, seq__gt=after).order_by("seq")
    found = rows.values_list("seq", "kind", "at_ms", "actor", "payload", "prev", "hash")[:limit]
    return (Entry(stream, *row) for row in found.iterator(CHUNK))


def export(stream: str) -> Iterator[str]:
    """Yield the stream as JSON Lines, each line canonical and ended."""
    return (f"{entry.to_json()}\n" for entry in entries(stream))


def verify(stream: str) -> Verdict:
    """Walk one stream from its beginning to its head."""
    verdicts = list(verify_all(streams=[stream]))
    return verdicts[0] if verdicts else Verdict(stream, 0, None)


def verify_all(
    progress: Progress | None = None, *, streams: Sequence[str] | None = None
) -> Generator[Verdict]:
    """Yield a verdict per stream, or per stream named, holding one chunk of entries in memory.

    One statement reads heads and entries together: it sees one moment, so that appending
    goes on meanwhile and is never mistaken for a break.
    """
    rows = LedgerStream.objects.all()
    if streams is not None:
        rows = rows.filter(name__in=streams)
    found: Iterator[tuple[Any, ...]] = rows.order_by("id", "entries__seq").values_list(
        "id", "name", "length", "head",
        "entries__seq", "entries__kind", "entries__at_ms", "entries__actor",
        "entries__payload", "entries__prev", "entries__hash",
    ).iterator(CHUNK)  # fmt: skip
    for (_, name, length, end), group in groupby(found, lambda row: row[:4]):
        walked = (Entry(name, *row[4:]) for row in group if row[4] is not None)
        yield _walk(name, Position(length, end), walked, progress)
    if streams is None:
        yield from _orphans()


def _walk(name: str, end: Position, walked: Iterable[Entry], progress: Progress | None) -> Verdict:
    walk = chain.Walk(name)
    count = told = 0
    for count, entry in enumerate(walked, start=1):
        walk.take(entry)
        if progress and count - told == CHUNK:
            progress(CHUNK)
            told = count
    if progress:
        progress(count - told)
    return Verdict(name, count, walk.end(end))


def _orphans() -> Iterator[Verdict]:
    stream = LedgerStream.objects.filter(pk=OuterRef("stream_id"))
    rows = LedgerEntry.objects.filter(~Exists(stream)).order_by("stream_id", "seq")
    found = rows.values_list("stream_id", "seq").iterator(CHUNK)
    for stream_id, group in groupby(found, lambda row: row[0]):
        numbers = [seq for _, seq in group]
        broken = Break(BreakKind.ORPHANED, numbers[0])
        yield Verdict(f"(removed stream {stream_id})", len(numbers), broken)
