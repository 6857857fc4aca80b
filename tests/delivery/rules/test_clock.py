from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.rules import clock
from delivery.rules.clock import Clock, Kind, Scope

ELEVEN = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
HOUR = 3_600_000
PLAIN = Clock(started_at=ELEVEN, base_ms=HOUR, grace_ms=5000)


def past(seconds: float) -> datetime:
    return ELEVEN + timedelta(seconds=seconds)


def test_the_deadline_is_the_start_and_the_time_limit() -> None:
    assert clock.deadline(PLAIN, ELEVEN) == past(3600)


def test_at_the_deadline_itself_the_time_is_not_over() -> None:
    assert not clock.is_over(PLAIN, past(3600))
    assert clock.is_over(PLAIN, past(3600.001))


@pytest.mark.parametrize(
    ("seconds", "accepted"), [(0, True), (3600, True), (3605, True), (3605.001, False)]
)
def test_a_save_is_accepted_until_the_grace_is_over(seconds: float, accepted: bool) -> None:
    assert clock.accepts(PLAIN, past(seconds)) == accepted


def test_a_multiplier_scales_the_limit_and_fixed_minutes_are_added_once() -> None:
    given_time = replace(PLAIN, multiplier=Decimal("1.25"), fixed_ms=10 * 60_000)
    assert clock.deadline(given_time, ELEVEN) == past(75 * 60 + 600)


def test_unlimited_lifts_the_limit_but_not_the_window() -> None:
    unlimited = replace(PLAIN, unlimited=True, closes_at=past(2 * 3600))
    assert clock.test_deadline(unlimited, ELEVEN) is None
    assert clock.deadline(unlimited, ELEVEN) == past(2 * 3600)


def test_the_window_ends_a_late_start() -> None:
    late = replace(PLAIN, closes_at=past(1800))
    reading = clock.read(late, ELEVEN)
    assert (reading.deadline, reading.bites) == (past(1800), "window")
    assert reading.sentence == (
        "11:30; the time limit of 60 min would end at 12:00 and does not limit; "
        "the window closes at 11:30"
    )


def test_a_running_pause_moves_the_deadline_and_keeps_what_is_left() -> None:
    paused = replace(PLAIN, paused_at=past(600))
    first, later = clock.read(paused, past(600)), clock.read(paused, past(1624))
    assert (first.remaining_ms, later.remaining_ms) == (3_000_000, 3_000_000)
    assert later.deadline == past(3600 + 1024)
    assert not later.running


def test_a_pause_moves_the_window_only_where_the_window_waits() -> None:
    paused = replace(PLAIN, base_ms=None, closes_at=past(1800), paused_at=past(600))
    assert clock.read(paused, past(856)).remaining_ms == 944_000
    assert clock.read(replace(paused, window_waits=True), past(856)).remaining_ms == 1_200_000


def test_the_deadline_explains_itself() -> None:
    told = replace(
        PLAIN,
        multiplier=Decimal("1.25"),
        paused_ms=1_930_000,
        adjusted_ms=60_000,
        closes_at=past(7200),
    )
    assert clock.read(told, ELEVEN).sentence == (
        "12:48:10 = start 11:00 + 60 min + 25 % extra (15 min) + 32:10 paused "
        "+ 1 min given by a proctor; the window closing at 13:00 does not limit"
    )


def test_a_window_on_another_day_is_told_with_its_date() -> None:
    week = replace(PLAIN, closes_at=past(7 * 86_400))
    assert clock.read(week, ELEVEN).sentence == (
        "12:00 = start 11:00 + 60 min; the window closing at 2026-03-09 11:00 does not limit"
    )


def test_a_session_without_limits_says_so() -> None:
    free = replace(PLAIN, base_ms=None)
    reading = clock.read(free, ELEVEN)
    assert (reading.deadline, reading.remaining_ms, reading.bites) == (None, None, "")
    assert reading.sentence == "There is no time limit"
    assert clock.due(free, ELEVEN) is None


def section(limit_ms: int = 600_000, *, spent_ms: int = 0) -> Scope:
    return Scope("section:S1", Kind.SECTION, "Reading", limit_ms, spent_ms=spent_ms)


def test_the_section_bites_before_the_test() -> None:
    inside = replace(PLAIN, since=past(60), scopes=(section(spent_ms=64_000),))
    reading = clock.read(inside, past(60))
    assert reading.bites == "section:S1"
    assert [scope.remaining_ms for scope in reading.scopes] == [536_000]
    assert clock.due(inside, past(60)) == past(60 + 536 + 5)


def test_a_section_stands_while_nobody_is_in_it() -> None:
    outside = replace(PLAIN, since=None, scopes=(section(spent_ms=64_000),))
    assert clock.read(outside, past(900)).scopes[0].remaining_ms == 536_000


def test_the_first_scope_to_run_out_is_found_after_its_grace() -> None:
    inside = replace(PLAIN, since=ELEVEN, scopes=(section(),))
    assert clock.expired_scope(inside, past(600), grace=False) is None
    found = clock.expired_scope(inside, past(601), grace=False)
    assert found is not None
    assert (found[0].id, found[1]) == ("section:S1", past(600))
    assert clock.expired_scope(inside, past(605), grace=True) is None


def test_a_soft_scope_is_shown_and_never_ends_anything() -> None:
    soft = Scope("section:S1", Kind.SECTION, "Reading", 600_000, soft=True)
    inside = replace(PLAIN, since=ELEVEN, scopes=(soft,))
    assert clock.expired_scope(inside, past(3000), grace=False) is None
    assert clock.read(inside, past(3000)).bites == "test"
    assert clock.due(inside, ELEVEN) == past(3605)


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (32_000, "32 s"),
        (60_000, "1 min"),
        (HOUR, "60 min"),
        (1_930_000, "32:10"),
        (7_500_000, "2 h 05 min"),
        (7_200_000, "2 h"),
    ],
)
def test_spans_are_written_one_way(ms: int, words: str) -> None:
    assert clock.span_of(ms) == words


spans = st.integers(min_value=0, max_value=10 * HOUR)


@given(base=spans, paused=spans, adjusted=spans, at=spans)
def test_a_pause_never_costs_time(base: int, paused: int, adjusted: int, at: int) -> None:
    now = ELEVEN + timedelta(milliseconds=at)
    before = replace(PLAIN, base_ms=base, adjusted_ms=adjusted)
    after = replace(before, paused_ms=paused)
    shifted = now + timedelta(milliseconds=paused)
    assert clock.read(before, now).remaining_ms == clock.read(after, shifted).remaining_ms


@given(base=spans, window=spans, spent=spans, at=spans)
def test_what_is_due_is_never_later_than_any_limit(
    base: int, window: int, spent: int, at: int
) -> None:
    now = ELEVEN + timedelta(milliseconds=at)
    closes = ELEVEN + timedelta(milliseconds=window)
    one = replace(
        PLAIN, base_ms=base, closes_at=closes, since=now, scopes=(section(HOUR, spent_ms=spent),)
    )
    due = clock.due(one, now)
    limits = [clock.test_deadline(one, now), closes, clock.scope_deadline(one, one.scopes[0], now)]
    assert due == min(limit for limit in limits if limit is not None) + timedelta(seconds=5)
