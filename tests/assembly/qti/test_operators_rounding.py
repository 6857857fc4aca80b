"""Rounding by decimal digits, as a person reads the number."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.qti import values
from assembly.qti.errors import ProcessingError
from assembly.qti.values import Raw
from tests.assembly.qti.engine import SmallScope, evaluate, outcome


def number(text: str) -> str:
    return f"<qti-base-value base-type='float'>{text}</qti-base-value>"


@pytest.mark.parametrize(
    ("operator", "operand", "result"),
    [
        ("round", "6.5", "7"),
        ("round", "-6.5", "-6"),
        ("round", "6.49", "6"),
        ("round", "-6.51", "-7"),
        ("round", "0.49999999999999994", "0"),
        ("round", "INF", "INF"),
        ("truncate", "6.8", "6"),
        ("truncate", "-6.8", "-6"),
        ("truncate", "-INF", "-INF"),
        ("truncate", "NaN", None),
    ],
)
def test_round_and_truncate_give_integers(operator: str, operand: str, result: Raw) -> None:
    assert outcome(f"<qti-{operator}> {number(operand)} </qti-{operator}>") == result


@pytest.mark.parametrize(
    ("mode", "figures", "operand", "result"),
    [
        ("significantFigures", "3", "1239451", "1240000.0"),
        ("significantFigures", "3", "12.1257", "12.1"),
        ("significantFigures", "3", "0.0681", "0.0681"),
        ("significantFigures", "3", "5", "5.0"),
        ("significantFigures", "1", "0.95", "1.0"),
        ("decimalPlaces", "2", "1.005", "1.01"),
        ("decimalPlaces", "0", "-2.5", "-3.0"),
        ("decimalPlaces", "3", "12.1257", "12.126"),
        ("decimalPlaces", "I2", "0.125", "0.13"),
        ("decimalPlaces", "2", "0", "0.0"),
        ("decimalPlaces", "2", "INF", "INF"),
        ("significantFigures", "2", "-INF", "-INF"),
        ("decimalPlaces", "2", "NaN", None),
        ("decimalPlaces", "NULL", "1.5", None),
    ],
)
def test_round_to_keeps_so_many_figures(mode: str, figures: str, operand: str, result: Raw) -> None:
    attributes = f"rounding-mode='{mode}' figures='{figures}'"
    assert outcome(f"<qti-round-to {attributes}> {number(operand)} </qti-round-to>") == result


@pytest.mark.parametrize(
    ("mode", "figures", "first", "second", "result"),
    [
        ("significantFigures", "3", "3.175", "3.183", "true"),
        ("significantFigures", "3", "3.175", "3.1749", "false"),
        ("decimalPlaces", "2", "1.68572", "1.69", "true"),
        ("decimalPlaces", "4", "1.68572", "1.68432", "false"),
    ],
)
def test_equal_rounded_compares_after_rounding(
    mode: str, figures: str, first: str, second: str, result: Raw
) -> None:
    attributes = f"rounding-mode='{mode}' figures='{figures}'"
    operands = f"{number(first)} {number(second)}"
    assert outcome(f"<qti-equal-rounded {attributes}> {operands} </qti-equal-rounded>") == result


def test_rounding_of_null_is_null() -> None:
    assert outcome("<qti-round> $NULL </qti-round>") is None
    assert (
        outcome("<qti-round-to rounding-mode='decimalPlaces' figures='1'> $NULL </qti-round-to>")
        is None
    )
    assert outcome("<qti-equal-rounded figures='1'> $NULL $I2 </qti-equal-rounded>") is None


@pytest.mark.parametrize(
    "attributes",
    [
        "rounding-mode='decimalPlaces' figures='-1'",
        "rounding-mode='significantFigures' figures='0'",
        "rounding-mode='decimalPlaces' figures='1.5'",
        "rounding-mode='nearest' figures='1'",
        "rounding-mode='decimalPlaces'",
        "rounding-mode='decimalPlaces' figures='INF'",
    ],
)
def test_rounding_refuses_other_modes_and_figures(attributes: str) -> None:
    with pytest.raises(ProcessingError):
        evaluate(f"<qti-round-to {attributes}> $F2.5 </qti-round-to>")


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 12))
def test_a_number_rounded_to_places_is_at_most_half_a_place_away(
    given_number: float, places: int
) -> None:
    scope = SmallScope({"x": values.real(given_number)})
    expression = (
        f"<qti-round-to rounding-mode='decimalPlaces' figures='{places}'> $x </qti-round-to>"
    )
    rounded = evaluate(expression, scope)
    assert rounded is not None
    distance = abs(Decimal(str(given_number)) - Decimal(str(rounded.scalar)))
    assert distance <= Decimal("0.5").scaleb(-places) + abs(Decimal(str(given_number))) * Decimal(
        "1e-16"
    )
