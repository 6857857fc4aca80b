"""Two proctors act in the same moment: one act counts, and the other is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from delivery.models import AssessmentSession
from delivery.rules.refusals import Reason
from delivery.sitting import proctoring
from delivery.sitting.proctoring import Act, Extend, Pause, Result
from integrity import ledger
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = 60_000
PROCTORS = 4


def at_once(act: Act, session: AssessmentSession) -> list[Result]:
    """Let several proctors do the same act at the same time."""
    users = [factories.proctor(f"p{number}", session.sitting) for number in range(PROCTORS)]
    ready = Barrier(PROCTORS)

    def do(number: int) -> Result:
        try:
            ready.wait(10)
            [result] = proctoring.apply(act, [session.pk], users[number], after(60))
            return result
        finally:
            connections.close_all()

    with ThreadPoolExecutor(PROCTORS) as pool:
        return list(pool.map(do, range(PROCTORS)))


def refused(results: list[Result]) -> list[Reason]:
    return [one.refusal.reason for one in results if one.refusal is not None]


def test_one_pause_counts_and_the_others_see_that_it_is_paused_already() -> None:
    session = factories.session()
    results = at_once(Pause("alarm"), session)
    assert [one.done for one in results].count(True) == 1
    assert refused(results) == [Reason.ALREADY_PAUSED] * (PROCTORS - 1)
    told = [entry.kind for entry in ledger.read(session.stream)]
    assert told.count("session.paused") == 1


def test_the_same_time_is_given_once() -> None:
    session = factories.session()
    results = at_once(Extend("lost time", ms=MINUTE, seen_ms={session.pk: 0}), session)
    assert [one.done for one in results].count(True) == 1
    assert refused(results) == [Reason.CHANGED_MEANWHILE] * (PROCTORS - 1)
    assert AssessmentSession.objects.get(pk=session.pk).adjusted_ms == MINUTE
