"""The story of a session, folded into how it stands; the machine tries every order of it."""

import pytest

from delivery.facts import replay
from delivery.session import desk, interventions, sessions
from integrity import ledger
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db


def test_no_story_is_a_session_that_has_not_started() -> None:
    assert replay.replay([]).state == "not_started"


def test_a_story_tells_where_the_session_stands_and_what_is_answered() -> None:
    session = factories.session()
    factories.answer(session, "Q1", received_at=after(60))
    by = factories.proctor()
    interventions.extend(session.pk, ms=60_000, reason="x", by=by, at=after(61))
    told = replay.replay(ledger.read(session.stream))
    assert (told.state, told.deadline, told.position) == ("in_progress", after(3660), "Q1")
    assert (told.given_ms, told.answers["Q1"][0]) == (60_000, 1)


def test_a_submission_in_the_grace_was_over_at_the_deadline() -> None:
    session = factories.session()
    sessions.complete(session.pk, after(3603), by="candidate:1", confirmed=True)
    told = replay.replay(ledger.read(session.stream))
    assert (told.state, told.finished_at) == ("completed", after(3600))
    assert desk.read(session.pk).session.finished_at == told.finished_at
