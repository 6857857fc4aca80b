"""Patterns: XML Schema's meaning, and no pattern or text that takes long."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.qti import patterns

FITTING = (
    (r"\d{1,3}(\.\d+)?", "12.5", "1234"),
    ("[a-z-[aeiou]]+", "xyz", "xaz"),
    (r"\p{Lu}\p{L}*", "Éa", "éa"),
    (r"[\P{L}_]+", "12_", "1a"),
    (r"\P{Lu}", "a", "A"),
    (r"\p{IsBasicLatin}+", "az", "é"),
    (r"[\p{IsGreek}\p{IsCyrillic}]+", "λя", "l"),
    (r"\P{IsBasicLatin}", "é", "e"),
    ("^(yes|no)$", "no", "nos"),
    ("^a|b$", "b", "ab"),
    ("US$5", "US$5", "US5"),
    ("(ab){2,}", "ababab", "ab"),
    ("(a|b?){3,5}", "ab", "ababab"),
    ("x{0}y", "y", "xy"),
    ("(?:ab)+?", "abab", "aba"),
    (r"[\s\S]*", "a\nb", None),
    (".*", "ab", "a\nb"),
    ("", "", "a"),
    (r"\$\{\}", "${}", "$"),
)


@pytest.mark.parametrize(("pattern", "fits", "fails"), FITTING)
def test_a_pattern_means_what_xml_schema_says(pattern: str, fits: str, fails: str | None) -> None:
    assert patterns.matches(pattern, fits)
    assert fails is None or not patterns.matches(pattern, fails)


@pytest.mark.parametrize(
    "pattern", ["(?=a)b", r"(a)\1", r"\bword", "(a", "a)", "*a", "[a", "a{2,1}", "\\", "x{99999}"]
)
def test_what_is_no_pattern_is_said_to_be_none(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        patterns.matches(pattern, "x" * 3)


HOSTILE = (
    ("(a+)+b", "a" * 20_000),
    ("(a|aa)*c", "a" * 20_000),
    ("(.?){1000}x", "a" * 20_000),
    ("(((){9999}){9999}){9999}", "a"),
    (".{0,9999}", "a" * 20_000),
)


@pytest.mark.parametrize(("pattern", "text"), HOSTILE)
def test_no_pattern_takes_more_steps_than_the_text_has_characters(pattern: str, text: str) -> None:
    began = time.process_time()
    assert not patterns.matches(pattern, text)
    # Backtracking would take longer than the world has existed.
    assert time.process_time() - began < 20


def test_a_pattern_whose_states_multiply_is_given_up() -> None:
    with pytest.raises(ValueError, match="too long"):
        patterns.matches("((((a?){9}){9}){9}){9}", "a" * 20_000)


ATOMS = st.sampled_from(["a", "b", "c", ".", "[ab]", "[^a]", r"\d", "1"])


def _wrapped(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    quantifiers = st.sampled_from(["", "?", "*", "+", "{2}", "{0,2}", "{1,}", "{2,3}"])
    group = st.tuples(inner, quantifiers).map(lambda two: f"({two[0]}){two[1]}")
    branches = st.lists(inner, min_size=2, max_size=3).map("|".join)
    return group | branches | st.lists(inner, min_size=2, max_size=3).map("".join)


@given(st.recursive(ATOMS, _wrapped, max_leaves=6), st.text("abc1", max_size=7))
def test_python_agrees(pattern: str, text: str) -> None:
    assert patterns.matches(pattern, text) is (re.fullmatch(pattern, text) is not None)
