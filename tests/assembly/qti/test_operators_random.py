"""Draws: all values of the range, none beyond, and only where drawing is allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.qti import item_scope
from assembly.qti.errors import ProcessingError
from assembly.qti.item import AssessmentItem
from assembly.qti.item_scope import ItemScope, Variables
from tests.assembly.qti.engine import STREAM, VARIABLES, SmallScope, evaluate, outcome


@pytest.mark.parametrize(
    ("attributes", "draw", "bound", "result"),
    [
        ("min='2' max='11' step='3'", 3, 4, "11"),
        ("min='2' max='11' step='3'", 0, 4, "2"),
        ("min='2' max='12' step='3'", 3, 4, "11"),
        ("max='5'", 5, 6, "5"),
        ("min='-3' max='-1'", 1, 3, "-2"),
        ("min='I2' max='I3'", 1, 2, "3"),
    ],
)
def test_an_integer_is_drawn_in_steps(attributes: str, draw: int, bound: int, result: str) -> None:
    scope = SmallScope(VARIABLES, draws=[draw])
    assert outcome(f"<qti-random-integer {attributes}/>", scope) == result
    assert scope.bounds == [bound]


@given(st.integers(0, 2**53 - 1))
def test_a_float_is_drawn_within_its_range(draw: int) -> None:
    drawn = evaluate("<qti-random-float min='-1.5' max='2.5'/>", SmallScope(draws=[draw]))
    assert drawn is not None
    assert -1.5 <= float(str(drawn.scalar)) <= 2.5


def test_a_float_can_be_either_end() -> None:
    assert outcome("<qti-random-float min='1' max='2'/>", SmallScope(draws=[0])) == "1.0"
    assert outcome("<qti-random-float min='1' max='2'/>", SmallScope(draws=[2**53 - 1])) == "2.0"


def test_one_value_of_a_container_is_drawn() -> None:
    scope = SmallScope(VARIABLES, draws=[2])
    assert outcome("<qti-random> $O-ABC </qti-random>", scope) == "C"
    assert scope.bounds == [3]
    assert outcome("<qti-random> $NULL </qti-random>") is None


@pytest.mark.parametrize(
    "expression",
    [
        "<qti-random-integer min='5' max='4'/>",
        "<qti-random-integer max='4' step='0'/>",
        "<qti-random-integer/>",
        "<qti-random-float min='2' max='1'/>",
    ],
)
def test_an_empty_range_is_refused(expression: str) -> None:
    with pytest.raises(ProcessingError):
        evaluate(expression, SmallScope(draws=[0]))


@pytest.mark.parametrize(
    "expression", ["<qti-random-integer max='NULL'/>", "<qti-random-float max='NULL'/>"]
)
def test_a_range_up_to_null_is_null(expression: str) -> None:
    assert outcome(expression) is None


def test_nothing_is_drawn_without_a_stream() -> None:
    scope = ItemScope(AssessmentItem(identifier="i", title=""), Variables())
    with pytest.raises(ProcessingError, match="Random values"):
        evaluate("<qti-random-integer max='9'/>", scope)


def test_each_draw_of_a_session_has_its_own_label() -> None:
    scope = item_scope.for_templates(AssessmentItem(identifier="i", title=""), STREAM, {}, {}, "t|")
    repeated = "<qti-repeat number-repeats='4'> <qti-random-integer max='999'/> </qti-repeat>"
    expected = [str(STREAM.below(1000, f"t|{draw}|")) for draw in (1, 2, 3, 4)]
    assert outcome(repeated, scope) == expected
    assert len(set(expected)) == 4
