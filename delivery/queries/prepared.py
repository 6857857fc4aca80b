"""Queries that are built once: for a single row, Django's building costs more than the asking."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import JSONField, Model, QuerySet
from django.db.models.base import ModelState
from django.db.models.query import get_related_populators

from integrity import rowsets

M = TypeVar("M", bound=Model)
Convert = Callable[[Any, Any, Any], Any]


@dataclass(slots=True)
class _Built:
    """The SQL, which argument goes where in it, and how a row becomes an object."""

    sql: str
    values: list[Any]
    places: list[tuple[int, int]]
    model: type[Model]
    fields: slice
    names: list[str]
    notes: list[tuple[str, int]]
    related: list[Any]
    converters: list[tuple[int, list[Convert], Any]]


class Prepared(Generic[M]):
    """A query with arguments, one sample for each; `one` and `all` ask with others.

    A sample is a value that stands nowhere else in the query. A list of one sample, written as
    `name__in`, stands for a list of any length.
    """

    def __init__(self, build: Callable[..., QuerySet[M]], *samples: Any) -> None:
        self._build = build
        self._samples = samples
        self._built: _Built | None = None

    def one(self, *arguments: Any) -> M | None:
        """Return the first object found."""
        return next(self._objects(arguments), None)

    def all(self, *arguments: Any) -> list[M]:
        return list(self._objects(arguments))

    def asked(self, *arguments: Any) -> tuple[str, list[Any]]:
        """Return the statement and its values, for whoever runs it."""
        built = self._known()
        values = list(built.values)
        for place, number in built.places:
            values[place] = _given(arguments[number])
        return (built.sql, values) if rowsets.is_postgresql() else _spread(built.sql, values)

    def told(self, rows: Iterable[tuple[Any, ...]]) -> list[M]:
        """Return the objects of what the statement returned."""
        return list(_objects(self._known(), rows))

    def _known(self) -> _Built:
        if self._built is None:
            self._built = _built(self._build, self._samples)
        return self._built

    def _objects(self, arguments: Sequence[Any]) -> Iterator[M]:
        with rowsets.cursor() as cursor:
            cursor.execute(*self.asked(*arguments))
            rows = cursor.fetchall()
        return _objects(self._known(), rows)


def _objects(built: _Built, rows: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    database = connections[DEFAULT_DB_ALIAS]
    for row in rows:
        yield _object(built, list(row), database)


def _spread(sql: str, values: list[Any]) -> tuple[str, list[Any]]:
    """Give each member of a list a place of its own, for a database without arrays."""
    beginning, *texts = sql.split("%s")
    parts, spread = [beginning], list[Any]()
    for value, text in zip(values, texts, strict=True):
        members = value if isinstance(value, list) else [value]
        spread += members
        parts += [", ".join(["%s"] * len(members)), text]
    return "".join(parts), spread


def _built(build: Callable[..., QuerySet[M]], samples: Sequence[Any]) -> _Built:
    compiler = build(*samples).query.get_compiler(connection=connection)
    sql, values = compiler.as_sql()
    info, select = compiler.klass_info, compiler.select
    assert info is not None
    known = [_adapted(sample[0] if isinstance(sample, list) else sample) for sample in samples]
    arrays = rowsets.is_postgresql()
    chosen = info["select_fields"]
    return _Built(
        # One statement for every length: a list becomes an array.
        sql=sql.replace(" IN (%s)", " = ANY(%s)") if arrays else sql,
        values=list(values),
        places=[(at, known.index(value)) for at, value in enumerate(values) if value in known],
        model=info["model"],
        fields=slice(chosen[0], chosen[-1] + 1),
        names=[column[0].target.attname for column in select[chosen[0] : chosen[-1] + 1]],
        notes=list((compiler.annotation_col_map or {}).items()),
        related=get_related_populators(info, select, connection.alias),  # type: ignore[call-arg]  # stubs of 6
        converters=[
            (at, _converters(functions, expression), expression)
            for at, (functions, expression) in compiler.get_converters(
                [column[0] for column in select]
            ).items()
        ],
    )


def _object(built: _Built, row: list[Any], database: BaseDatabaseWrapper) -> Model:
    """Return what Django's `from_db` would, without the call of `__init__` that costs the most."""
    for at, functions, expression in built.converters:
        for function in functions:
            row[at] = function(row[at], expression, database)
    found = built.model.__new__(built.model)
    found.__dict__.update(zip(built.names, row[built.fields], strict=True))
    found._state = state = ModelState()  # noqa: SLF001  (how Django names it)
    state.adding, state.db = False, database.alias
    for populate in built.related:
        populate.populate(row, found)
    for name, at in built.notes:
        setattr(found, name, row[at])
    return found


def _converters(functions: list[Convert], expression: Any) -> list[Convert]:
    return [
        _json if isinstance(getattr(expression, "target", None), JSONField) else one
        for one in functions
    ]


def _json(value: Any, _expression: Any, _connection: Any) -> Any:
    # Most are empty, and each row needs an object of its own.
    if value == "{}":
        return {}
    return [] if value == "[]" else value if value is None else json.loads(value)


def _given(value: Any) -> Any:
    """Return an argument as the statement takes it: a list as one text, where there are arrays."""
    if isinstance(value, list) and rowsets.is_postgresql():
        return rowsets.array(value, "text")
    return _adapted(value)


def _adapted(value: Any) -> Any:
    if isinstance(value, list):
        return [_adapted(one) for one in value]
    native = connection.features.has_native_uuid_field
    return value.hex if isinstance(value, UUID) and not native else value
