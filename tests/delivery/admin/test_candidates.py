from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from delivery.models import Candidate, Enrolment
from delivery.people import codes, links
from integrity import ledger
from tests import factories
from tests.delivery.admin.office import ADMIN, clerk
from tests.factories import NOON

pytestmark = pytest.mark.django_db


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
