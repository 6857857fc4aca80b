from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assembly import adaptive
from assembly.adaptive import Answered, Candidate, Settings
from assembly.selection import Stream

STREAM = Stream(bytes(range(32)))
POOL = tuple(Candidate(f"Q{n:02}", a=1.0 + n % 3 / 4, b=-2 + n / 5) for n in range(20))


def give(rules: Settings, scores: Sequence[float], stream: Stream = STREAM) -> list[str]:
    """The items of a whole section, for a candidate who scores as foretold."""
    done: list[Answered] = []
    while key := adaptive.next_item(rules, POOL, done, stream, "test|section:A|adaptive"):
        done.append(Answered(key, scores[len(done)]))
    return [answer.key for answer in done]


def test_information_of_a_three_parameter_item_is_the_published_value() -> None:
    value = adaptive.information(Candidate("Q", a=1.2, b=0, c=0.2), 0.5)
    assert round(value, 6) == 0.237492


def test_estimate_of_two_right_and_one_wrong_is_the_published_value() -> None:
    pool = [Candidate("A", 1.2, -0.5), Candidate("B", 0.8, 0), Candidate("C", 1.5, 1)]
    found = adaptive.estimate(pool, [Answered("A", 1), Answered("B", 1), Answered("C", 0)])
    assert (round(found.theta, 6), round(found.standard_error, 6)) == (0.283389, 0.746914)


def test_before_any_answer_the_estimate_is_the_prior() -> None:
    found = adaptive.estimate(POOL, [])
    assert (round(found.theta, 9), round(found.standard_error, 2)) == (0, 1.0)


def test_a_partial_score_moves_the_estimate_part_of_the_way() -> None:
    wrong, half, right = (adaptive.estimate(POOL, [Answered("Q10", s)]).theta for s in (0, 0.5, 1))
    assert wrong < half < right


def test_section_stops_at_its_maximum_length() -> None:
    assert len(give(Settings(min_items=3, max_items=7), [1] * 7)) == 7


def test_section_stops_once_the_error_is_small_but_not_before_its_minimum() -> None:
    loose = Settings(min_items=4, max_items=15, standard_error=0.9)
    assert len(give(loose, [1, 0] * 10)) == 4


def test_section_ends_when_its_pool_is_empty() -> None:
    assert sorted(give(Settings(max_items=50), [0, 1] * 10)) == sorted(item.key for item in POOL)


def test_only_the_most_informative_items_are_chosen_among() -> None:
    first = {
        adaptive.next_item(Settings(best=5), POOL, [], Stream(bytes([n])), "label")
        for n in range(64)
    }
    ranked = sorted(POOL, key=lambda item: (-adaptive.information(item, 0.0), item.key))
    assert first == {item.key for item in ranked[:5]}


def test_choosing_among_one_takes_the_most_informative_item() -> None:
    best = max(POOL, key=lambda item: (adaptive.information(item, 0.0), item.key))
    assert adaptive.next_item(Settings(best=1), POOL, [], STREAM, "label") == best.key


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=12, max_size=12), st.binary(min_size=1, max_size=32))
def test_no_item_is_given_twice_and_the_length_keeps_its_bounds(
    scores: list[float], key: bytes
) -> None:
    rules = Settings(min_items=4, max_items=12, standard_error=0.5)
    keys = give(rules, scores, Stream(key))
    assert len(set(keys)) == len(keys)
    assert 4 <= len(keys) <= 12
    assert keys == give(rules, scores, Stream(key))


def test_settings_survive_their_address() -> None:
    for rules in (Settings(), Settings(3, 9, 0.35, 4, 1.7)):
        assert Settings.from_href(rules.href()) == rules
        assert Settings.from_json(rules.to_json()) == rules


@pytest.mark.parametrize(
    "href",
    [
        "urn:other:settings?min-items=3",
        "urn:invigil:adaptive:settings?min-items=many",
        "urn:invigil:adaptive:settings?colour=red",
        "urn:invigil:adaptive:settings?min-items=9&max-items=3",
        "urn:invigil:adaptive:settings?best=0",
    ],
)
def test_settings_that_make_no_sense_are_refused(href: str) -> None:
    with pytest.raises(adaptive.SettingsError):
        Settings.from_href(href)
