"""The admin's pages of delivery, each opened and used as staff would."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from delivery.models import AssessmentSession, Candidate, Enrolment, Quarantine, Sitting
from delivery.people import codes, links
from delivery.saving import responses
from delivery.session import scoring, sessions
from delivery.sitting import lint, reports
from integrity import ledger
from tests import factories
from tests.factories import NOON, after

pytestmark = pytest.mark.django_db

ADMIN = "/admin/delivery/"


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    return client


def clerk(*codenames: str) -> Client:
    """Return staff with these permissions alone."""
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def finished(sitting: Sitting, name: str, right: int) -> AssessmentSession:
    """Return a scored session with so many of three answers right."""
    session = factories.session(sitting, factories.candidate(name))
    for number, item in enumerate(("Q1", "Q2", "Q3")):
        factories.answer(session, item, "A" if number < right else "B")
    sessions.complete(session.pk, after(60), by="candidate:1", confirmed=True)
    return scoring.score(session.pk, after(61))


def form_of(sitting: Sitting, **changes: Any) -> dict[str, Any]:
    def local(at: datetime | None) -> str:
        return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M:%S") if at else ""

    closes_at = changes.pop("closes_at", sitting.closes_at)
    return {
        "title": sitting.title,
        "test_version": sitting.test_version_id,
        "opens_at": local(sitting.opens_at),
        "closes_at": local(closes_at),
        "attempt_limit": sitting.attempt_limit,
        "grace_seconds": sitting.grace_seconds,
        "extend_past_window": "on",
        "takeover": sitting.takeover,
        "release": sitting.release,
        **changes,
    }


# ---------- Sittings ----------


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


# ---------- Doubts ----------


def doubted(sitting: Sitting, at: datetime = NOON) -> list[str]:
    return [doubt.code for doubt in lint.doubts(sitting, at)]


def with_candidate(**fields: Any) -> Sitting:
    sitting = factories.sitting(**fields)
    enrolment = factories.enrolment(sitting)
    codes.issue_access_code(enrolment.candidate, by="user:1", at=NOON)
    return sitting


def test_a_sitting_in_order_has_no_doubts() -> None:
    assert doubted(with_candidate()) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"opens_at": NOON, "closes_at": after(3599)}, ["window_too_short"]),
        ({"opens_at": NOON, "closes_at": after(3600)}, []),
        ({"opens_at": NOON, "closes_at": after(3600), "duration_seconds": 60}, []),
        ({"closes_at": NOON}, ["window_over"]),
        ({"closes_at": None}, ["never_closes"]),
        ({"closes_at": None, "release": "manual"}, []),
        ({"admission": True}, ["nobody_admits"]),
    ],
)
def test_each_doubt_has_its_cause(fields: dict[str, Any], expected: list[str]) -> None:
    assert doubted(with_candidate(**fields)) == expected


def test_a_test_without_any_limit_is_doubtful() -> None:
    version = factories.published(seconds=None)
    sitting = with_candidate(test_version=version, opens_at=None, closes_at=None, release="manual")
    assert doubted(sitting) == ["endless"]


def test_a_window_too_short_for_extra_time_is_doubtful() -> None:
    sitting = with_candidate(opens_at=NOON, closes_at=after(4000))
    candidate = sitting.enrolments.get().candidate
    candidate.time_multiplier = 2
    candidate.save()
    assert doubted(sitting) == ["window_too_short_for_extra_time"]


def test_candidates_without_a_way_in_are_counted() -> None:
    sitting = factories.sitting()
    assert doubted(sitting) == ["nobody_enrolled"]
    enrolment = factories.enrolment(sitting)
    assert doubted(sitting) == ["no_way_in"]
    links.issue_launch_link(enrolment, after(60), by="user:1", at=NOON)
    assert doubted(sitting) == []


# ---------- The roster ----------


def upload(text: str) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("roster.csv", text.encode(), content_type="text/csv")}


def test_a_roster_is_checked_first_and_imported_when_confirmed(staff: Client) -> None:
    sitting = factories.sitting()
    url = f"{ADMIN}sitting/{sitting.pk}/roster/"
    checked = staff.post(url, upload("number,name,room\nA1,Ann Archer,Hall\nA2,Ben Bow,Hall\n"))
    assert "Import 2 candidates" in checked.content.decode()
    assert Enrolment.objects.count() == 0
    done = staff.post(url, {"confirm": "yes"}).content.decode()
    assert sorted(Candidate.objects.values_list("number", flat=True)) == ["A1", "A2"]
    shown = re.findall(r'<code class="code">([^<]+)</code>', done)
    assert [codes.candidate_for_code(code).number for code in shown] == ["A1", "A2"]  # type: ignore[union-attr]
    again = staff.post(url, {"confirm": "yes"}, follow=True).content.decode()
    assert "The checked file is gone." in again


def test_a_roster_with_errors_names_the_lines_and_cannot_be_confirmed(staff: Client) -> None:
    sitting = factories.sitting()
    url = f"{ADMIN}sitting/{sitting.pk}/roster/"
    page = staff.post(url, upload("number,name\nA1,Ann\n,Nobody\n")).content.decode()
    assert "1 line cannot be read. Nothing was imported." in page
    assert 'name="confirm"' not in page
    staff.post(url, {"confirm": "yes"})
    assert Candidate.objects.count() == 0


def test_the_roster_needs_the_permission_to_change_sittings() -> None:
    sitting = factories.sitting()
    client = clerk("view_sitting")
    assert client.get(f"{ADMIN}sitting/{sitting.pk}/roster/").status_code == 403
    assert client.get(f"{ADMIN}sitting/{sitting.pk}/results/").status_code == 200
    assert client.post(f"{ADMIN}sitting/{sitting.pk}/release/").status_code == 403
    outsider = Client()
    outsider.force_login(factories.proctor())
    assert outsider.get(f"{ADMIN}sitting/{sitting.pk}/results/").status_code in {302, 403}


# ---------- Candidates ----------


def test_a_candidate_is_made_with_a_user_who_has_no_password(staff: Client) -> None:
    data = {"number": "A1", "name": "Ann", "time_multiplier": "1.25", "fixed_minutes": "0"}
    assert staff.post(f"{ADMIN}candidate/add/", data).status_code == 302
    made = Candidate.objects.get(number="A1")
    assert not made.user.has_usable_password()
    assert [entry.kind for entry in ledger.read(f"candidate:{made.pk}")] == ["candidate.created"]


def test_a_new_access_code_is_shown_once_and_ends_the_old_one(staff: Client) -> None:
    candidate = factories.candidate()
    old = codes.issue_access_code(candidate, by="user:1", at=NOON)
    page = staff.post(f"{ADMIN}candidate/{candidate.pk}/code/").content.decode()
    [code] = re.findall(r'<code class="code">([^<]+)</code>', page)
    assert codes.candidate_for_code(code) == candidate
    assert codes.candidate_for_code(old) is None
    assert staff.get(f"{ADMIN}candidate/{candidate.pk}/code/").status_code == 405


def test_codes_are_given_to_the_chosen_at_once(staff: Client) -> None:
    chosen = [factories.candidate(f"Candidate {number}") for number in range(3)]
    data = {"action": "give_codes", "_selected_action": [one.pk for one in chosen]}
    page = staff.post(f"{ADMIN}candidate/", data).content.decode()
    assert len(re.findall(r'<code class="code">', page)) == 3


def test_a_launch_link_made_here_signs_its_candidate_in(staff: Client) -> None:
    enrolment = factories.enrolment()
    data = {"action": "make_links", "_selected_action": [enrolment.pk]}
    page = staff.post(f"{ADMIN}enrolment/", data).content.decode()
    [link] = re.findall(r'<code class="code">http://testserver/launch/([^<]+)/</code>', page)
    assert links.redeem(link, timezone.now()) == enrolment


def test_a_candidate_is_enrolled_by_number_and_once(staff: Client) -> None:
    sitting, candidate = factories.sitting(), factories.candidate()
    data = {"sitting": sitting.pk, "candidate_number": candidate.number, "extra_attempts": "0"}
    assert staff.post(f"{ADMIN}enrolment/add/", data).status_code == 302
    made = Enrolment.objects.get(sitting=sitting)
    assert made.candidate == candidate
    again = staff.post(f"{ADMIN}enrolment/add/", data).content.decode()
    assert "This candidate is enrolled already." in again
    unknown = staff.post(f"{ADMIN}enrolment/add/", {**data, "candidate_number": "?"})
    assert "No candidate has this number." in unknown.content.decode()
    url = f"{ADMIN}enrolment/{made.pk}/change/"
    assert staff.post(url, {"room": "Hall B", "extra_attempts": "1"}).status_code == 302
    assert Enrolment.objects.get(pk=made.pk).room == "Hall B"
    told = [entry.kind for entry in ledger.read(f"sitting:{sitting.pk}")]
    assert told == ["candidate.enrolled", "enrolment.changed"]


# ---------- Results ----------


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


# ---------- The numbers ----------


def test_the_spread_puts_each_share_into_one_tenth() -> None:
    counts = [found.count for found in reports.spread([0, 9.99, 10, 50, 99.9, 100])]
    assert counts == [2, 1, 0, 0, 0, 1, 0, 0, 0, 2]


def test_correlation_is_one_for_agreement_and_nothing_without_variation() -> None:
    assert reports.correlation([0, 1, 2], [1, 3, 5]) == pytest.approx(1)
    assert reports.correlation([0, 1, 2], [5, 3, 1]) == pytest.approx(-1)
    assert reports.correlation([1, 1], [0, 3]) is None
    assert reports.correlation([1], [0]) is None
