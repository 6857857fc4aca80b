from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from delivery.models import AssessmentSession, Quarantine
from delivery.saving import responses
from delivery.sitting import reports
from integrity import ledger
from tests import factories
from tests.delivery.admin.office import ADMIN, finished
from tests.factories import after

pytestmark = pytest.mark.django_db


def test_the_results_page_says_in_numbers_what_the_scores_are(staff: Client) -> None:
    sitting = factories.sitting()
    for name, right in (("Ann", 0), ("Ben", 3), ("Cid", 3)):
        finished(sitting, name, right)
    page = staff.get(f"{ADMIN}sitting/{sitting.pk}/results/").content.decode()
    assert "<b>66.7 %</b> mean" in page
    assert "<b>100.0 %</b> median" in page
    assert re.findall(r'<text class="count"[^>]*>(\d+)</text>', page) == ["1", "2"]


@pytest.mark.parametrize("count", [1, 3])
def test_the_results_take_as_many_queries_for_one_as_for_three(
    count: int, staff: Client, django_assert_num_queries: Callable[..., Any]
) -> None:
    sitting = factories.sitting()
    for number in range(count):
        finished(sitting, f"Candidate {number}", number)
    with django_assert_num_queries(3):  # the user, the sitting with its test, the results
        staff.get(f"{ADMIN}sitting/{sitting.pk}/results/")


def test_results_are_found_by_name_and_by_state(staff: Client) -> None:
    sitting = factories.sitting()
    for name in ("Ann", "Ben"):
        finished(sitting, name, 1)
    url = f"{ADMIN}sitting/{sitting.pk}/results/"
    found = staff.get(f"{url}?find=ben").content.decode()
    assert (">Ann</a>" in found, ">Ben</a>" in found) == (False, True)
    assert "No result fits this filter." in staff.get(f"{url}?state=expired").content.decode()


def test_the_export_has_a_line_each_and_no_cell_acts_as_a_formula(staff: Client) -> None:
    sitting = factories.sitting()
    finished(sitting, '=HYPERLINK("x")', 2)
    response = staff.get(f"{ADMIN}sitting/{sitting.pk}/export/")
    header, line, rest = response.content.decode("utf-8-sig").split("\r\n")
    assert header.startswith("number,name,attempt,state,started")
    assert '"\'=HYPERLINK(""x"")",1,completed,2026-03-02T12:00:00+00:00' in line
    assert ",3,3,2,3,66.7,no,no,2" in line
    assert rest == ""


def test_releasing_results_is_a_fact_and_once(staff: Client) -> None:
    sitting = factories.sitting(release="manual")
    finished(sitting, "Ann", 1)
    asked = staff.get(f"{ADMIN}sitting/{sitting.pk}/release/").content.decode()
    assert "1 result is scored and will be visible to its candidate from now on." in asked
    for _ in range(2):
        staff.post(f"{ADMIN}sitting/{sitting.pk}/release/")
    told = [entry.kind for entry in ledger.read(f"sitting:{sitting.pk}")]
    assert told.count("results.released") == 1
    assert "Released" in staff.get(f"{ADMIN}sitting/{sitting.pk}/results/").content.decode()


def test_a_session_shows_its_result_and_story_and_nobody_edits_it(staff: Client) -> None:
    session = finished(factories.sitting(), "Ann", 2)
    url = f"{ADMIN}assessmentsession/{session.pk}/change/"
    page = staff.get(url).content.decode()
    assert "<b>2 of 3</b> (66.7 %)" in page
    assert "3 answers saved" in page
    staff.post(url, {"state": "in_progress"})
    assert AssessmentSession.objects.get(pk=session.pk).state == "completed"
    assert staff.get(f"{ADMIN}assessmentsession/add/").status_code == 403


@pytest.mark.parametrize(
    ("release", "offered"), [("manual", True), ("submission", False), ("never", False)]
)
def test_releasing_is_offered_only_where_it_changes_something(
    release: str, offered: bool, staff: Client
) -> None:
    sitting = factories.sitting(release=release, closes_at=None)
    finished(sitting, "Ann", 1)
    page = staff.get(f"{ADMIN}sitting/{sitting.pk}/results/").content.decode()
    assert ("Release to the candidates" in page) is offered
    assert ("Visible to the candidates" in page) is (release == "submission")


def test_an_empty_sitting_says_that_results_will_come(staff: Client) -> None:
    sitting = factories.sitting()
    page = staff.get(f"{ADMIN}sitting/{sitting.pk}/results/").content.decode()
    assert "No results yet" in page


def test_quarantined_answers_can_be_read(staff: Client) -> None:
    session = factories.session()
    factories.answer(session, "Q1")
    late = factories.answer(session, "Q1", "B", received_at=after(4000))
    assert isinstance(late, responses.Refused)
    [kept] = Quarantine.objects.all()
    page = staff.get(f"{ADMIN}quarantine/{kept.pk}/change/").content.decode()
    assert "came after the time was up" in page
    assert page.index("Choice B of Q1") < page.index("Choice A of Q1")


def test_the_spread_puts_each_share_into_one_tenth() -> None:
    counts = [found.count for found in reports.spread([0, 9.99, 10, 50, 99.9, 100])]
    assert counts == [2, 1, 0, 0, 0, 1, 0, 0, 0, 2]


def test_correlation_is_one_for_agreement_and_nothing_without_variation() -> None:
    assert reports.correlation([0, 1, 2], [1, 3, 5]) == pytest.approx(1)
    assert reports.correlation([0, 1, 2], [5, 3, 1]) == pytest.approx(-1)
    assert reports.correlation([1, 1], [0, 3]) is None
    assert reports.correlation([1], [0]) is None
