"""In a cluster a page's one statement brings the sign-in along, and asks it no less."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from delivery.models import AssessmentSession, Candidate
from tests.factories import Part

pytestmark = pytest.mark.django_db
Begin = Callable[..., AssessmentSession]
SignIn = Callable[[Candidate], Client]


@pytest.fixture(autouse=True)
def _in_the_database(settings: Any) -> None:
    settings.SESSION_ENGINE = "delivery.hosting.signins"


def page(client: Client, session: AssessmentSession) -> int:
    return client.get(f"/sessions/{session.pk}/items/Q1/").status_code


def test_page_asks_one_statement(begin: Begin, sign_in: SignIn) -> None:
    session = begin(Part(items=["Q1"]))
    client = sign_in(session.candidate)
    assert page(client, session) == 200
    with CaptureQueriesContext(connection) as asked:
        assert page(client, session) == 200
    assert len(asked) == 1


def test_sign_out_counts_at_once(begin: Begin, sign_in: SignIn) -> None:
    session = begin(Part(items=["Q1"]))
    client = sign_in(session.candidate)
    assert page(client, session) == 200
    Session.objects.all().delete()
    assert page(client, session) == 302


def test_sign_in_ends_with_its_time(begin: Begin, sign_in: SignIn) -> None:
    session = begin(Part(items=["Q1"]))
    client = sign_in(session.candidate)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert page(client, session) == 302


def test_sign_in_of_another_candidate_opens_nothing(begin: Begin, sign_in: SignIn) -> None:
    session, other = begin(Part(items=["Q1"])), begin(Part(items=["Q1"]))
    client = sign_in(other.candidate)
    assert page(client, other) == 200
    assert page(client, session) == 404


def test_session_that_is_not_there_is_told_after_the_sign_in(begin: Begin, sign_in: SignIn) -> None:
    client = sign_in(begin(Part(items=["Q1"])).candidate)
    assert client.get(f"/sessions/{uuid4()}/items/Q1/").status_code == 404
    assert Client().get(f"/sessions/{uuid4()}/items/Q1/").status_code == 302


def test_account_that_was_blocked_is_signed_out(begin: Begin, sign_in: SignIn) -> None:
    session = begin(Part(items=["Q1"]))
    client = sign_in(session.candidate)
    user = session.candidate.user
    user.is_active = False
    user.save()
    assert page(client, session) == 302


def test_what_a_page_keeps_with_the_sign_in_is_kept(begin: Begin, sign_in: SignIn) -> None:
    session = begin(Part(items=["Q1", "Q2"]))
    client = sign_in(session.candidate)
    assert page(client, session) == 200
    kept = client.session
    kept["noted"] = "here"
    kept.save()
    assert page(client, session) == 200
    assert client.session["noted"] == "here"
