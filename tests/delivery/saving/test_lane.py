"""The lane of a process: saves over HTTP that came while it was busy go in one commit."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone

from delivery.candidate import backend
from delivery.models import AssessmentSession, ResponseRevision
from delivery.saving import lane
from delivery.saving.responses import Saved
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE_SECONDS = 30.0
NUMBER = 4


@pytest.fixture(autouse=True)
def _lane() -> Iterator[None]:
    yield
    lane.stop()


def until(ask: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not ask() and time.monotonic() < ends:
        time.sleep(0.01)
    assert ask()


def poster(session: AssessmentSession) -> Callable[[], dict[str, object]]:
    """Return an act that saves by HTTP, on a connection of its own."""
    client = Client()
    client.force_login(session.candidate.user, backend=backend.PATH)
    frame = {
        "item": "Q1", "value": [["r.RESPONSE", "B"]], "base_revision": 0, "client_seq": 1,
        "key": f"http-{session.pk}", "elapsed_ms": 1, "epoch": 0, "writer": "page",
    }  # fmt: skip

    def post() -> dict[str, object]:
        try:
            answer = client.post(
                f"/sessions/{session.pk}/save/",
                json.dumps({"saves": [frame]}),
                content_type="application/json",
            )
            told: list[dict[str, object]] = answer.json()["frames"]
            return told[0]
        finally:
            connections.close_all()

    return post


def transactions() -> set[int]:
    """Name the transactions that wrote the answers, where the database says so."""
    if connection.vendor != "postgresql":
        return {0}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xmin::text::bigint FROM delivery_responserevision WHERE key LIKE 'http-%'"
        )
        return {number for (number,) in cursor.fetchall()}


def test_saves_over_http_share_the_commit_of_what_waited_with_them() -> None:
    sitting, now = factories.sitting(opens_at=None, closes_at=None), timezone.now()
    first, *others = [
        factories.session(sitting, factories.candidate(f"C {number}"), at=now)
        for number in range(NUMBER + 1)
    ]
    posts = [poster(session) for session in others]
    with ThreadPoolExecutor(NUMBER) as pool:
        # The lane waits for this transaction, and the requests for the lane.
        with transaction.atomic():
            AssessmentSession.objects.select_for_update().filter(pk=first.pk).update(version=9)
            held = lane.submit(factories.save(first, "Q1", received_at=now))
            until(lambda: lane.waiting() == 0)
            asked = [pool.submit(post) for post in posts]
            until(lambda: lane.waiting() == NUMBER)
        told = [one.result(PATIENCE_SECONDS) for one in asked]
        assert isinstance(held.result(PATIENCE_SECONDS), Saved)
    assert [(one["type"], one["item"]) for one in told] == [("saved", "Q1")] * NUMBER
    assert ResponseRevision.objects.count() == NUMBER + 1
    assert len(transactions()) == 1, transactions()


def test_a_connection_that_died_between_two_answers_costs_none() -> None:
    session = factories.session()
    first = lane.submit(factories.save(session, "Q1", writer="page", client_seq=1))
    assert isinstance(first.result(PATIENCE_SECONDS), Saved)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
    second = lane.submit(factories.save(session, "Q1", "B", writer="page", client_seq=2))
    assert isinstance(second.result(PATIENCE_SECONDS), Saved)
