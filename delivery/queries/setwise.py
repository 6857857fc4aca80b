"""Writes many rows in one statement: Django's bulk_update builds a CASE per field and row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import Any, Final

from django.db import connection, models

from integrity import rowsets

# SQLite takes 32,766 values in one statement.
MOST_VALUES: Final = 30_000
Adapt = Callable[[Any], Any]


def update(rows: Collection[models.Model], names: Sequence[str]) -> None:
    """Write the named fields of saved rows of one model, in as few statements as the limits let."""
    for some in _portions(rows, len(names) + 1):
        table, columns, kinds, adapts = _shape(type(some[0]), ("pk", *names), connection.vendor)
        new, values = rowsets.source(columns, kinds, _values(some, adapts))
        key, setters = columns[0], ", ".join(f'"{one}" = new."{one}"' for one in columns[1:])
        _run(
            f'{new} UPDATE "{table}" SET {setters} FROM new '  # noqa: S608  (our names)
            f'WHERE "{table}"."{key}" = new."{key}"',
            values,
        )


def insert(rows: Collection[models.Model]) -> None:
    """Insert new rows of one model, whose keys the database gives and nobody asks for."""
    if not rows:
        return
    key = type(next(iter(rows)))._meta.pk  # noqa: SLF001  (how Django names it)
    fields = type(next(iter(rows)))._meta.concrete_fields  # noqa: SLF001
    names = tuple(field.attname for field in fields if field is not key)
    for some in _portions(rows, len(names)):
        table, columns, kinds, adapts = _shape(type(some[0]), names, connection.vendor)
        new, values = rowsets.source(columns, kinds, _values(some, adapts))
        listed = ", ".join(f'"{column}"' for column in columns)
        _run(f'{new} INSERT INTO "{table}" ({listed}) SELECT {listed} FROM new', values)  # noqa: S608


def _portions(rows: Collection[models.Model], width: int) -> list[list[models.Model]]:
    listed, step = list(rows), MOST_VALUES // width
    return [listed[start : start + step] for start in range(0, len(listed), step)]


def _values(rows: Sequence[models.Model], adapts: Sequence[tuple[str, Adapt]]) -> list[list[Any]]:
    return [[adapt(getattr(row, name)) for name, adapt in adapts] for row in rows]


def _run(sql: str, values: Sequence[Any]) -> None:
    with rowsets.cursor() as cursor:
        cursor.execute(sql, values)


@lru_cache(maxsize=256)
def _shape(
    model: type[models.Model], names: tuple[str, ...], vendor: str
) -> tuple[str, list[str], list[str], list[tuple[str, Adapt]]]:
    """Return a model's table, and of the named fields the columns, types and adaptations."""
    meta: Any = model._meta  # noqa: SLF001
    fields = [meta.pk if name == "pk" else meta.get_field(name) for name in names]
    return (
        meta.db_table,
        [field.column for field in fields],
        [_kind(field) for field in fields],
        [(field.attname, _adapt(field, vendor)) for field in fields],
    )


def _kind(field: Any) -> str:
    kind = str(field.rel_db_type(connection))
    # The column itself refuses what is too long; a cast would cut it off.
    return "text" if kind.startswith("varchar") else kind


def _adapt(field: Any, vendor: str) -> Adapt:
    if vendor == "postgresql":
        return lambda value: value
    return lambda value: field.get_db_prep_save(value, connection)
