"""Times, incidents and stamps of a row, as the board writes them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from delivery.proctor import forms, lines
from delivery.proctor.showing import Showing
from delivery.seat import presence
from delivery.session import sessions
from delivery.sitting import proctoring
from tests import factories
from tests.factories import NOON, after


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (0, "0 s"),
        (999, "0 s"),
        (32_000, "32 s"),
        (60_000, "1 min"),
        (1_930_999, "32:10"),
        (3_599_999, "59:59"),
        (3_600_000, "1 h 00 min"),
        (5_399_999, "1 h 29 min"),
        (36_000_000, "10 h 00 min"),
    ],
)
def test_time_left_is_written_one_way(ms: int, words: str) -> None:
    assert lines.left(ms) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "59 min"), (3600, "1 h")],
)
def test_an_age_is_written_in_its_largest_unit(seconds: int, words: str) -> None:
    assert lines.ago(NOON - timedelta(seconds=seconds), NOON) == words


def test_an_incident_has_the_words_of_its_signal_and_an_unknown_one_its_own() -> None:
    assert lines.incident("tab_hidden") == "Page hidden"
    assert lines.incident("radio_silence") == "radio silence"


@pytest.mark.django_db
def test_a_stamp_changes_with_the_row_and_not_with_the_time_that_ticks() -> None:
    session = factories.session()
    user = factories.proctor("paula", session.sitting)

    def stamp(seconds: float) -> str:
        at = after(seconds)
        [row] = proctoring.board(user, at)
        return lines.line(row, at).stamp

    first = stamp(1)
    assert stamp(2) == first
    presence.ask_help(session.pk, after(3), by="candidate:1")
    assert stamp(4) != first
    asked = stamp(4)
    sessions.pause(session.pk, paused_by="proctor", reason="x", by="user:1", at=after(5))
    paused = stamp(6)
    assert paused != asked
    assert stamp(600) == paused


def test_targets_are_read_once_each_and_nonsense_is_left_out() -> None:
    known = "6a7d0f0e-3b9f-4f7c-9a55-0e4cbb6b9d11"
    found = forms.read_targets([known, "12", "12", "²", "", "x", "9" * 30, known.upper()])
    assert [str(one) for one in found] == [known, "12"]


def test_seen_times_are_read_by_session_and_nonsense_is_left_out() -> None:
    known = "6a7d0f0e-3b9f-4f7c-9a55-0e4cbb6b9d11"
    found = forms.read_seen([f"{known}:60000", "12:5", f"{known}", f"{known}:x", ""])
    assert {str(key): ms for key, ms in found.items()} == {known: 60_000}


def test_a_filter_that_is_not_known_shows_everything() -> None:
    asked = Showing.read({"standing": "expelled", "find": "  Ann "})
    assert asked == Showing(standing="", room="", find="Ann")
    assert asked.query("paused") == "standing=paused&find=Ann"
