"""A rehearsal: marked, bounded, on this machine by default, and gone without a trace afterwards."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client

from delivery.models import AssessmentSession, Candidate, Enrolment, Sitting
from delivery.saving.responses import Saved
from delivery.session import sessions
from delivery.sitting import rehearsal
from delivery.sitting.rehearsal import Answers, Said
from delivery.sitting.wire import Origin
from integrity import ledger
from tests import factories
from tests.factories import after
from tests.journeys import acts
from tests.serving import Serving


def rehearse(*arguments: str) -> str:
    told = io.StringIO()
    call_command("rehearse", *arguments, stdout=told)
    return told.getvalue()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("1", "--url", "https://exam.example.org"), "is not this machine"),
        (("1", "--candidates", "100000"), "Between 1 and 5000"),
        (("1", "--minutes", "100000"), "At most 240 minutes"),
        (("1", "--url", "ftp://127.0.0.1"), "is not an address"),
        (("999",), "no sitting 999"),
    ],
)
@pytest.mark.django_db
def test_a_rehearsal_out_of_bounds_is_refused_before_anything_is_made(
    arguments: tuple[str, ...], why: str
) -> None:
    with pytest.raises(CommandError, match=why):
        rehearse(*arguments)
    assert not Sitting.objects.exists()


@pytest.mark.django_db
def test_the_cast_is_marked_signed_in_and_free_of_what_no_machine_can_do() -> None:
    sitting = factories.sitting(admission=True, one_device=True, networks="10.0.0.0/8")
    cast = rehearsal.prepare(sitting, 3, after(0))
    copy = cast.sitting
    assert copy.title == "REHEARSAL: Physics"
    assert (copy.admission, copy.one_device, copy.networks) == (False, False, "")
    assert all(one.number.startswith("REHEARSAL-") for one in Candidate.objects.all())
    client = Client()
    client.cookies.load(cast.parts[0].cookie)
    assert client.get("/").status_code == 200


@pytest.mark.django_db
def test_what_is_removed_is_gone_but_for_the_ledger_and_nobody_else_is_touched() -> None:
    sitting = factories.sitting()
    real = factories.session(sitting)
    before = [model.objects.count() for model in (User, Candidate, Enrolment, Sitting)]
    cast = rehearsal.prepare(sitting, 2, after(0))
    for part in cast.parts:
        played = sessions.start(part.enrolment_id, after(1), by=f"candidate:{part.candidate_id}")
        assert isinstance(factories.answer(played, "Q1"), Saved)
    assert rehearsal.remove(after(60)) == 2
    assert [model.objects.count() for model in (User, Candidate, Enrolment, Sitting)] == before
    assert [session.pk for session in AssessmentSession.objects.all()] == [real.pk]
    assert ledger.verify(played.stream).broken is None
    assert rehearsal.remove(after(61)) == 0


@pytest.mark.django_db
def test_a_rehearsal_removes_itself_alone() -> None:
    ended, goes_on = (rehearsal.prepare(factories.sitting(), 2, after(0)) for _ in range(2))
    for cast in (ended, goes_on):
        part = cast.parts[0]
        sessions.start(part.enrolment_id, after(1), by=f"candidate:{part.candidate_id}")
    assert rehearsal.remove(after(60), ended.sitting) == 2
    assert rehearsal.rehearsals() == [goes_on.sitting]
    assert {one.sitting_id for one in AssessmentSession.objects.all()} == {goes_on.sitting.pk}
    assert Candidate.objects.filter(number__startswith=rehearsal.MARK).count() == 2
    assert rehearsal.remove(after(61)) == 2
    assert rehearsal.rehearsals() == []


@pytest.mark.django_db
def test_an_acknowledgement_that_the_database_does_not_bear_out_is_counted() -> None:
    session = factories.session()
    saved = factories.answer(session, "Q1")
    assert isinstance(saved, Saved)
    heard = Said(str(session.pk), "Q1", saved.revision, saved.head)
    made_up = Said(str(session.pk), "Q1", 2, saved.head)
    assert rehearsal.lost([heard, made_up]) == 1


@pytest.mark.django_db
def test_each_item_gets_an_answer_that_its_page_could_send() -> None:
    session = factories.session()
    assert Answers().of(str(session.pk))["Q1"] == [["r.RESPONSE", "A"]]


@pytest.mark.parametrize(
    ("url", "name", "near"),
    [
        ("http://127.0.0.1:8000", "127.0.0.1:8000", True),
        ("http://localhost", "localhost", True),
        ("https://exam.example.org", "exam.example.org", False),
        ("https://exam.example.org:8443", "exam.example.org:8443", False),
    ],
)
def test_an_address_is_read_as_a_browser_reads_it(url: str, name: str, near: bool) -> None:
    origin = Origin.read(url)
    assert (str(origin), origin.name, origin.is_loopback) == (url, name, near)


ANSWERED = """
SELECT DISTINCT item.key FROM delivery_itemsession item
JOIN delivery_assessmentsession session ON session.id = item.session_id
JOIN delivery_candidate candidate ON candidate.id = session.candidate_id
WHERE candidate.number LIKE 'REHEARSAL-%' AND item.answered
"""


def rehearsed(server: Serving, *more: str) -> list[str]:
    """Rehearse with four candidates; return the lines told."""
    arguments = ["rehearse", "1", "--candidates", "4", "--minutes", "0.2", "--pace", "1", *more]
    try:
        told = server.manage(*arguments, "--url", server.url)
    except RuntimeError as slow:
        # How fast this machine is now decides about the verdict, and is not what is tested.
        told = str(slow)
    return [line[2:] for line in told.splitlines()]


def test_a_rehearsal_against_the_running_server_loses_nothing_and_leaves_nothing(
    demo_server: Serving,
) -> None:
    lines = rehearsed(demo_server)
    assert ("4 of 4 started" in lines, "4 of 4 submitted" in lines) == (True, True)
    assert [line for line in lines if " times: " in line] == []
    [last] = [line for line in lines if line.endswith(" lost") and "acknowledged" in line]
    acknowledged, lost = (int(word) for word in last.split() if word.isdecimal())
    assert (acknowledged > 0, lost) == (True, 0)
    assert demo_server.manage("rehearse", "--remove") == "0 synthetic candidates removed.\n"


def test_synthetic_candidates_go_on_from_an_item_that_they_have_answered(
    demo_server: Serving,
) -> None:
    rehearsed(demo_server, "--keep")
    assert len(acts.rows(demo_server, ANSWERED)) > 1
    assert demo_server.manage("rehearse", "--remove") == "4 synthetic candidates removed.\n"
