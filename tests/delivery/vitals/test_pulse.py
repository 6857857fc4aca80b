"""Heartbeats of the service: a gap in all of them is an outage, noticed once."""

import pytest

from delivery.models import Heartbeat, Outage
from delivery.vitals import pulse
from integrity import ledger
from tests.factories import after

pytestmark = pytest.mark.django_db


def outages() -> list[tuple[object, object]]:
    return list(Outage.objects.values_list("began_at", "ended_at"))


def test_the_first_heartbeat_of_all_follows_no_outage() -> None:
    assert pulse.beat("web", "web@a:1", after(0)) is None


def test_heartbeats_in_time_are_no_outage() -> None:
    for seconds in (0, 5, 10, 24):
        pulse.beat("web", "web@a:1", after(seconds))
    assert outages() == []


def test_a_gap_of_all_web_processes_is_an_outage_from_the_last_heartbeat_to_the_next() -> None:
    pulse.beat("web", "web@a:1", after(0))
    pulse.beat("web", "web@a:2", after(100))
    pulse.beat("web", "web@b:1", after(101))
    assert outages() == [(after(0), after(100))]
    [told] = ledger.read("service")
    assert told.kind == "service.outage"


def test_one_process_that_dies_among_others_is_no_outage() -> None:
    pulse.beat("web", "web@a:1", after(0))
    for seconds in range(0, 100, 5):
        pulse.beat("web", "web@b:1", after(seconds))
    pulse.beat("web", "web@a:2", after(100))
    assert outages() == []


def test_a_worker_is_heard_without_ending_an_outage_of_the_web() -> None:
    pulse.beat("web", "web@a:1", after(0))
    for seconds in range(0, 100, 5):
        pulse.beat("worker", "worker@a", after(seconds))
    assert pulse.served_since(after(100)) is None
    pulse.beat("web", "web@a:2", after(100))
    assert (outages(), pulse.served_since(after(101))) == ([(after(0), after(100))], after(100))


def test_rows_of_processes_long_gone_are_forgotten_but_never_the_last() -> None:
    pulse.beat("web", "web@a:1", after(0))
    pulse.beat("web", "web@a:2", after(10))
    pulse.forget(after(5 * 86_400))
    assert [row.process for row in Heartbeat.objects.all()] == ["web@a:2"]
