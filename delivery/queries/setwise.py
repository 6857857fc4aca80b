"""Writes many rows in one statement: Django's bulk_update builds a CASE per field and row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

from django.db import connection, models

from integrity import rowsets
from integrity.rowsets import Written

# SQLite takes 32,766 values in one statement.
MOST_VALUES: Final = 30_000
Adapt = Callable[[Any], Any]


def update(
    rows: Collection[Any], names: Sequence[str], model: type[models.Model] | None = None
) -> None:
    """Write the named fields of saved rows of one model, in as few statements as the limits let.

    Where `model` is given, rows are whatever has the model's fields by their columns' names.
    """
    for some in _portions(rows, len(names) + 1):
        kind: Any = model or type(some[0])
        shape = _shape(kind, ("pk", *names))
        new, values = rowsets.source(shape.columns, shape.kinds, shape.values(some))
        rowsets.write(new + shape.update, values)


def update_standing(
    rows: Collection[Any], names: Sequence[str], same: Sequence[str], model: type[models.Model]
) -> None:
    """Update rows whose fields `same` are still as they are here; raises MovedError otherwise."""
    for some in _portions(rows, len(names) + len(same) + 1):
        shape = _shape(model, ("pk", *names, *same), len(same))
        new, values = rowsets.source(shape.columns, shape.kinds, shape.values(some))
        rowsets.write(new + shape.update, values, must=len(some))


def insert(rows: Collection[Any], model: type[models.Model] | None = None) -> None:
    """Insert new rows of one model, whose keys the database gives and nobody asks for."""
    if not rows:
        return
    kind: Any = model or type(next(iter(rows)))
    for some in _portions(rows, len(_names(kind))):
        rowsets.write(*_insertion(kind, _names(kind), some))


def create(row: models.Model) -> None:
    """Insert a new row that has its key already."""
    kind: Any = type(row)
    rowsets.write(*_insertion(kind, ("pk", *_names(kind)), [row]))
    _is_kept(row)


def create_all(rows: Sequence[Any], by: str) -> None:
    """Insert new rows of one model and give them their keys; no two have the same in `by`."""
    if not rows:
        return
    kind: Any = type(rows[0])
    keys: dict[Any, Any] = {}
    for some in _portions(rows, len(_names(kind))):
        sql, values = _insertion(kind, _names(kind), some)
        told = _shape(kind, ("pk", by)).columns
        with rowsets.cursor() as cursor:
            cursor.execute(f'{sql} RETURNING "{told[1]}", "{told[0]}"', values)
            keys.update(cursor.fetchall())
    for row in rows:
        row.pk = keys[getattr(row, by)]
        _is_kept(row)


def _is_kept(row: models.Model) -> None:
    row._state.adding, row._state.db = False, connection.alias  # noqa: SLF001  (how Django names it)


def _insertion(kind: Any, names: tuple[str, ...], rows: Iterable[Any]) -> tuple[str, list[Any]]:
    shape = _shape(kind, names)
    new, values = rowsets.source(shape.columns, shape.kinds, shape.values(rows))
    return new + shape.insert, values


def save(row: models.Model) -> None:
    """Write a row that was read, as Django's own `save` does; what was not read stays as it is."""
    kind: Any = type(row)
    deferred = row.get_deferred_fields()
    update([row], [name for name in _names(kind) if name not in deferred])


def _portions(rows: Collection[Any], width: int) -> list[list[Any]]:
    listed, step = list(rows), MOST_VALUES // width
    return [listed[start : start + step] for start in range(0, len(listed), step)]


class _Shape:
    """A model's named fields: their columns and types, how values are taken, and the statements.

    What is written stands in `new`; `update` finds its row by the first column and by the last
    ones, if so many are `fixed`.
    """

    def __init__(self, model: type[models.Model], names: Sequence[str], fixed: int) -> None:
        meta: Any = model._meta  # noqa: SLF001  (how Django names it)
        fields = [meta.pk if name == "pk" else meta.get_field(name) for name in names]
        self.columns = tuple(field.column for field in fields)
        table, key, *others = (f'"{name}"' for name in (meta.db_table, *self.columns))
        listed = ", ".join((key, *others))
        written, same = others[: len(others) - fixed], others[len(others) - fixed :]
        setters = ", ".join(f"{column} = new.{column}" for column in written)
        which = " AND ".join(f"{table}.{column} = new.{column}" for column in (key, *same))
        self.insert = f" INSERT INTO {table} ({listed}) SELECT {listed} FROM new"  # noqa: S608  (our names)
        self.update = f" UPDATE {table} SET {setters} FROM new WHERE {which}"  # noqa: S608
        self.kinds = tuple(_kind(field) for field in fields)
        self._taken = attrgetter(*(field.attname for field in fields))
        self._adapts = None if rowsets.is_postgresql() else [_adapt(field) for field in fields]

    def values(self, rows: Iterable[Any]) -> Iterable[Sequence[Any]]:
        taken = map(self._taken, rows)
        if self._adapts is None:
            return taken
        return [
            [adapt(value) for adapt, value in zip(self._adapts, row, strict=True)] for row in taken
        ]


@lru_cache(maxsize=256)
def _shape(model: type[models.Model], names: tuple[str, ...], fixed: int = 0) -> _Shape:
    return _Shape(model, names, fixed)


@lru_cache(maxsize=256)
def _names(model: type[models.Model]) -> tuple[str, ...]:
    key, fields = model._meta.pk, model._meta.concrete_fields  # noqa: SLF001
    return tuple(field.attname for field in fields if field is not key)


def _kind(field: Any) -> str:
    kind = str(field.rel_db_type(connection))
    # The column itself refuses what is too long; a cast would cut it off.
    return "text" if kind.startswith("varchar") else kind


def _adapt(field: Any) -> Adapt:
    def adapted(value: Any) -> Any:
        if isinstance(value, Written):
            return str(value)
        return field.get_db_prep_save(value, connection)

    return adapted
