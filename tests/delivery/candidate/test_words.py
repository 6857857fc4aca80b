from collections import defaultdict

import pytest

from delivery.candidate import words
from delivery.rules.refusals import SENTENCES, Reason, Refusal


@pytest.mark.parametrize(
    ("ms", "written"),
    [(0, "0:00"), (1, "0:01"), (59_001, "1:00"), (3_600_000, "1:00:00"), (3_905_000, "1:05:05")],
)
def test_what_is_left_is_rounded_up(ms: int, written: str) -> None:
    assert words.countdown(ms) == written


@pytest.mark.parametrize(
    ("ms", "written"),
    [
        (None, "no time limit"),
        (32_000, "32 s"),
        (3_600_000, "1 h"),
        (3_900_000, "1 h 05 min"),
        (6_750_000, "1 h 52 min 30 s"),
        (0, "0 s"),
    ],
)
def test_a_span_is_written_in_words(ms: int | None, written: str) -> None:
    assert words.span(ms) == written


@pytest.mark.parametrize(
    ("value", "written"),
    [(None, ""), (3.0, "3"), (2.5, "2.5"), (0.333333, "0.33"), (0.0, "0"), (12.999, "13")],
)
def test_a_score_is_written_without_needless_decimals(value: float | None, written: str) -> None:
    assert words.number(value) == written


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit Chrome/126.0 Safari/537", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/127.0", "Firefox on Windows"),
        ("Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) Safari/604.1", "Safari on iPad"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Safari/537 Edg/126.0", "Edge on Windows"),
        ("curl/8", "a browser"),
    ],
)
def test_a_device_is_named_as_a_person_would(agent: str, name: str) -> None:
    assert words.device_of(agent) == name


@pytest.mark.parametrize("reason", list(Reason))
def test_every_refusal_has_a_sentence_that_its_facts_fill(reason: Reason) -> None:
    facts: dict[str, str] = defaultdict(lambda: "7")
    assert reason in SENTENCES
    assert "%(" not in words.sentence(Refusal(reason, facts))
