from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from delivery.models import AssessmentSession, Candidate, State
from delivery.session import interventions, sessions
from integrity.models import LockdownPolicy
from integrity.policy import lockdown
from tests import factories

pytestmark = pytest.mark.django_db
SignIn = Callable[[Candidate], Client]
Begin = Callable[..., AssessmentSession]
REASON = "A technical problem in the room."


def paused(session: AssessmentSession) -> str:
    sessions.pause(session.pk, paused_by="proctor", reason=REASON, by="user:1", at=timezone.now())
    return f"/sessions/{session.pk}/paused/"


def test_a_pause_hides_the_item_on_the_server(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    url = paused(session)
    client = sign_in(session.candidate)
    assert client.get(f"/sessions/{session.pk}/items/Q1/").headers["Location"] == url
    page = client.get(url).content.decode()
    assert "Choice A" not in page
    assert REASON in page
    assert "Your clock stopped at" in page
    assert "Continue the test" not in page


def test_looking_never_resumes(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    url = paused(session)
    interventions.permit_resume(session.pk, by=factories.proctor(), reason="", at=timezone.now())
    client = sign_in(session.candidate)
    assert "Continue the test" in client.get(url).content.decode()
    client.get(f"/sessions/{session.pk}/timer/")
    session.refresh_from_db()
    assert session.state == State.PAUSED


def test_the_candidate_goes_on_by_their_own_act_where_it_is_permitted(
    begin: Begin, sign_in: SignIn
) -> None:
    session = begin()
    url = paused(session)
    client = sign_in(session.candidate)
    refused = client.post(url)
    assert refused.status_code == 403
    assert "Your proctor has to allow you to go on." in refused.content.decode()
    interventions.permit_resume(session.pk, by=factories.proctor(), reason="", at=timezone.now())
    assert client.post(url).headers["Location"] == f"/sessions/{session.pk}/items/Q1/"


def test_a_supervised_session_does_not_go_on_without_javascript(
    begin: Begin, sign_in: SignIn
) -> None:
    policy = LockdownPolicy.objects.create(
        name="Supervised",
        rules=lockdown.write_rules(lockdown.SUPERVISED_EXAM.watched),
        requires_javascript=True,
    )
    session = begin(lockdown=policy, leaving=True)
    sessions.pause(
        session.pk, paused_by="candidate", reason="", by="candidate:1", at=timezone.now()
    )
    client, url = sign_in(session.candidate), f"/sessions/{session.pk}/paused/"
    assert client.post(url).status_code == 403
    assert client.post(url, {"javascript": "1"}).status_code == 302


def test_the_paused_page_leads_on_when_the_session_runs(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    response = sign_in(session.candidate).get(f"/sessions/{session.pk}/paused/")
    assert response.headers["Location"] == f"/sessions/{session.pk}/items/Q1/"
