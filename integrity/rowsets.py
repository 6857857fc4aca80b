"""Sets of rows in one statement; PostgreSQL gets them as one JSON text, so that it plans once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.utils import CursorWrapper


class _Prepared(psycopg.Cursor[Any]):
    """Lets the server parse and plan a statement once for each connection."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return super().execute(query, params, prepare=True, **options)


def cursor() -> CursorWrapper:
    """Return a cursor for statements whose text is always the same."""
    if connection.vendor != "postgresql":
        return connection.cursor()
    connection.ensure_connection()
    database: Any = connection
    # So that it closes, counts and logs as Django's own cursors do.
    wrapped: CursorWrapper = database._prepare_cursor(_Prepared(database.connection))  # noqa: SLF001
    return wrapped


def any_of(column: str, values: Sequence[Any], kind: str) -> tuple[str, list[Any]]:
    """Return a condition that a column has one of the values, and its arguments."""
    if connection.vendor == "postgresql":
        return f"{column} = ANY(%s::{kind}[])", [list(values)]
    return f"{column} IN ({_marks(len(values))})", list(values)


def source(
    columns: Sequence[str], kinds: Sequence[str], rows: Iterable[Sequence[Any]]
) -> tuple[str, list[Any]]:
    """Return `WITH new(...) AS (...)` over the rows, and its arguments.

    `kinds` are PostgreSQL's names of the columns' types. A value of JSON is a value there, and
    text for other databases.
    """
    if connection.vendor == "postgresql":
        listed = [dict(zip(columns, row, strict=True)) for row in rows]
        return _recordset(tuple(columns), tuple(kinds)), [json.dumps(listed, default=str)]
    flat = list(rows)
    marks = ",".join([f"({_marks(len(columns))})"] * len(flat))
    values = [value for row in flat for value in row]
    return f"WITH new({_names(columns)}) AS (VALUES {marks})", values


@lru_cache(maxsize=256)
def _recordset(columns: tuple[str, ...], kinds: tuple[str, ...]) -> str:
    typed = ", ".join(f'"{column}" {kind}' for column, kind in zip(columns, kinds, strict=True))
    return f"WITH new AS (SELECT * FROM json_to_recordset(%s::json) AS sent({typed}))"  # noqa: S608


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _marks(count: int) -> str:
    return ",".join(["%s"] * count)
