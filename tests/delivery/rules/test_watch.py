"""The board's pure rules, probed on both sides of each edge."""

from datetime import UTC, datetime, timedelta

import pytest

from delivery.rules import watch
from delivery.rules.watch import Concern, Connection, Standing, Vitals

NOW = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


@pytest.mark.parametrize(
    ("silence", "expected"),
    [
        (0, Connection.ONLINE),
        (19.999, Connection.ONLINE),
        (20, Connection.UNSTABLE),
        (44.999, Connection.UNSTABLE),
        (45, Connection.OFFLINE),
        (3600, Connection.OFFLINE),
    ],
)
def test_contact_worsens_at_twenty_and_at_forty_five_seconds(
    silence: float, expected: Connection
) -> None:
    vitals = Vitals(Standing.IN_PROGRESS, last_seen_at=NOW - seconds(silence))
    assert watch.connection(vitals, NOW) == expected


def test_a_closed_socket_is_unstable_before_any_silence_is_noticed() -> None:
    vitals = Vitals(Standing.IN_PROGRESS, last_seen_at=NOW, disconnected_at=NOW)
    assert watch.connection(vitals, NOW) == Connection.UNSTABLE


def test_somebody_who_was_never_heard_is_never_offline() -> None:
    vitals = Vitals(Standing.IN_PROGRESS)
    assert watch.connection(vitals, NOW) == Connection.NEVER
    assert watch.concern(vitals, NOW) == Concern.NONE


@pytest.mark.parametrize(
    ("state", "closes", "expected"),
    [
        (None, None, Standing.NOT_STARTED),
        (None, 1, Standing.NOT_STARTED),
        (None, 0, Standing.ABSENT),
        ("not_started", 0, Standing.ABSENT),
        ("not_started", 1, Standing.NOT_STARTED),
        ("in_progress", 0, Standing.IN_PROGRESS),
        ("paused", -60, Standing.PAUSED),
        ("expired", -60, Standing.EXPIRED),
    ],
)
def test_absent_is_never_started_at_the_windows_end(
    state: str | None, closes: float | None, expected: Standing
) -> None:
    closes_at = None if closes is None else NOW + seconds(closes)
    assert watch.standing(state, closes_at, NOW) == expected


@pytest.mark.parametrize(
    ("vitals", "expected"),
    [
        (Vitals(Standing.IN_PROGRESS, help_requested_at=NOW), Concern.HELP),
        (Vitals(Standing.PAUSED, waiting=True), Concern.WAITING),
        (Vitals(Standing.NOT_STARTED, waiting=True), Concern.WAITING),
        (Vitals(Standing.IN_PROGRESS, last_seen_at=NOW - seconds(45)), Concern.OFFLINE),
        (Vitals(Standing.IN_PROGRESS, last_seen_at=NOW - seconds(20)), Concern.UNSTABLE),
        (Vitals(Standing.PAUSED, last_seen_at=NOW - seconds(600)), Concern.NONE),
        (Vitals(Standing.IN_PROGRESS, incidents=1), Concern.INCIDENTS),
        (Vitals(Standing.IN_PROGRESS, remaining_ms=300_000), Concern.LITTLE_TIME),
        (Vitals(Standing.IN_PROGRESS, remaining_ms=300_001), Concern.NONE),
        (Vitals(Standing.PAUSED, remaining_ms=1_000), Concern.NONE),
        (Vitals(Standing.COMPLETED, help_requested_at=NOW, incidents=9), Concern.NONE),
        (Vitals(Standing.ABSENT, help_requested_at=NOW), Concern.NONE),
        (
            Vitals(Standing.IN_PROGRESS, incidents=2, remaining_ms=1, help_requested_at=NOW),
            Concern.HELP | Concern.INCIDENTS | Concern.LITTLE_TIME,
        ),
    ],
)
def test_each_concern_has_its_cause(vitals: Vitals, expected: Concern) -> None:
    assert watch.concern(vitals, NOW) == expected


def test_rows_sort_by_help_then_waiting_then_contact_then_incidents_then_time() -> None:
    seen = NOW
    ladder = [
        Vitals(Standing.IN_PROGRESS, seen, help_requested_at=NOW),
        Vitals(Standing.PAUSED, waiting=True, incidents=3),
        Vitals(Standing.IN_PROGRESS, NOW - seconds(60)),
        Vitals(Standing.IN_PROGRESS, seen, incidents=1, remaining_ms=1),
        Vitals(Standing.IN_PROGRESS, seen, incidents=9),
        Vitals(Standing.IN_PROGRESS, NOW - seconds(30)),
        Vitals(Standing.IN_PROGRESS, seen, remaining_ms=1),
        Vitals(Standing.IN_PROGRESS, seen),
        Vitals(Standing.PAUSED, seen),
        Vitals(Standing.NOT_STARTED),
        Vitals(Standing.ABSENT),
        Vitals(Standing.COMPLETED, seen, incidents=9),
    ]
    needs = [watch.need(vitals, NOW) for vitals in ladder]
    assert needs == sorted(needs, reverse=True)
    assert len(set(needs)) == len(needs)
