"""Writes many rows in one statement: Django's bulk_update builds a CASE per field and row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

from django.db import connection, models

# SQLite takes 32,766 values in one statement.
MOST_VALUES: Final = 30_000


def update(rows: Collection[models.Model], names: Sequence[str]) -> None:
    """Write the named fields of saved rows of one model, in as few statements as the limits let."""
    if not rows:
        return
    listed = list(rows)
    step = MOST_VALUES // (len(names) + 1)
    for start in range(0, len(listed), step):
        _update(listed[start : start + step], names)


def _update(rows: Sequence[models.Model], names: Sequence[str]) -> None:
    meta = rows[0]._meta  # noqa: SLF001  (how Django names it)
    key = meta.pk
    assert key is not None
    fields = [key, *(meta.get_field(name) for name in names)]
    columns = [str(field.column) for field in fields]  # type: ignore[union-attr]
    setters = ", ".join(f'"{column}" = new."{column}"' for column in columns[1:])
    quoted = ", ".join(f'"{column}"' for column in columns)
    sql = (
        f"WITH new({quoted}) AS (VALUES {_marks(fields, len(rows))}) "  # noqa: S608  (our names)
        f'UPDATE "{meta.db_table}" SET {setters} FROM new '
        f'WHERE "{meta.db_table}"."{columns[0]}" = new."{columns[0]}"'
    )
    values = [
        field.get_db_prep_save(getattr(row, field.attname), connection)  # type: ignore[union-attr]
        for row in rows
        for field in fields
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def _marks(fields: Sequence[object], count: int) -> str:
    """Return the placeholders; PostgreSQL needs the types of the first row, the rest follows."""
    plain = f"({', '.join(['%s'] * len(fields))})"
    if connection.vendor != "postgresql":
        return ", ".join([plain] * count)
    typed = ", ".join(f"%s::{_type(field)}" for field in fields)
    return ", ".join([f"({typed})", *[plain] * (count - 1)])


def _type(field: object) -> str:
    kind = field.rel_db_type(connection) if isinstance(field, models.Field) else None
    return str(kind)
