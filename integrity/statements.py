"""Statements of PostgreSQL that are prepared once a connection: a thread's, which return nothing,
and a loop's.

psycopg's cursors read a statement for its parameters again and again where it is as long as ours,
and wait for its answer in Python.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import psycopg
from psycopg.adapt import Transformer
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

Rows = list[tuple[Any, ...]]
# Is told the error of a statement, or None, and the rows that it returned.
Then = Callable[[psycopg.Error | None, Rows], None]
AnyConnection = psycopg.Connection[Any] | psycopg.AsyncConnection[Any]


class _Names:
    """The names of what a connection has prepared."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}
        self._count = 0

    def known(self, sql: str) -> bytes | None:
        return self._known.get(sql)

    def new(self) -> bytes:
        self._count += 1
        return b"invigil_%d" % self._count

    def keep(self, sql: str, name: bytes) -> None:
        self._known[sql] = name

    def forget(self) -> None:
        self._known.clear()


class Statements:
    """A thread's, as a cursor of Django's."""

    # Django's log of queries asks for it.
    _query = None

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self._raw = raw
        self._names = _Names()
        self.rowcount = -1

    def execute(self, sql: str, values: Sequence[Any]) -> None:
        """Run a statement; raises psycopg.Error."""
        texts = _texts(values)
        try:
            self._run(sql, texts)
        except psycopg.errors.InvalidSqlStatementName:
            # After a rollback psycopg lets go of all that is prepared, ours with its own.
            self._names.forget()
            self._run(sql, texts)

    def _run(self, sql: str, texts: list[bytes]) -> None:
        name = self._names.known(sql) or self._prepared(sql)
        self.rowcount = _count(self._raw.pgconn.exec_prepared(name, texts), self._raw)

    def _prepared(self, sql: str) -> bytes:
        name = self._names.new()
        _count(self._raw.pgconn.prepare(name, _numbered(sql)), self._raw)
        self._names.keep(sql, name)
        return name

    def close(self) -> None:
        """Stay: what is prepared lives as long as the connection."""


class LoopStatements:
    """A loop's, which goes on while the server works; one statement at a time."""

    def __init__(self, raw: psycopg.AsyncConnection[Any]) -> None:
        self._raw = raw
        self._names = _Names()
        self._loop = asyncio.get_running_loop()
        self._fd = raw.fileno()
        self._then: Then | None = None
        self._error: psycopg.Error | None = None
        self._rows: Rows = []
        self._loop.add_reader(self._fd, self._read)

    @property
    def is_lost(self) -> bool:
        return self._raw.closed

    def execute(self, sql: str, values: Sequence[Any], then: Then) -> None:
        """Run a statement, and call `then` when it is committed, or with its error."""
        try:
            texts = _texts(values)
        except UnicodeEncodeError as error:
            # Whoever asked is told: nobody waits for what was never sent.
            then(psycopg.DataError(str(error)), [])
            return
        name = self._names.known(sql)
        if name is not None:
            self._send(partial(self._raw.pgconn.send_query_prepared, name, texts), then)
            return
        name = self._names.new()

        def prepared(error: psycopg.Error | None, _rows: Rows) -> None:
            if error is not None:
                then(error, [])
                return
            self._names.keep(sql, name)
            self.execute(sql, values, then)

        self._send(partial(self._raw.pgconn.send_prepare, name, _numbered(sql)), prepared)

    def _send(self, send: Callable[[], None], then: Then) -> None:
        self._then, self._error, self._rows = then, None, []
        try:
            send()
            self._flush()
        except psycopg.Error as error:
            self._raw.pgconn.finish()
            self._end(error)

    def _flush(self) -> None:
        if self._raw.pgconn.flush():
            self._loop.add_writer(self._fd, self._write)

    def _write(self) -> None:
        try:
            if not self._raw.pgconn.flush():
                self._loop.remove_writer(self._fd)
        except psycopg.Error as error:
            self._raw.pgconn.finish()
            self._end(error)

    def _read(self) -> None:
        pgconn = self._raw.pgconn
        try:
            pgconn.consume_input()
        except psycopg.Error as error:
            # Whatever it is, what comes next cannot be told from what was asked before.
            pgconn.finish()
            self._end(error)
            return
        while not pgconn.is_busy():
            result = pgconn.get_result()
            if result is None:
                self._end(self._error)
                return
            self._take(result)

    def _take(self, result: PGresult) -> None:
        try:
            _count(result, self._raw)
            if result.nfields:
                read = Transformer(self._raw)
                read.set_pgresult(result)
                self._rows = read.load_rows(0, result.ntuples, tuple)
        except psycopg.errors.InvalidSqlStatementName as error:
            self._names.forget()
            self._error = error
        except psycopg.Error as error:
            self._error = error

    def _end(self, error: psycopg.Error | None) -> None:
        if self.is_lost:
            self._forget()
        then, self._then = self._then, None
        if then is not None:
            then(error, self._rows)

    def _forget(self) -> None:
        self._loop.remove_reader(self._fd)
        self._loop.remove_writer(self._fd)

    async def close(self) -> None:
        self._forget()
        await self._raw.close()


def _texts(values: Sequence[Any]) -> list[bytes]:
    return [str(value).encode() for value in values]


def _numbered(sql: str) -> bytes:
    """Return a statement with numbers for its parameters, as the server names them."""
    first, *others = sql.split("%s")
    return "".join((first, *(f"${n}{part}" for n, part in enumerate(others, start=1)))).encode()


def _count(result: PGresult, raw: AnyConnection) -> int:
    """Return how many rows a statement changed, -1 where it says nothing; raises its error."""
    if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        if raw.closed:
            raise psycopg.OperationalError(result.get_error_message())
        raise psycopg.errors.error_from_result(result)
    found = result.command_tuples
    return -1 if found is None else found
