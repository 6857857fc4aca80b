"""Comparisons: match, equal, the orders, durations, points inside areas."""

import pytest

from assembly.qti.errors import ProcessingError
from assembly.qti.values import Raw
from tests.assembly.qti.engine import evaluate, outcome


def number(text: str, base_type: str = "float") -> str:
    return f"<qti-base-value base-type='{base_type}'>{text}</qti-base-value>"


@pytest.mark.parametrize(
    ("operands", "result"),
    [
        ("$A $A", "true"),
        ("$A $B", "false"),
        ("$A $NULL", None),
        ("$M-AB $M-AB", "true"),
        ("$O-AB $O-BA", "false"),
        ("$M-AAB $M-AB", "false"),
        ("$P-AB $P-BA", "true"),
        ("$D-AB $D-BA", "false"),
        ("$I2 " + number("2.0"), "true"),
        ("$S-York " + number("York", "identifier"), "true"),
        ("$T $T", "true"),
        ("$REC $REC", "true"),
        ("$PT " + number("10 20", "point"), "true"),
    ],
)
def test_match_follows_base_type_and_cardinality(operands: str, result: Raw) -> None:
    assert outcome(f"<qti-match> {operands} </qti-match>") == result


@pytest.mark.parametrize("operands", ["$A $I2", "$A $M-AB", "$M-AB $O-AB", "$T $I2", "$A"])
def test_match_refuses_values_of_different_kinds(operands: str) -> None:
    with pytest.raises(ProcessingError):
        evaluate(f"<qti-match> {operands} </qti-match>")


@pytest.mark.parametrize(
    ("attributes", "first", "second", "result"),
    [
        ("", "2", "2", "true"),
        ("", "2", "2.0001", "false"),
        ("tolerance-mode='exact'", "2", "2", "true"),
        ("tolerance-mode='absolute' tolerance='0.5'", "2", "2.5", "true"),
        ("tolerance-mode='absolute' tolerance='0.5'", "2", "2.51", "false"),
        ("tolerance-mode='absolute' tolerance='0.5 2'", "2", "4", "true"),
        ("tolerance-mode='absolute' tolerance='0.5 2'", "2", "1.4", "false"),
        ("tolerance-mode='absolute' tolerance='1' include-lower-bound='false'", "2", "1", "false"),
        ("tolerance-mode='absolute' tolerance='1' include-upper-bound='false'", "2", "3", "false"),
        ("tolerance-mode='absolute' tolerance='1' include-upper-bound='false'", "2", "1", "true"),
        ("tolerance-mode='relative' tolerance='10'", "200", "220", "true"),
        ("tolerance-mode='relative' tolerance='10'", "200", "221", "false"),
        ("tolerance-mode='relative' tolerance='10 20'", "200", "240", "true"),
        ("tolerance-mode='relative' tolerance='10'", "-200", "-210", "true"),
        ("tolerance-mode='absolute' tolerance='0.1'", "0.8", "0.7", "true"),
        (
            "tolerance-mode='absolute' tolerance='0.1' include-upper-bound='false'",
            "1.1",
            "1.2",
            "false",
        ),
        ("tolerance-mode='relative' tolerance='10'", "1.1", "0.99", "true"),
        (
            "tolerance-mode='relative' tolerance='10' include-upper-bound='false'",
            "100",
            "110",
            "false",
        ),
        ("tolerance-mode='absolute' tolerance='1'", "INF", "INF", "true"),
        ("tolerance-mode='relative' tolerance='100'", "INF", "2", "false"),
        ("tolerance-mode='absolute' tolerance='1'", "NaN", "2", "false"),
        ("tolerance-mode='absolute' tolerance='I2'", "2", "4", "true"),
        ("tolerance-mode='absolute' tolerance='NULL'", "2", "2", None),
    ],
)
def test_equal_keeps_its_tolerance(attributes: str, first: str, second: str, result: Raw) -> None:
    expression = f"<qti-equal {attributes}> {number(first)} {number(second)} </qti-equal>"
    assert outcome(expression) == result


def test_equal_with_null_is_null() -> None:
    assert outcome("<qti-equal> $NULL $I2 </qti-equal>") is None


@pytest.mark.parametrize(
    "expression",
    [
        "<qti-equal> $A $B </qti-equal>",
        "<qti-equal tolerance-mode='about' tolerance='1'> $I2 $I2 </qti-equal>",
        "<qti-equal tolerance-mode='absolute'> $I2 $I2 </qti-equal>",
        "<qti-equal tolerance-mode='absolute' tolerance='-1'> $I2 $I2 </qti-equal>",
        "<qti-equal tolerance-mode='absolute' tolerance='1 2 3'> $I2 $I2 </qti-equal>",
        "<qti-lt> $M-123 $I2 </qti-lt>",
        "<qti-gte> $S-York $I2 </qti-gte>",
    ],
)
def test_comparisons_refuse_what_is_not_a_single_number(expression: str) -> None:
    with pytest.raises(ProcessingError):
        evaluate(expression)


@pytest.mark.parametrize(
    ("operator", "operands", "result"),
    [
        ("lt", "$I2 $F2.5", "true"),
        ("lt", "$I2 $I2", "false"),
        ("lte", "$I2 $I2", "true"),
        ("lte", "$I3 $I2", "false"),
        ("gt", "$I3 $F2.5", "true"),
        ("gt", "$I2 $I2", "false"),
        ("gte", "$I2 $I2", "true"),
        ("gte", "$I-7 $I0", "false"),
        ("gt", "$INF $I2", "true"),
        ("lt", "$NULL $I2", None),
        ("duration-lt", "$DUR " + number("91", "duration"), "true"),
        ("duration-lt", "$DUR $DUR", "false"),
        ("duration-gte", "$DUR $DUR", "true"),
        ("duration-gte", "$DUR $NULL", None),
    ],
)
def test_orders_compare_numbers_and_durations(operator: str, operands: str, result: Raw) -> None:
    assert outcome(f"<qti-{operator}> {operands} </qti-{operator}>") == result


@pytest.mark.parametrize(
    ("attributes", "operand", "result"),
    [
        ("shape='rect' coords='0,0,10,20'", "$PT", "true"),
        ("shape='rect' coords='0 0 9 20'", "$PT", "false"),
        ("shape='circle' coords='10,20,3'", "$PTS", "true"),
        ("shape='circle' coords='50,50,3'", "$PTS", "false"),
        ("shape='default' coords=''", "$PT", "true"),
        ("shape='rect' coords='0,0,1,1'", "$NULL", None),
    ],
)
def test_inside_finds_any_point_in_the_area(attributes: str, operand: str, result: Raw) -> None:
    assert outcome(f"<qti-inside {attributes}> {operand} </qti-inside>") == result


@pytest.mark.parametrize(
    "expression",
    [
        "<qti-inside shape='rect' coords='0,0,1'> $PT </qti-inside>",
        "<qti-inside shape='star' coords='0,0,1,1'> $PT </qti-inside>",
        "<qti-inside shape='rect' coords='0,0,1,1'> $I2 </qti-inside>",
    ],
)
def test_inside_refuses_other_areas_and_values(expression: str) -> None:
    with pytest.raises(ProcessingError):
        evaluate(expression)
