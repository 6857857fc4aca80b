from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.qti import interactions, interactions_text, values
from assembly.qti.body import Interaction, Text
from assembly.qti.interactions import AssociableChoice, SimpleChoice
from assembly.qti.values import BaseType, Cardinality, Raw, Value

SINGLE, MULTIPLE, ORDERED = Cardinality.SINGLE, Cardinality.MULTIPLE, Cardinality.ORDERED


def choices(names: str) -> tuple[SimpleChoice, ...]:
    return tuple(SimpleChoice(identifier=name, content=(Text(name),)) for name in names)


def associables(names: str, **options: Any) -> tuple[AssociableChoice, ...]:
    return tuple(AssociableChoice(identifier=name, **options) for name in names)


def codes(
    interaction: Interaction,
    raw: Raw,
    base_type: BaseType = BaseType.IDENTIFIER,
    cardinality: Cardinality = MULTIPLE,
) -> list[str]:
    value: Value | None = values.parse(raw, base_type, cardinality)
    return [problem.code for problem in interaction.problems(value)]


def choice(**options: Any) -> interactions.Choice:
    return interactions.Choice(
        response_identifier="R", attributes={}, choices=choices("ABC"), **options
    )


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (None, ["too_few"]),
        (["A"], []),
        (["A", "B"], []),
        (["A", "B", "C"], ["too_many"]),
        (["X"], ["unknown_identifier"]),
        (["A", "A"], ["repeated"]),
    ],
)
def test_choice_counts_and_knows_its_choices(raw: Raw, expected: list[str]) -> None:
    assert codes(choice(min_choices=1, max_choices=2), raw) == expected


def test_only_a_made_up_choice_is_impossible() -> None:
    two = values.parse(["A", "B"], BaseType.IDENTIFIER, MULTIPLE)
    stranger = values.parse(["X"], BaseType.IDENTIFIER, MULTIPLE)
    assert [problem.impossible for problem in choice().problems(two)] == [False]
    assert [problem.impossible for problem in choice().problems(stranger)] == [True]


def test_zero_max_choices_means_any_number() -> None:
    assert codes(choice(max_choices=0), ["A", "B", "C"]) == []


def test_the_items_own_words_are_shown_for_too_few_choices() -> None:
    own = interactions.Choice(
        response_identifier="R",
        attributes={"data-min-selections-message": "Pick two, please."},
        choices=choices("ABC"),
        min_choices=2,
        max_choices=2,
    )
    assert [problem.message for problem in own.problems(None)] == ["Pick two, please."]


def test_unshuffled_choices_have_no_shuffle_group() -> None:
    assert choice().shuffle_groups() == ()


def test_a_required_inline_choice_must_be_answered() -> None:
    found = interactions.InlineChoice(
        response_identifier="R", attributes={}, choices=choices("AB"), required=True
    )
    assert codes(found, None, cardinality=SINGLE) == ["too_few"]
    assert codes(found, "A", cardinality=SINGLE) == []


def test_order_asks_for_every_choice_unless_bounded() -> None:
    whole = interactions.Order(response_identifier="R", attributes={}, choices=choices("ABC"))
    some = interactions.Order(
        response_identifier="R", attributes={}, choices=choices("ABC"), min_choices=1, max_choices=2
    )
    assert codes(whole, ["B", "A"], cardinality=ORDERED) == ["too_few"]
    assert codes(whole, ["B", "A", "C"], cardinality=ORDERED) == []
    assert codes(whole, None, cardinality=ORDERED) == []
    assert codes(some, ["B"], cardinality=ORDERED) == []
    assert codes(some, ["B", "A", "C"], cardinality=ORDERED) == ["too_many"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (["a x"], ["match_min"]),
        (["a x", "b x"], []),
        (["a x", "a y", "b x"], ["match_max", "too_many"]),
        (["x a"], ["unknown_identifier"]),
        (["a x", "b x", "c x"], ["match_max", "too_many"]),
    ],
)
def test_match_keeps_directions_and_how_often_each_choice_is_used(
    raw: Raw, expected: list[str]
) -> None:
    match = interactions.Match(
        response_identifier="R",
        attributes={},
        sources=(*associables("a"), *associables("b", match_min=1), *associables("c")),
        targets=associables("xy", match_max=2),
        max_associations=2,
    )
    assert codes(match, raw, BaseType.DIRECTED_PAIR) == expected


def test_match_groups_restrict_who_goes_with_whom() -> None:
    match = interactions.Match(
        response_identifier="R",
        attributes={},
        sources=associables("a", match_group=("x",)),
        targets=associables("xy"),
        max_associations=0,
    )
    assert codes(match, ["a x"], BaseType.DIRECTED_PAIR) == []
    assert codes(match, ["a y"], BaseType.DIRECTED_PAIR) == ["match_group"]


def test_associate_takes_a_pair_either_way_round_once() -> None:
    associate = interactions.Associate(
        response_identifier="R",
        attributes={},
        choices=associables("abc", match_max=0),
        max_associations=0,
    )
    assert codes(associate, ["a b", "b c"], BaseType.PAIR) == []
    assert codes(associate, ["a b", "b a"], BaseType.PAIR) == ["repeated"]


def test_a_required_gap_must_be_filled_and_holds_one_choice() -> None:
    gap = interactions.Gap(identifier="G", required=True, attributes={})
    gap_match = interactions.GapMatch(
        response_identifier="R",
        attributes={},
        choices=associables("ab"),
        passage=(),
        gaps=(gap,),
        max_associations=0,
    )
    assert codes(gap_match, None, BaseType.DIRECTED_PAIR) == ["match_min"]
    assert codes(gap_match, ["a G"], BaseType.DIRECTED_PAIR) == []
    assert codes(gap_match, ["a G", "b G"], BaseType.DIRECTED_PAIR) == ["match_max"]


def test_text_entry_judges_its_pattern_over_the_whole_text() -> None:
    entry = interactions.TextEntry(
        response_identifier="R", attributes={}, pattern_mask="[0-9]{4}", pattern_message="A year."
    )
    assert codes(entry, "1066", BaseType.STRING, SINGLE) == []
    assert codes(entry, "10666", BaseType.STRING, SINGLE) == ["pattern"]
    assert codes(entry, None, BaseType.STRING, SINGLE) == []


@pytest.mark.parametrize(
    ("mask", "text", "expected"),
    [
        (r"\i\c*", "abc-1", True),
        (r"\i\c*", "1abc", False),
        (r"\p{L}+", "Ärger", True),
        (r"^\d+$", "12", True),
        (r"[unclosed", "anything", True),
        (r"(.|\n)*", "two\nlines", True),
    ],
)
def test_schema_patterns_are_read_as_schemas_mean_them(
    mask: str, text: str, expected: bool
) -> None:
    assert interactions_text.fits(mask, text) is expected


def test_extended_text_counts_its_strings() -> None:
    extended = interactions.ExtendedText(
        response_identifier="R", attributes={}, min_strings=1, max_strings=2
    )
    assert codes(extended, None, BaseType.STRING) == ["too_few"]
    assert codes(extended, ["a", "b"], BaseType.STRING) == []
    assert codes(extended, ["a", "b", "c"], BaseType.STRING) == ["too_many"]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [("0", []), ("2.5", []), ("3", ["off_step"]), ("10", []), ("11", ["out_of_bounds"])],
)
def test_slider_values_lie_on_its_steps(raw: str, expected: list[str]) -> None:
    slider = interactions.Slider(
        response_identifier="R", attributes={}, lower=0.0, upper=10.0, step=2.5
    )
    assert codes(slider, raw, BaseType.FLOAT, SINGLE) == expected


def test_points_lie_inside_their_image() -> None:
    point = interactions.SelectPoint(
        response_identifier="R",
        attributes={},
        image=interactions.Image(source="a.png", width=100, height=50),
        max_choices=1,
    )
    assert codes(point, ["100 50"], BaseType.POINT) == []
    assert codes(point, ["101 50"], BaseType.POINT) == ["out_of_bounds"]
    assert codes(point, ["1 1", "2 2"], BaseType.POINT) == ["too_many"]


@given(st.lists(st.sampled_from("ABCX")), st.integers(0, 4), st.integers(0, 4))
def test_a_choice_without_problems_is_within_its_bounds(
    picked: list[str], low: int, high: int
) -> None:
    if codes(choice(min_choices=low, max_choices=high), picked) == []:
        assert set(picked) <= set("ABC")
        assert len(set(picked)) == len(picked) >= low
        assert high == 0 or len(picked) <= high
