"""Strings and their patterns."""

import pytest

from assembly.qti.errors import ProcessingError
from assembly.qti.values import Raw
from tests.assembly.qti.engine import SmallScope, evaluate, outcome, value

SCOPE = SmallScope({"S": value("York", "string"), "P": value("[A-Z]ork", "string"), "N": None})


def text(content: str) -> str:
    return f"<qti-base-value base-type='string'>{content}</qti-base-value>"


@pytest.mark.parametrize(
    ("attributes", "first", "second", "result"),
    [
        ("case-sensitive='true'", "York", "York", "true"),
        ("case-sensitive='true'", "York", "york", "false"),
        ("case-sensitive='false'", "Straße", "STRASSE", "true"),
        ("case-sensitive='true' substring='true'", "York", "or", "true"),
        ("case-sensitive='true' substring='true'", "or", "York", "false"),
    ],
)
def test_string_match_compares(attributes: str, first: str, second: str, result: Raw) -> None:
    operands = f"{text(first)} {text(second)}"
    assert outcome(f"<qti-string-match {attributes}> {operands} </qti-string-match>") == result


@pytest.mark.parametrize(
    ("sensitive", "first", "second", "result"),
    [
        ("true", "or", "York", "true"),
        ("true", "York", "or", "false"),
        ("true", "OR", "York", "false"),
        ("false", "OR", "York", "true"),
    ],
)
def test_substring_asks_whether_the_first_is_in_the_second(
    sensitive: str, first: str, second: str, result: Raw
) -> None:
    operands = f"{text(first)} {text(second)}"
    expression = f"<qti-substring case-sensitive='{sensitive}'> {operands} </qti-substring>"
    assert outcome(expression) == result


@pytest.mark.parametrize(
    ("pattern", "given", "result"),
    [
        ("[0-9]+", "123", "true"),
        ("[0-9]+", "a123", "false"),
        ("a|b", "ab", "false"),
        ("^[0-9]+$", "123", "true"),
        (r"\d{2,4}", "12345", "false"),
        (r"[a-z-[aeiou]]+", "xyz", "true"),
        (r"[a-z-[aeiou]]+", "xaz", "false"),
        (r"\p{Lu}\p{Ll}+", "Århus", "true"),
        (r"[\p{L} ]+", "Nîmes le Vieux", "true"),
        (r"\P{L}+", "12!", "true"),
        (r"\i\c*", "_name-1", "true"),
        (r"\i\c*", "1name", "false"),
        (r"[\i][\c]*", "a.b", "true"),
        (r"[^\s,]+", "a,b", "false"),
        (r"(ab)+\.", "abab.", "true"),
        ("{P}", "York", "true"),
        ("{P}", "Fork", "true"),
        ("{P}", "fork", "false"),
    ],
)
def test_a_pattern_fits_the_whole_text(pattern: str, given: str, result: Raw) -> None:
    expression = f"<qti-pattern-match pattern='{pattern}'> {text(given)} </qti-pattern-match>"
    assert outcome(expression, SCOPE) == result


@pytest.mark.parametrize(
    "pattern", ["(", "[a", r"\p{Nonsense}", r"\pL", "a{2,1}", "\\", r"[\I]", "[a-z-[b]c]"]
)
def test_a_pattern_that_cannot_be_read_is_refused(pattern: str) -> None:
    with pytest.raises(ProcessingError, match="pattern"):
        evaluate(f"<qti-pattern-match pattern='{pattern}'> $S </qti-pattern-match>", SCOPE)


def test_a_text_beyond_all_use_fits_no_pattern() -> None:
    scope = SmallScope({"S": value("a" * 20_001, "string")})
    assert outcome("<qti-pattern-match pattern='a*'> $S </qti-pattern-match>", scope) == "false"


@pytest.mark.parametrize(
    "expression",
    [
        "<qti-string-match case-sensitive='true'> $N $S </qti-string-match>",
        "<qti-substring case-sensitive='true'> $S $N </qti-substring>",
        "<qti-pattern-match pattern='.*'> $N </qti-pattern-match>",
    ],
)
def test_text_operators_of_null_are_null(expression: str) -> None:
    assert outcome(expression, SCOPE) is None


def test_text_operators_refuse_numbers() -> None:
    with pytest.raises(ProcessingError):
        evaluate("<qti-string-match case-sensitive='true'> $I2 $I2 </qti-string-match>")
