from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from delivery.models import AssessmentSession, Candidate, Sitting, State
from delivery.session import interventions, scoring
from tests import factories
from tests.factories import Part

pytestmark = pytest.mark.django_db
SignIn = Callable[[Candidate], Client]
Begin = Callable[..., AssessmentSession]
TWO_PARTS = (Part("P1", ("Q1", "Q2")), Part("P2", ("Q3",)))


def url(session: AssessmentSession, path: str) -> str:
    return f"/sessions/{session.pk}/{path}/"


def answered(client: Client, session: AssessmentSession, key: str, value: str = "A") -> None:
    posted = {"r.RESPONSE": value, "base_revision": "0"}
    client.post(url(session, f"items/{key}"), posted)


def test_the_review_counts_and_filters(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client = sign_in(session.candidate)
    answered(client, session, "Q1")
    client.post(url(session, "items/Q2"), {"go": "flag"})
    page = client.get(url(session, "review")).content.decode()
    assert "<b>1</b> answered" in page
    assert "<b>2</b> unanswered" in page
    assert "<b>1</b> flagged" in page
    only = client.get(url(session, "review") + "?show=answered").content.decode()
    assert (url(session, "items/Q1") in only, url(session, "items/Q3") in only) == (True, False)


def test_an_unknown_filter_shows_all(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    page = sign_in(session.candidate).get(url(session, "review") + "?show=x").content.decode()
    assert url(session, "items/Q3") in page


def test_submitting_repeats_the_counts_and_only_a_post_submits(
    begin: Begin, sign_in: SignIn
) -> None:
    session = begin()
    client = sign_in(session.candidate)
    answered(client, session, "Q1")
    page = client.get(url(session, "submit")).content.decode()
    assert "2 items are unanswered." in page
    session.refresh_from_db()
    assert session.state == State.IN_PROGRESS
    response = client.post(url(session, "submit"))
    session.refresh_from_db()
    assert response.headers["Location"] == url(session, "receipt")
    assert session.state == State.COMPLETED


def test_submitting_twice_finds_the_same_receipt(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client = sign_in(session.candidate)
    places = [client.post(url(session, "submit")).headers["Location"] for _again in range(2)]
    assert places == [url(session, "receipt")] * 2


def test_the_receipt_is_worth_keeping(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client = sign_in(session.candidate)
    answered(client, session, "Q1")
    client.post(url(session, "submit"))
    session.refresh_from_db()
    page = client.get(url(session, "receipt")).content.decode()
    assert session.receipt_code in page
    assert session.candidate.name in page
    assert "1 of 3 items" in page


def test_a_part_ends_by_a_confirmation_and_for_good(begin: Begin, sign_in: SignIn) -> None:
    session = begin(*TWO_PARTS)
    client = sign_in(session.candidate)
    page = client.get(url(session, "part")).content.decode()
    assert "You cannot return to this part once you go on." in page
    assert "<b>2</b> items" in page
    response = client.post(url(session, "part"))
    assert response.headers["Location"] == url(session, "items/Q3")
    behind = client.get(url(session, "items/Q1"))
    assert behind.status_code == 403
    assert "You have finished this part of the test" in behind.content.decode()


def test_a_session_that_ends_by_time_leads_to_its_receipt(begin: Begin, sign_in: SignIn) -> None:
    session = begin(seconds=60)
    past = timezone.now() - timedelta(minutes=2)
    AssessmentSession.objects.update(
        started_at=past, since=past, due_at=past + timedelta(seconds=65)
    )
    client = sign_in(session.candidate)
    response = client.get(url(session, "items/Q1"))
    session.refresh_from_db()
    assert response.headers["Location"] == url(session, "receipt")
    assert (session.state, session.finished_at) == (State.EXPIRED, past + timedelta(seconds=60))
    assert "Your time is up" in client.get(url(session, "receipt")).content.decode()


def test_a_terminated_session_says_why(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    interventions.terminate(
        session.pk, reason="Wrong room.", by=factories.proctor(), at=timezone.now()
    )
    page = sign_in(session.candidate).get(url(session, "receipt")).content.decode()
    assert "Your test was ended by a proctor." in page
    assert "Wrong room." in page
    assert "The result is withheld until staff decide." in page


def test_a_result_waits_for_its_release(begin: Begin, sign_in: SignIn) -> None:
    session = begin(release=Sitting.Release.MANUAL)
    client = sign_in(session.candidate)
    client.post(url(session, "submit"))
    scoring.score(session.pk, timezone.now())
    assert client.get(url(session, "result")).status_code == 409
    assert "when staff release it" in client.get(url(session, "receipt")).content.decode()


def test_a_released_result_shows_total_and_sections(begin: Begin, sign_in: SignIn) -> None:
    session = begin(*TWO_PARTS, release=Sitting.Release.SUBMISSION)
    client = sign_in(session.candidate)
    answered(client, session, "Q1", "A")
    answered(client, session, "Q2", "B")
    client.post(url(session, "submit"))
    waiting = client.get(url(session, "receipt")).content.decode()
    assert "Your answers are being scored." in waiting
    scoring.score(session.pk, timezone.now())
    page = client.get(url(session, "result")).content.decode()
    assert "of 3 points" in page
    assert "33 %" in page
    assert "Section P1" in page


def test_a_running_session_has_no_receipt_yet(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    response = sign_in(session.candidate).get(url(session, "receipt"))
    assert response.headers["Location"] == url(session, "items/Q1")
