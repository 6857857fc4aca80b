"""Queries that are built once: for a single row, Django's building costs more than the asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators

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

    A sample is a value that stands nowhere else in the query.
    """

    def __init__(self, build: Callable[..., QuerySet[M]], *samples: Any) -> None:
        self._build = build
        self._samples = samples
        self._built: dict[str, _Built] = {}

    def one(self, *arguments: Any) -> M | None:
        """Return the first object found."""
        return next(self._objects(arguments), None)

    def all(self, *arguments: Any) -> list[M]:
        return list(self._objects(arguments))

    def _objects(self, arguments: Sequence[Any]) -> Iterator[M]:
        built = self._built.get(connection.vendor)
        if built is None:
            built = self._built[connection.vendor] = _built(self._build, self._samples)
        values = list(built.values)
        for place, number in built.places:
            values[place] = _adapted(arguments[number])
        with connection.cursor() as cursor:
            cursor.execute(built.sql, values)
            rows = cursor.fetchall()
        for row in rows:
            found: Any = _object(built, list(row))
            yield found


def _built(build: Callable[..., QuerySet[M]], samples: Sequence[Any]) -> _Built:
    compiler = build(*samples).query.get_compiler(connection=connection)
    sql, values = compiler.as_sql()
    info, select = compiler.klass_info, compiler.select
    assert info is not None
    known = [_adapted(sample) for sample in samples]
    chosen = info["select_fields"]
    return _Built(
        sql=sql,
        values=list(values),
        places=[(at, known.index(value)) for at, value in enumerate(values) if value in known],
        model=info["model"],
        fields=slice(chosen[0], chosen[-1] + 1),
        names=[column[0].target.attname for column in select[chosen[0] : chosen[-1] + 1]],
        notes=list((compiler.annotation_col_map or {}).items()),
        related=get_related_populators(info, select, connection.alias),  # type: ignore[call-arg]  # stubs of 6
        converters=[
            (at, functions, expression)
            for at, (functions, expression) in compiler.get_converters(
                [column[0] for column in select]
            ).items()
        ],
    )


def _object(built: _Built, row: list[Any]) -> Model:
    for at, functions, expression in built.converters:
        for function in functions:
            row[at] = function(row[at], expression, connection)
    found = built.model.from_db(connection.alias, built.names, row[built.fields])
    for populate in built.related:
        populate.populate(row, found)
    for name, at in built.notes:
        setattr(found, name, row[at])
    return found


def _adapted(value: Any) -> Any:
    native = connection.features.has_native_uuid_field
    return value.hex if isinstance(value, UUID) and not native else value
