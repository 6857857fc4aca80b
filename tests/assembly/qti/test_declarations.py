"""Mappings with their bounds, area mappings, lookup tables, and what a variable accepts."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.qti import declarations, values
from assembly.qti.declarations import (
    AreaMapEntry,
    AreaMapping,
    Bounds,
    LookupTable,
    MapEntry,
    Mapping,
    OutcomeDeclaration,
    TableEntry,
)
from assembly.qti.errors import ProcessingError
from assembly.qti.shapes import Area, Shape
from assembly.qti.values import BaseType, Cardinality, Value
from tests.assembly.qti.engine import ORD, M, R, S, value

ABCD = (MapEntry("A", 0.0), MapEntry("B", 1.0), MapEntry("C", 0.5), MapEntry("D", 0.0))


@pytest.mark.parametrize(
    ("given_value", "total"),
    [
        (value("C", "identifier"), 0.5),
        (value(["C", "B"], "identifier", M), 1.5),
        (value(["B", "B", "C"], "identifier", M), 1.5),
        (value(["X", "B"], "identifier", M), 1.0),
    ],
)
def test_a_mapping_sums_each_different_value_once(given_value: Value, total: float) -> None:
    assert Mapping(ABCD).total(given_value) == total


def test_the_default_counts_once_for_each_different_unmapped_value() -> None:
    mapping = Mapping(ABCD, default=-0.25)
    assert mapping.total(value(["X", "X", "Y", "B"], "identifier", M)) == 0.5


@given(
    st.lists(st.sampled_from("ABCDXYZ"), min_size=1, max_size=8),
    st.floats(-3, 3),
    st.none() | st.floats(-2, 0),
    st.none() | st.floats(0, 2),
)
def test_a_mapping_stays_within_its_bounds(
    names: list[str], default: float, lower: float | None, upper: float | None
) -> None:
    mapping = Mapping(ABCD, default, Bounds(lower, upper))
    total = mapping.total(value(names, "identifier", M))
    assert lower is None or total >= lower
    assert upper is None or total <= upper
    free = Mapping(ABCD, default).total(value(names, "identifier", M))
    assert total == min(
        max(free, -9.0 if lower is None else lower), 99.0 if upper is None else upper
    )


def test_null_maps_to_the_default_within_the_bounds() -> None:
    assert Mapping(ABCD, default=-1.0).total(None) == -1.0
    assert Mapping(ABCD, default=-1.0, bounds=Bounds(lower=0.0)).total(None) == 0.0


@pytest.mark.parametrize(
    ("typed", "mapped"), [("York", 1.0), ("york", 0.5), ("YORK", 1.0), ("Leeds", 0.0)]
)
def test_an_exact_key_wins_over_one_in_another_case(typed: str, mapped: float) -> None:
    mapping = Mapping((MapEntry("York", 1.0), MapEntry("york", 0.5)))
    assert mapping.total(value(typed, "string")) == mapped


def test_a_case_sensitive_key_fits_only_exactly() -> None:
    mapping = Mapping((MapEntry("York", 1.0, case_sensitive=True),))
    assert mapping.total(value("York", "string")) == 1.0
    assert mapping.total(value("york", "string")) == 0.0


def test_a_pair_is_mapped_in_either_direction_and_a_directed_one_is_not() -> None:
    mapping = Mapping((MapEntry(("A", "B"), 2.0),))
    assert mapping.total(value("B A", "pair")) == 2.0
    assert mapping.total(value("B A", "directedPair")) == 0.0


def test_a_record_has_no_mapping() -> None:
    with pytest.raises(ProcessingError):
        Mapping(ABCD).total(values.record([("A", values.integer(1))]))


AREAS = AreaMapping(
    (
        AreaMapEntry(Area(Shape.CIRCLE, (10, 10, 5)), 2.0),
        AreaMapEntry(Area(Shape.RECT, (0, 0, 20, 20)), 1.0),
    ),
    default=-0.5,
)


@pytest.mark.parametrize(
    ("points", "total"),
    [
        (["10 10"], 2.0),
        (["10 10", "11 11"], 2.0),
        (["10 10", "1 1"], 3.0),
        (["50 50"], -0.5),
        (["50 50", "60 60", "60 60", "1 1"], 0.0),
    ],
)
def test_an_area_counts_once_and_each_other_point_adds_the_default(
    points: list[str], total: float
) -> None:
    assert AREAS.total(value(points, "point", M)) == total


def test_an_area_mapping_keeps_its_bounds_and_takes_points_only() -> None:
    bounded = AreaMapping(AREAS.entries, -0.5, Bounds(0.0, 2.0))
    assert bounded.total(value("50 50", "point")) == 0.0
    assert bounded.total(value(["10 10", "1 1"], "point", M)) == 2.0
    with pytest.raises(ProcessingError):
        bounded.total(value("A", "identifier"))


GRADES = LookupTable(
    (
        TableEntry(80.0, values.identifier("A"), include_boundary=False),
        TableEntry(50.0, values.identifier("B")),
        TableEntry(0.0, values.identifier("C")),
    ),
    default=values.identifier("F"),
    interpolates=True,
)


@pytest.mark.parametrize(
    ("score", "grade"), [(81, "A"), (80, "B"), (50, "B"), (49.9, "C"), (0, "C"), (-1, "F")]
)
def test_an_interpolation_table_takes_the_first_entry_that_is_not_above(
    score: float, grade: str
) -> None:
    assert GRADES.of(score) == values.identifier(grade)


def test_a_match_table_takes_exact_values_only() -> None:
    table = LookupTable((TableEntry(1.0, values.real(8.0)),), default=None, interpolates=False)
    assert table.of(1) == values.real(8.0)
    assert table.of(2) is None


def declared(base_type: str, cardinality: Cardinality = S) -> OutcomeDeclaration:
    return OutcomeDeclaration(
        identifier="X", base_type=BaseType(base_type), cardinality=cardinality
    )


@pytest.mark.parametrize(
    ("given_value", "declaration", "stored"),
    [
        (None, declared("float"), None),
        (values.integer(3), declared("float"), values.real(3.0)),
        (values.real(3.0), declared("integer"), values.integer(3)),
        (value("A", "identifier"), declared("string"), value("A", "string")),
        (value("7.5", "duration"), declared("float"), values.real(7.5)),
        (value(["1"], "integer", M), declared("float"), values.real(1.0)),
        (
            value(["1", "2"], "integer", ORD),
            declared("float", ORD),
            value(["1", "2"], "float", ORD),
        ),
    ],
)
def test_a_variable_takes_what_means_the_same(
    given_value: Value | None, declaration: OutcomeDeclaration, stored: Value | None
) -> None:
    assert declarations.fit(given_value, declaration) == stored


@pytest.mark.parametrize(
    ("given_value", "declaration"),
    [
        (values.real(2.5), declared("integer")),
        (values.real(math.inf), declared("integer")),
        (value("A", "string"), declared("float")),
        (values.boolean(True), declared("integer")),
        (value(["A"], "identifier", M), declared("identifier")),
        (value(["1", "2"], "integer", M), declared("integer")),
        (values.integer(1), declared("integer", M)),
        (value("A B", "pair"), declared("string")),
    ],
)
def test_a_variable_refuses_what_means_something_else(
    given_value: Value, declaration: OutcomeDeclaration
) -> None:
    with pytest.raises(ProcessingError):
        declarations.fit(given_value, declaration)


@pytest.mark.parametrize(
    ("declaration", "initial"),
    [
        (declared("float"), values.real(0.0)),
        (declared("integer"), values.integer(0)),
        (declared("identifier"), None),
        (declared("float", M), None),
        (
            OutcomeDeclaration(identifier="X", default=values.identifier("d")),
            values.identifier("d"),
        ),
        (OutcomeDeclaration(identifier="X", base_type=None, cardinality=R), None),
    ],
)
def test_an_outcome_begins_at_its_default_or_a_number_at_zero(
    declaration: OutcomeDeclaration, initial: Value | None
) -> None:
    assert declaration.initial == initial
