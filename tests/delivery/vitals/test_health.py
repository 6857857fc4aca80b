"""The checks say what is down and what it costs, and none of them waits for long."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from delivery.tasks import say
from delivery.vitals import health, pulse
from delivery.vitals.health import Check, Level
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db


def named(name: str) -> Check:
    return next(check for check in health.checks(after(100)) if check.name == name)


@pytest.fixture
def mute_port() -> Iterator[int]:
    """A port that takes connections and never says a word: a Redis that hangs."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)
        yield int(listening.getsockname()[1])


def test_the_database_answers_and_is_vital() -> None:
    check = named("database")
    assert (check.level in (Level.GOOD, Level.POOR), check.vital) == (True, True)


def test_without_a_redis_url_redis_is_not_used() -> None:
    assert named("redis").level is Level.UNUSED


def test_a_redis_that_hangs_is_down_and_candidates_go_on(settings: Any, mute_port: int) -> None:
    settings.REDIS_URL = f"redis://127.0.0.1:{mute_port}/0"
    found = health.checks(after(100))
    assert {check.name: check.level for check in found}["redis"] is Level.DOWN
    assert health.is_ready(found)


def test_a_redis_that_is_gone_is_down(settings: Any) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        settings.REDIS_URL = f"redis://127.0.0.1:{closed.getsockname()[1]}/0"
    assert named("redis").level is Level.DOWN


def test_a_worker_that_was_heard_lately_is_well_and_a_silent_one_is_down() -> None:
    assert named("worker").level is Level.DOWN
    pulse.beat("worker", "celery@one", after(90))
    assert named("worker").level is Level.GOOD
    assert named("beat").level is Level.DOWN


def test_a_task_of_beats_makes_both_heard() -> None:
    say.apply(  # type: ignore[call-arg]  # goes on to the request
        expires=timezone.now() + timedelta(seconds=10)
    )
    assert (pulse.last("worker") is not None, pulse.last("beat") is not None) == (True, True)


def test_the_sweep_is_late_by_the_session_that_is_due_for_longest() -> None:
    session = factories.session(factories.sitting(factories.published(seconds=60)))
    assert session.due_at == after(65)
    check = named("sweep")
    assert (check.level, check.figure) == (Level.POOR, 35.0)


def test_processes_that_ended_without_a_word_are_counted() -> None:
    pulse.beat("web", "web@a:1", after(0))
    pulse.beat("web", "web@a:2", after(99))
    pulse.beat("web", "web@a:3", after(98))
    pulse.stop("web@a:3", after(99))
    assert named("web").sentence == "1 live; 1 ended without a word within a day."


def test_the_page_tells_a_proctor_that_candidates_can_go_on() -> None:
    client = Client()
    client.force_login(factories.proctor())
    told = client.get("/staff/health/")
    assert (told.status_code, "Candidates can go on" in told.content.decode()) == (200, True)


def test_an_outage_is_offered_on_the_board_and_given_on_its_page_once() -> None:
    at = timezone.now()
    sitting = factories.sitting(opens_at=None, closes_at=None)
    proctor = factories.proctor("pia", sitting)
    session = factories.session(sitting, at=at - timedelta(minutes=30))
    pulse.beat("web", "web@a:1", at - timedelta(minutes=20))
    outage = pulse.beat("web", "web@a:2", at - timedelta(minutes=10))
    assert outage is not None
    client = Client()
    client.force_login(proctor)
    url = f"/proctor/{sitting.pk}/outages/{outage.pk}/"
    assert url in client.get(f"/proctor/{sitting.pk}/").content.decode()
    offered = client.get(url).content.decode()
    assert ("lost 10 min" in offered, "1 candidate lost time" in offered) == (True, True)
    posted = {"row": str(session.pk), "ready": "The service was interrupted"}
    assert "Done for 1 of 1" in client.post(url, posted).content.decode()
    assert "Done for 0 of 1" in client.post(url, posted).content.decode()
    session.refresh_from_db()
    assert session.adjusted_ms == 600_000
    assert url not in client.get(f"/proctor/{sitting.pk}/").content.decode()


def test_another_sittings_proctor_does_not_find_the_outage() -> None:
    sitting = factories.sitting()
    factories.session(sitting)
    pulse.beat("web", "web@a:1", after(20))
    outage = pulse.beat("web", "web@a:2", after(60))
    assert outage is not None
    client = Client()
    client.force_login(factories.proctor("quentin", factories.sitting()))
    assert client.get(f"/proctor/{sitting.pk}/outages/{outage.pk}/").status_code == 404


def test_the_clock_of_this_process_is_the_databases() -> None:
    check = named("clock")
    wanted = Level.GOOD if connection.vendor == "postgresql" else Level.UNUSED
    assert check.level is wanted
