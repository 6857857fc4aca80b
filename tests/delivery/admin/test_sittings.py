from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from delivery.models import AssessmentSession, Quarantine, Sitting
from integrity import ledger
from tests import factories
from tests.delivery.admin.office import ADMIN, finished, form_of
from tests.factories import NOON, after

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "name", ["sitting", "candidate", "enrolment", "assessmentsession", "quarantine"]
)
@pytest.mark.parametrize("count", [1, 3])
def test_lists_take_as_many_queries_for_one_row_as_for_three(
    name: str, count: int, staff: Client, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for number in range(count):
        session = finished(factories.sitting(title=f"S{number}"), f"Candidate {number}", number)
        Quarantine.objects.create(
            session=session, item_key="Q1", key="k", value="A", reason="late", received_at=NOON
        )
    with django_assert_max_num_queries(12):
        page = staff.get(f"{ADMIN}{name}/")
    assert page.status_code == 200


def test_a_sitting_is_made_with_its_duration_in_minutes_and_its_fact(staff: Client) -> None:
    draft = factories.sitting()
    data = form_of(draft, title="Chemistry", duration_minutes="45")
    assert staff.post(f"{ADMIN}sitting/add/", data).status_code == 302
    made = Sitting.objects.get(title="Chemistry")
    assert made.duration_seconds == 2700
    assert [entry.kind for entry in ledger.read(f"sitting:{made.pk}")] == ["sitting.created"]


def test_a_window_that_closes_before_it_opens_is_refused_by_the_form(staff: Client) -> None:
    sitting = factories.sitting()
    data = form_of(sitting, closes_at=after(-7200))
    page = staff.post(f"{ADMIN}sitting/{sitting.pk}/change/", data)
    assert "The window must open before it closes." in page.content.decode()


def test_a_moved_window_moves_the_deadline_of_running_sessions(staff: Client) -> None:
    at = timezone.now().replace(microsecond=0)
    sitting = factories.sitting(opens_at=at - timedelta(hours=1), closes_at=at + timedelta(hours=3))
    session = factories.session(sitting, at=at)
    assert session.deadline == at + timedelta(hours=1)
    sooner = at + timedelta(minutes=16)
    response = staff.post(
        f"{ADMIN}sitting/{sitting.pk}/change/", form_of(sitting, closes_at=sooner)
    )
    assert response.status_code == 302
    moved = AssessmentSession.objects.get(pk=session.pk)
    assert moved.deadline == sooner
    assert moved.due_at == sooner + timedelta(seconds=5)
    last = ledger.read(session.stream)[-1]
    assert (last.kind, last.payload["deadline"]) == ("window.moved", sooner.timestamp() * 1000)


def test_a_sitting_with_sessions_keeps_its_version_of_the_test(staff: Client) -> None:
    session = factories.session()
    other = factories.published()
    data = form_of(session.sitting, test_version=other.pk)
    staff.post(f"{ADMIN}sitting/{session.sitting_id}/change/", data)
    assert Sitting.objects.get(pk=session.sitting_id).test_version_id != other.pk


def test_the_page_of_a_sitting_says_what_is_doubtful(staff: Client) -> None:
    sitting = factories.sitting(closes_at=after(-1800))
    page = staff.get(f"{ADMIN}sitting/{sitting.pk}/change/").content.decode()
    assert "The window (30 min) is shorter than the time for the test (60 min)." in page


def test_only_those_who_may_be_proctors_are_offered_and_named(staff: Client) -> None:
    proctor = factories.proctor("paula")
    candidate = factories.candidate()
    sitting = factories.sitting()
    url = f"{ADMIN}sitting/{sitting.pk}/change/"
    page = staff.get(url).content.decode()
    assert re.findall(r'name="proctors" value="(\d+)"', page) == [str(proctor.pk)]
    staff.post(url, form_of(sitting, proctors=[proctor.pk]))
    assert list(sitting.proctors.all()) == [proctor]
    staff.post(url, form_of(sitting, proctors=[candidate.user_id]))
    assert list(sitting.proctors.all()) == [proctor]
