from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from delivery.models import AssessmentSession, Candidate, Enrolment, Sitting, State
from delivery.people import enrolments
from integrity.models import LockdownPolicy
from integrity.policy import lockdown
from tests import factories

pytestmark = pytest.mark.django_db
SignIn = Callable[[Candidate], Client]
CONSENT = {"consent": "1", "javascript": "1"}


def enrolled(**fields: object) -> Enrolment:
    window = {"opens_at": None, "closes_at": None, **fields}
    return factories.enrolment(factories.sitting(factories.published(seconds=3600), **window))


def supervised() -> LockdownPolicy:
    policy = lockdown.SUPERVISED_EXAM
    return LockdownPolicy.objects.create(
        name="Supervised", rules=lockdown.write_rules(policy.watched), requires_javascript=True
    )


def test_the_next_sitting_comes_first(sign_in: SignIn) -> None:
    enrolment = enrolled(title="Physics")
    later = factories.sitting(
        title="Chemistry", opens_at=timezone.now() + timedelta(days=1), closes_at=None
    )
    enrolments.enrol(later, enrolment.candidate, by="system", at=timezone.now())
    page = sign_in(enrolment.candidate).get("/").content.decode()
    assert page.index("Physics") < page.index("Chemistry")
    assert "This sitting opens at" in page


def test_a_candidate_without_sittings_is_told_what_to_do(sign_in: SignIn) -> None:
    page = sign_in(factories.candidate()).get("/").content.decode()
    assert "There is no sitting for you yet." in page


def test_somebody_who_is_no_candidate_lands_where_their_role_does(client: Client) -> None:
    client.force_login(factories.proctor())
    assert client.get("/").headers["Location"] == "/staff/"


def test_the_start_page_tells_the_candidate_s_own_time_and_why(sign_in: SignIn) -> None:
    enrolment = enrolled()
    Candidate.objects.update(time_multiplier=Decimal("1.25"))
    page = sign_in(enrolment.candidate).get(f"/sittings/{enrolment.pk}/").content.decode()
    assert "1 h 15 min" in page
    assert "+ 25 % extra" in page


def test_the_start_page_tells_what_is_recorded_and_what_follows(sign_in: SignIn) -> None:
    enrolment = enrolled(lockdown=supervised())
    page = sign_in(enrolment.candidate).get(f"/sittings/{enrolment.pk}/").content.decode()
    assert "When another tab or window hides the page" in page
    assert "You are reminded." in page


def test_nothing_starts_by_looking(sign_in: SignIn) -> None:
    enrolment = enrolled()
    sign_in(enrolment.candidate).get(f"/sittings/{enrolment.pk}/")
    assert AssessmentSession.objects.count() == 0


def test_starting_needs_the_tick(sign_in: SignIn) -> None:
    enrolment = enrolled()
    response = sign_in(enrolment.candidate).post(f"/sittings/{enrolment.pk}/", {})
    assert response.status_code == 409
    assert "Nothing has started yet." in response.content.decode()
    assert AssessmentSession.objects.count() == 0


def test_starting_leads_to_the_first_item_and_twice_is_once(sign_in: SignIn) -> None:
    enrolment = enrolled()
    client = sign_in(enrolment.candidate)
    first = client.post(f"/sittings/{enrolment.pk}/", CONSENT)
    second = client.post(f"/sittings/{enrolment.pk}/", CONSENT)
    session = AssessmentSession.objects.get()
    assert first.headers["Location"] == f"/sessions/{session.pk}/items/Q1/"
    assert second.headers["Location"] == first.headers["Location"]
    assert client.get(f"/sittings/{enrolment.pk}/").headers["Location"] == first.headers["Location"]


def test_a_supervised_sitting_refuses_to_start_without_javascript(sign_in: SignIn) -> None:
    enrolment = enrolled(lockdown=supervised())
    response = sign_in(enrolment.candidate).post(f"/sittings/{enrolment.pk}/", {"consent": "1"})
    assert response.status_code == 409
    assert "Switch it on and load the page again" in response.content.decode()
    assert AssessmentSession.objects.count() == 0


def test_a_sitting_that_has_not_opened_refuses_with_its_time(sign_in: SignIn) -> None:
    enrolment = enrolled(opens_at=timezone.now() + timedelta(hours=1))
    response = sign_in(enrolment.candidate).post(f"/sittings/{enrolment.pk}/", CONSENT)
    assert response.status_code == 409
    assert "This sitting opens at" in response.content.decode()


def test_a_candidate_waits_for_admission_where_the_sitting_asks_for_it(sign_in: SignIn) -> None:
    enrolment = enrolled(admission=True)
    page = sign_in(enrolment.candidate).get(f"/sittings/{enrolment.pk}/").content.decode()
    assert "Your proctor has not admitted you yet." in page
    assert "disabled" in page


def test_another_candidate_s_enrolment_does_not_exist(sign_in: SignIn) -> None:
    enrolment = enrolled()
    client = sign_in(factories.candidate("Bob Brown"))
    assert client.get(f"/sittings/{enrolment.pk}/").status_code == 404
    assert client.post(f"/sittings/{enrolment.pk}/", CONSENT).status_code == 404
    assert Sitting.objects.get(pk=enrolment.sitting_id).sessions.count() == 0


def test_a_session_s_own_address_leads_to_where_it_stands(sign_in: SignIn) -> None:
    enrolment = enrolled()
    client = sign_in(enrolment.candidate)
    client.post(f"/sittings/{enrolment.pk}/", CONSENT)
    session = AssessmentSession.objects.get()
    assert session.state == State.IN_PROGRESS
    there = client.get(f"/sessions/{session.pk}/").headers["Location"]
    assert there == f"/sessions/{session.pk}/items/Q1/"
