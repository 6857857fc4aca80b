"""Values: lexical forms there and back, NULL, and what is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.qti import values
from assembly.qti.errors import ResponseError
from assembly.qti.values import BaseType, Cardinality, Raw
from tests.assembly.qti.engine import ORD, M, R, S, value

identifiers = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,12}", fullmatch=True)
texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40
)
LEXICAL: dict[BaseType, st.SearchStrategy[str]] = {
    BaseType.BOOLEAN: st.sampled_from(["true", "false"]),
    BaseType.DIRECTED_PAIR: st.builds("{} {}".format, identifiers, identifiers),
    BaseType.DURATION: st.floats(0, 1e9).map(repr),
    BaseType.FLOAT: st.one_of(
        st.floats(allow_nan=False, allow_infinity=False).map(repr), st.just("INF"), st.just("-INF")
    ),
    BaseType.IDENTIFIER: identifiers,
    BaseType.INTEGER: st.integers(-(10**30), 10**30).map(str),
    BaseType.PAIR: st.builds("{} {}".format, identifiers, identifiers),
    BaseType.POINT: st.builds("{} {}".format, st.integers(-9999, 9999), st.integers(-9999, 9999)),
    BaseType.STRING: texts,
}


@given(st.data())
def test_a_single_value_survives_the_way_through_its_lexical_form(data: st.DataObject) -> None:
    base_type = data.draw(st.sampled_from(sorted(LEXICAL)))
    text = data.draw(LEXICAL[base_type])
    parsed = values.parse(text, base_type, S)
    assert parsed is not None
    assert values.raw(parsed) == text
    assert values.parse(values.raw(parsed), base_type, S) == parsed


@given(st.data(), st.sampled_from([M, ORD]))
def test_a_container_survives_the_way_through_its_lexical_form(
    data: st.DataObject, cardinality: Cardinality
) -> None:
    base_type = data.draw(st.sampled_from(sorted(LEXICAL)))
    listed = data.draw(st.lists(LEXICAL[base_type], min_size=1, max_size=5))
    parsed = values.parse(listed, base_type, cardinality)
    assert values.raw(parsed) == listed


@given(
    st.one_of(st.none(), st.text(max_size=9), st.lists(st.text(max_size=9), max_size=3)),
    st.sampled_from(BaseType),
    st.sampled_from([S, M, ORD, R]),
)
def test_whatever_is_sent_is_a_value_null_or_refused(
    raw: Raw, base_type: BaseType, cardinality: Cardinality
) -> None:
    try:
        parsed = values.parse(raw, base_type, cardinality)
    except ResponseError as error:
        parsed, sentence = None, str(error)
    else:
        sentence = "Fits."
    assert sentence.endswith(".")
    assert parsed is None or parsed.scalars


@pytest.mark.parametrize("raw", [None, "", []])
@pytest.mark.parametrize("cardinality", [S, M, ORD, R])
def test_nothing_is_null(raw: Raw, cardinality: Cardinality) -> None:
    assert values.parse(raw, BaseType.STRING, cardinality) is None


@pytest.mark.parametrize(
    ("raw", "base_type", "cardinality", "reason"),
    [
        ("1.5", "integer", S, "wrong_type"),
        ("1_000", "integer", S, "wrong_type"),
        ("abc", "float", S, "wrong_type"),
        ("1,5", "float", S, "wrong_type"),
        ("nan", "float", S, "wrong_type"),
        ("yes", "boolean", S, "wrong_type"),
        ("A", "pair", S, "wrong_type"),
        ("A B C", "directedPair", S, "wrong_type"),
        ("1 2 3", "point", S, "wrong_type"),
        ("-1", "duration", S, "wrong_type"),
        ("a\x00b", "string", S, "wrong_type"),
        ("a\ud800b", "string", S, "wrong_type"),
        (["A"], "identifier", S, "wrong_cardinality"),
        (["A", "1.5"], "integer", M, "wrong_type"),
        ("x" * 100_001, "string", S, "too_large"),
        ("é" * 60_000, "string", S, "too_large"),
        (["x" * 60_000, "y" * 60_000], "string", M, "too_large"),
        (["x"] * 10_001, "identifier", M, "too_large"),
        (["no type"], "integer", R, "wrong_type"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_reason(
    raw: Raw, base_type: str, cardinality: Cardinality, reason: str
) -> None:
    with pytest.raises(ResponseError) as refusal:
        values.parse(raw, BaseType(base_type), cardinality)
    assert refusal.value.reason == reason
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize(
    ("text", "base_type", "scalar"),
    [
        (" 12 ", "integer", 12),
        ("+7", "integer", 7),
        (".5", "float", 0.5),
        ("1e3", "float", 1000.0),
        ("-INF", "float", -math.inf),
        ("1", "boolean", True),
        ("10.4 19.6", "point", (10, 20)),
        ("PT1H30M", "duration", 5400.0),
        ("P1DT0.5S", "duration", 86400.5),
        ("  two words ", "string", "  two words "),
        (" A ", "identifier", "A"),
    ],
)
def test_a_lexical_form_has_its_value(text: str, base_type: str, scalar: object) -> None:
    parsed = value(text, base_type)
    assert parsed is not None
    assert parsed.scalar == scalar


def test_a_record_survives_the_way_through_its_lexical_form() -> None:
    kept = values.record([("n", values.integer(3)), ("note", value("two words", "string"))])
    assert kept is not None
    assert values.raw(kept) == ["n integer 3", "note string two words"]
    assert values.parse(values.raw(kept), None, R) == kept
    assert kept.field("n") == values.integer(3)
    assert kept.field("missing") is None


def test_a_typed_number_becomes_the_record_of_its_digits() -> None:
    typed = values.parse("-3.140e2", None, R)
    assert values.raw(typed) == [
        "stringValue string -3.140e2",
        "floatValue float -314.0",
        "leftDigits integer 1",
        "rightDigits integer 3",
        "ndp integer 3",
        "nsf integer 4",
        "exponent integer 2",
    ]


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (value("A B", "pair"), value("B A", "pair"), True),
        (value("A B", "directedPair"), value("B A", "directedPair"), False),
        (value(["A", "B"], "identifier", M), value(["B", "A"], "identifier", M), True),
        (value(["A", "A", "B"], "identifier", M), value(["A", "B"], "identifier", M), False),
        (value(["A", "A", "B"], "identifier", M), value(["A", "B", "B"], "identifier", M), False),
        (value(["A", "B"], "identifier", ORD), value(["B", "A"], "identifier", ORD), False),
        (value(["A"], "identifier", ORD), value(["A"], "identifier", M), False),
        (value(["A B", "C D"], "pair", M), value(["D C", "B A"], "pair", M), True),
        (value("2", "integer"), value("2.0", "float"), True),
    ],
)
def test_sameness_knows_cardinality_and_direction(
    left: values.Value, right: values.Value, equal: bool
) -> None:
    assert values.same(left, right) is equal
    assert values.same(right, left) is equal
