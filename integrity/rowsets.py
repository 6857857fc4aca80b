"""Sets of rows in one statement; PostgreSQL gets them as one array a column and plans once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from integrity.statements import Statements

_MOMENTS: Final = psycopg.adapters.get_loader(
    psycopg.adapters.types["timestamptz"].oid, psycopg.pq.Format.TEXT
)
NEVER_UNASKED: Final = 2**31
_NULL: Final = "NULL"
_NONE: Final = str(None)
# No text of the database has it.
_BETWEEN: Final = "\0"
_NEXT: Final = '","'
# What these are written as holds nothing to escape.
_PLAIN: Final = frozenset(
    {
        "bigint", "integer", "smallint", "uuid", "boolean", "double precision", "timestamptz",
        "timestamp with time zone",
    }
)  # fmt: skip
_encoded = json.JSONEncoder(ensure_ascii=False).encode


class _Prepared(psycopg.Cursor[Any]):
    """Lets the server parse and plan a statement once for each connection."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__(connection)
        # Django's loader is Python and gives its own time zone; the connection's is UTC anyway.
        if _MOMENTS is not None:
            self.adapters.register_loader("timestamptz", _MOMENTS)

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, prepare=True, **options)

    def close(self) -> None:
        """Wait for the next statement: making a cursor costs as much as a short one."""
        here = _at_hand.get(connections[DEFAULT_DB_ALIAS])
        if here is not None and here.raw is self.connection and self not in here.idle:
            here.idle.append(self)


@dataclass(slots=True)
class _AtHand:
    """What one connection has ready for the next statement; a new connection begins anew."""

    raw: Any
    statements: Statements
    idle: list[_Prepared] = field(default_factory=list)


_at_hand: WeakKeyDictionary[BaseDatabaseWrapper, _AtHand] = WeakKeyDictionary()


def cursor() -> CursorWrapper:
    """Return a cursor for statements whose text is always the same."""
    database: Any = connections[DEFAULT_DB_ALIAS]
    if not is_postgresql():
        return database.cursor()  # type: ignore[no-any-return]
    here = _here_of(database)
    found = here.idle.pop() if here.idle else _Prepared(here.raw)
    # So that it counts and logs as Django's own cursors do.
    return database._prepare_cursor(found)  # type: ignore[no-any-return]  # noqa: SLF001


def _here_of(database: Any) -> _AtHand:
    database.ensure_connection()
    here = _at_hand.get(database)
    if here is None or here.raw is not database.connection:
        raw = database.connection
        here = _at_hand[database] = _AtHand(raw, Statements(raw))
        # Django lets nothing be prepared, not even what asks for it; and nothing else shall be.
        raw.prepare_threshold = NEVER_UNASKED
    return here


def _writer(values: Sequence[Any]) -> CursorWrapper:
    """Return a cursor for a statement that returns nothing, and these values of it."""
    database: Any = connections[DEFAULT_DB_ALIAS]
    # It is psycopg that begins a transaction, and knows how nothing is written.
    if not is_postgresql() or database.in_atomic_block or None in values:
        return cursor()
    return database._prepare_cursor(_here_of(database).statements)  # type: ignore[no-any-return]  # noqa: SLF001


class MovedError(Exception):
    """Rows were no longer as they had to be, and so nothing was written."""


@dataclass(frozen=True, slots=True)
class _Write:
    """A statement; `must` is how many rows it finds, and `changes` whether it writes them."""

    sql: str
    values: Sequence[Any]
    must: int | None
    changes: bool = True


@dataclass(slots=True)
class _Gathered:
    """What waits on a connection for the end of its `as_one`; `shared` is a source of them all."""

    shared: tuple[str, list[Any]] = ("", [])
    writes: list[_Write] = field(default_factory=list)
    calls: list[Callable[[], object]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Composed:
    """A statement that is yet to be run, and what is called when it is committed."""

    sql: str
    values: Sequence[Any]
    calls: Sequence[Callable[[], object]]


class _Here(threading.local):
    """What is gathered now; each thread has its own connection."""

    gathered: _Gathered | None = None
    composed: list[Composed] | None = None


_here: Final = _Here()


@cache
def is_postgresql() -> bool:
    """Tell which database it is: asked with every statement, and Django's way to it is long."""
    return connections[DEFAULT_DB_ALIAS].vendor == "postgresql"


@contextmanager
def as_one() -> Iterator[None]:
    """Send what is written within as one statement: each costs both sides a turn.

    The writes see nothing of each other, so no two of them may touch the same row; those that
    must find their rows are done first, in their order. What fails is raised at the end. Outside
    a transaction the statement is one. Another database than PostgreSQL gets each at once.
    """
    if not is_postgresql():
        yield
        return
    gathered = _here.gathered = _Gathered()
    try:
        yield
    finally:
        _here.gathered = None
    writes = gathered.writes
    if len(writes) > 1 or gathered.shared[0]:
        writes = [_joined(writes, *gathered.shared)]
    if _here.composed is not None:
        _here.composed += [Composed(one.sql, one.values, gathered.calls) for one in writes]
        return
    for one in writes:
        _write(one)
    for call in gathered.calls:
        transaction.on_commit(call, robust=True)


def compose(write: Callable[[], object]) -> Composed:
    """Return what `write` writes in its `as_one`, instead of running it; PostgreSQL's.

    Whoever runs it outside a transaction has it whole or not at all.
    """
    composed = _here.composed = []
    try:
        write()
    finally:
        _here.composed = None
    (one,) = composed
    return one


def _joined(writes: Sequence[_Write], shared: str, values: Sequence[Any]) -> _Write:
    given = [*values, *(value for one in writes for value in one.values)]
    musts = [one.must for one in writes if one.must is not None]
    parts = tuple((one.sql, one.changes, one.must is not None) for one in writes)
    return _Write(_joined_text(shared, parts), given + musts, None)


@lru_cache(maxsize=256)
def _joined_text(shared: str, parts: Sequence[tuple[str, bool, bool]]) -> str:
    named = ", ".join(
        f"w{number} AS ({sql}{' RETURNING 1' if changes and must else ''})"
        for number, (sql, changes, must) in enumerate(parts)
    )
    begun = f"{shared}, {named}" if shared else f"WITH {named}"
    musts = [number for number, (_sql, _changes, must) in enumerate(parts) if must]
    if not musts:
        return f"{begun} SELECT"
    counts = " AND ".join(f"(SELECT count(*) FROM w{number}) = %s" for number in musts)  # noqa: S608
    # It raises: outside a transaction nothing else would take back what is written.
    return f"{begun} SELECT integrity_must_stand({counts})"


def share(columns: Sequence[str], kinds: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Send rows once for all writes of this `as_one`, which read them as `new`; PostgreSQL's."""
    assert _here.gathered is not None
    _here.gathered.shared = source(columns, kinds, rows)


def is_one() -> bool:
    """Tell whether what is written now goes as one statement."""
    return _here.gathered is not None


def afterwards(call: Callable[[], object]) -> None:
    """Call when what is being written is committed; an error of it is logged."""
    gathered = _here.gathered
    if gathered is None:
        transaction.on_commit(call, robust=True)
    else:
        gathered.calls.append(call)


def write(sql: str, values: Sequence[Any], must: int | None = None) -> None:
    """Run a statement that returns nothing and whose text is always the same.

    `must` is how many rows it has to find; raises MovedError, on PostgreSQL, where it does not.
    """
    _ask(_Write(sql, values, must))


def check(sql: str, values: Sequence[Any], must: int) -> None:
    """Look whether a question that selects 1 for each row still finds so many; see `write`."""
    _ask(_Write(sql, values, must, changes=False))


def _ask(asked: _Write) -> None:
    gathered = _here.gathered
    if gathered is None:
        _write(asked)
    else:
        gathered.writes.append(asked)


def _write(asked: _Write) -> None:
    try:
        with _writer(asked.values) as used:
            used.execute(asked.sql, asked.values)
            # SQLite does not count what follows a WITH; it has one writer.
            if asked.must is not None and 0 <= used.rowcount != asked.must:
                raise MovedError
    except OperationalError as error:
        if isinstance(error.__cause__, psycopg.errors.SerializationFailure):
            raise MovedError from error
        raise


def moment(value: datetime) -> datetime:
    """Return an instant as it is meant: SQLite keeps them in UTC without saying so."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def any_of(column: str, values: Sequence[Any], kind: str) -> tuple[str, list[Any]]:
    """Return a condition that a column has one of the values, and its arguments."""
    if is_postgresql():
        return f"{column} = ANY(%s::{kind}[])", [array(values, kind)]
    return f"{column} IN ({_marks(len(values))})", list(values)


def source(
    columns: Sequence[str], kinds: Sequence[str], rows: Iterable[Sequence[Any]]
) -> tuple[str, list[Any]]:
    """Return `WITH new(...) AS (...)` over the rows, and its arguments.

    `kinds` are PostgreSQL's names of the columns' types. A value of JSON is a value there, and
    text for other databases.
    """
    if is_postgresql():
        arrays = map(array, zip(*rows, strict=True), kinds)
        return _unnested(tuple(columns), tuple(kinds)), list(arrays)
    flat = list(rows)
    marks = ",".join([f"({_marks(len(columns))})"] * len(flat))
    values = [value for row in flat for value in row]
    return f"WITH new({_names(columns)}) AS (VALUES {marks})", values


@lru_cache(maxsize=256)
def _unnested(columns: tuple[str, ...], kinds: tuple[str, ...]) -> str:
    arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
    return f"WITH new AS (SELECT * FROM unnest({arrays}) AS sent({_names(columns)}))"  # noqa: S608


class Written(str):
    """A value of JSON that is text already."""

    __slots__ = ()


def array(values: Sequence[Any], kind: str) -> str:
    """Return PostgreSQL's text of an array; written here, for a library adapts value by value."""
    if kind in _PLAIN:
        written = ",".join(map(str, values))
        return f"{{{written}}}" if _NONE not in written else _nullable(values)
    if kind == "jsonb":
        values = [one if one is None else _json(one) for one in values]
    try:
        joined = _BETWEEN.join(values)
    except TypeError:  # nearly always they are texts
        if None in values:
            return _nullable(values)
        values = list(map(str, values))
        joined = _BETWEEN.join(values)
    if joined.count(_BETWEEN) != len(values) - 1:
        # None at all, or one that the database refuses.
        return f"{{{','.join(map(_quote, values))}}}"
    # The whole column at once: nearly always there is nothing to escape.
    return f"{{{_quote(joined).replace(_BETWEEN, _NEXT)}}}"


def _nullable(values: Sequence[Any]) -> str:
    return f"{{{','.join(_NULL if one is None else _quote(str(one)) for one in values)}}}"


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _json(value: Any) -> str:
    return value if type(value) is Written else _encoded(value)


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _marks(count: int) -> str:
    return ",".join(["%s"] * count)
