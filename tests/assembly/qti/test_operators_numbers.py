"""Arithmetic, mathematical functions and statistics."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.qti import values
from assembly.qti.errors import ProcessingError
from assembly.qti.values import Raw
from tests.assembly.qti.engine import SmallScope, evaluate, outcome


def number(text: str, base_type: str = "float") -> str:
    return f"<qti-base-value base-type='{base_type}'>{text}</qti-base-value>"


HUGE = number("1e300")


@pytest.mark.parametrize(
    ("operator", "operands", "result"),
    [
        ("sum", "$I2 $I3", "5"),
        ("sum", "$I2 $F2.5", "4.5"),
        ("sum", "$M-123", "6"),
        ("sum", "$M-123 $F2.5", "8.5"),
        ("sum", "$I2 $NULL", None),
        ("product", "$I2 $I3 $I-7", "-42"),
        ("product", "$I2 $F2.5", "5.0"),
        ("product", "$O-123", "6"),
        ("product", "$NULL $I2", None),
        ("subtract", "$I2 $I3", "-1"),
        ("subtract", "$F2.5 $I2", "0.5"),
        ("subtract", "$I2 $NULL", None),
        ("divide", "$I3 $I2", "1.5"),
        ("divide", "$I2 $I2", "1.0"),
        ("divide", "$I2 $I0", None),
        ("divide", "$NULL $I2", None),
        ("divide", f"{HUGE} {number('1e-300')}", None),
        ("power", "$I2 $I3", "8.0"),
        ("power", "$I-7 $F2.5", None),
        ("power", "$I0 $I-7", None),
        ("power", f"{HUGE} $I2", None),
        ("power", "$NULL $I2", None),
        ("integer-divide", "$I-7 $I2", "-4"),
        ("integer-divide", "$I3 $I2", "1"),
        ("integer-divide", "$I3 $I0", None),
        ("integer-modulus", "$I-7 $I2", "1"),
        ("integer-modulus", "$I3 $I2", "1"),
        ("integer-modulus", "$I3 $I0", None),
        ("min", "$I2 $I-7 $M-123", "-7"),
        ("max", "$I2 $F2.5", "2.5"),
        ("max", "$I3 $F2.5", "3.0"),
        ("max", "$M-123", "3"),
        ("max", "$I3 $S-York", None),
        ("min", "$A", None),
        ("gcd", "$I2 $S-York", None),
        ("lcm", "$I2 $T", None),
        ("min", "$I2 $NULL", None),
        ("gcd", f"{number('12', 'integer')} {number('-18', 'integer')}", "6"),
        ("gcd", "$I0 $I0", "0"),
        ("gcd", "$M-123", "1"),
        ("gcd", "$I2 $NULL", None),
        ("lcm", f"{number('4', 'integer')} {number('6', 'integer')}", "12"),
        ("lcm", "$I2 $I0", "0"),
        ("lcm", "$NULL", None),
        ("integer-to-float", "$I2", "2.0"),
        ("integer-to-float", "$M-123", ["1.0", "2.0", "3.0"]),
        ("integer-to-float", "$NULL", None),
    ],
)
def test_arithmetic_keeps_types_and_null(operator: str, operands: str, result: Raw) -> None:
    assert outcome(f"<qti-{operator}> {operands} </qti-{operator}>") == result


@pytest.mark.parametrize(
    ("operator", "operands"),
    [
        ("sum", "$A"),
        ("sum", ""),
        ("subtract", "$I2 $M-123"),
        ("subtract", "$I2"),
        ("divide", "$I2 $T"),
        ("integer-divide", "$I3 $F2.5"),
        ("integer-modulus", "$F2.5 $I2"),
        ("gcd", "$F2.5 $I2"),
        ("integer-to-float", "$F2.5"),
    ],
)
def test_arithmetic_refuses_what_is_not_its_kind_of_number(operator: str, operands: str) -> None:
    with pytest.raises(ProcessingError):
        evaluate(f"<qti-{operator}> {operands} </qti-{operator}>")


def test_integers_beyond_all_use_are_refused() -> None:
    nine = number("9" * 200, "integer")
    with pytest.raises(ProcessingError, match="beyond"):
        evaluate(f"<qti-product> {nine} {nine} </qti-product>")


@given(st.integers(-1000, 1000), st.integers(-1000, 1000).filter(bool))
def test_integer_division_and_modulus_make_the_dividend_again(left: int, right: int) -> None:
    scope = SmallScope({"x": values.integer(left), "y": values.integer(right)})
    whole = evaluate("<qti-integer-divide> $x $y </qti-integer-divide>", scope)
    rest = evaluate("<qti-integer-modulus> $x $y </qti-integer-modulus>", scope)
    assert whole is not None
    assert rest is not None
    assert whole.scalar == math.floor(left / right)
    assert int(str(whole.scalar)) * right + int(str(rest.scalar)) == left


@pytest.mark.parametrize(
    ("name", "argument", "result"),
    [
        ("sin", "0", 0.0),
        ("cos", "0", 1.0),
        ("tan", "0", 0.0),
        ("sec", "0", 1.0),
        ("csc", "1.5707963267948966", 1.0),
        ("cot", "0.7853981633974483", 1.0),
        ("asin", "1", math.pi / 2),
        ("acos", "1", 0.0),
        ("atan", "1", math.pi / 4),
        ("asec", "1", 0.0),
        ("acsc", "1", math.pi / 2),
        ("acot", "0", math.pi / 2),
        ("sinh", "0", 0.0),
        ("cosh", "0", 1.0),
        ("tanh", "0", 0.0),
        ("sech", "0", 1.0),
        ("csch", "1", 1 / math.sinh(1)),
        ("coth", "1", 1 / math.tanh(1)),
        ("log", "1000", 3.0),
        ("ln", "2.718281828459045", 1.0),
        ("exp", "1", math.e),
        ("abs", "-2.5", 2.5),
        ("signum", "-2.5", -1),
        ("signum", "0", 0),
        ("floor", "-2.5", -3),
        ("ceil", "-2.5", -2),
        ("toDegrees", "3.141592653589793", 180.0),
        ("toRadians", "180", math.pi),
        ("exp", "1000", math.inf),
        ("exp", "-1000", 0.0),
        ("cosh", "-1000", math.inf),
        ("sinh", "1000", math.inf),
        ("sinh", "-1000", -math.inf),
        ("sech", "1000", 0.0),
        ("csch", "-1000", 0.0),
        ("coth", "1000", 1.0),
    ],
)
def test_a_function_gives_its_value(name: str, argument: str, result: float) -> None:
    got = evaluate(f"<qti-math-operator name='{name}'> {number(argument)} </qti-math-operator>")
    assert got is not None
    assert got.scalar == pytest.approx(result)
    assert isinstance(got.scalar, type(result))


@pytest.mark.parametrize(
    ("name", "argument"),
    [("log", "0"), ("ln", "-1"), ("asin", "2"), ("csc", "0"), ("floor", "INF"), ("asec", "0")],
)
def test_a_function_outside_its_domain_is_null(name: str, argument: str) -> None:
    expression = f"<qti-math-operator name='{name}'> {number(argument)} </qti-math-operator>"
    assert evaluate(expression) is None


def test_atan2_takes_two_arguments_and_the_others_one() -> None:
    expression = "<qti-math-operator name='atan2'> $I0 $I-7 </qti-math-operator>"
    assert outcome(expression) == repr(math.pi)
    with pytest.raises(ProcessingError):
        evaluate("<qti-math-operator name='sin'> $I0 $I2 </qti-math-operator>")
    with pytest.raises(ProcessingError):
        evaluate("<qti-math-operator name='sinus'> $I0 </qti-math-operator>")
    assert evaluate("<qti-math-operator name='sin'> $NULL </qti-math-operator>") is None


def test_constants_are_pi_and_e() -> None:
    assert outcome("<qti-math-constant name='pi'/>") == repr(math.pi)
    assert outcome("<qti-math-constant name='e'/>") == repr(math.e)
    with pytest.raises(ProcessingError):
        evaluate("<qti-math-constant name='phi'/>")


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("mean", "2.0"),
        ("sampleVariance", "1.0"),
        ("sampleSD", "1.0"),
        ("popVariance", repr(2 / 3)),
        ("popSD", repr(math.sqrt(2 / 3))),
    ],
)
def test_statistics_of_one_two_three(name: str, result: str) -> None:
    assert outcome(f"<qti-stats-operator name='{name}'> $M-123 </qti-stats-operator>") == result


def test_statistics_know_their_limits() -> None:
    one = "<qti-multiple> $I2 </qti-multiple>"
    assert outcome(f"<qti-stats-operator name='mean'> {one} </qti-stats-operator>") == "2.0"
    assert outcome(f"<qti-stats-operator name='sampleSD'> {one} </qti-stats-operator>") is None
    assert outcome("<qti-stats-operator name='mean'> $NULL </qti-stats-operator>") is None
    assert outcome("<qti-stats-operator name='mean'> $M-AB </qti-stats-operator>") is None
    with pytest.raises(ProcessingError):
        evaluate("<qti-stats-operator name='median'> $M-123 </qti-stats-operator>")
