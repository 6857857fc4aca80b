"""A sitting may stop the clock of a silent page: after so long, so often, for so long in all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from delivery.models import AssessmentSession, Outage, State
from delivery.seat import presence, silence
from delivery.session import desk, expiry, sessions
from delivery.sitting import lint
from delivery.vitals import pulse
from integrity import ledger
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db


def silent(**policy: Any) -> AssessmentSession:
    """Return a session whose page claimed at noon and was never heard again."""
    policy = {"silence_seconds": 60, "silence_pauses": 2, "silence_minutes": 10} | policy
    session = factories.session(factories.sitting(**policy))
    AssessmentSession.objects.filter(pk=session.pk).update(writer="page", epoch=1)
    return session


def now(session: AssessmentSession) -> AssessmentSession:
    return desk.read(session.pk).session


def story(session: AssessmentSession) -> list[str]:
    return [entry.kind for entry in ledger.read(session.stream)][-3:]


def deadline(session: AssessmentSession) -> datetime | None:
    return now(session).deadline


def test_by_default_the_clock_runs_on_however_long_a_page_is_silent() -> None:
    session = silent(silence_seconds=None)
    assert (silence.sweep(after(3000)), now(session).state) == (0, State.IN_PROGRESS)


def test_the_clock_stands_once_the_silence_has_lasted_as_long_as_the_sitting_says() -> None:
    session = silent()
    assert (silence.sweep(after(59)), silence.sweep(after(60)), silence.sweep(after(61))) == (
        0,
        1,
        0,
    )
    paused = now(session)
    assert (paused.state, paused.paused_by, paused.resume_permitted) == ("paused", "system", True)
    told = ledger.read(session.stream)[-1]
    assert told.payload["reason"] == "No contact with the candidate's page for 60 seconds."


def test_a_heartbeat_in_time_keeps_the_clock_running() -> None:
    session = silent()
    presence.seen(session.pk, by="candidate:1", at=after(50))
    assert silence.sweep(after(100)) == 0


def test_a_page_without_javascript_says_nothing_and_is_not_called_silent() -> None:
    factories.session(factories.sitting(silence_seconds=60))
    assert silence.sweep(after(3000)) == 0


def test_who_comes_back_goes_on_by_their_own_act_with_the_time_that_stood() -> None:
    session = silent()
    silence.sweep(after(60))
    sessions.resume(session.pk, after(180), by="candidate:1")
    found = now(session)
    assert (found.deadline, found.silence_ms) == (after(3600 + 120), 120_000)


def test_the_clock_runs_on_by_itself_when_the_allowed_time_is_used_up() -> None:
    session = silent()
    silence.sweep(after(60))
    expiry.sweep(after(60 + 599))
    assert now(session).state == State.PAUSED
    expiry.sweep(after(60 + 605))
    found = now(session)
    assert (found.state, found.since, found.deadline) == (
        "in_progress",
        after(660),
        after(3600 + 600),
    )
    told = ledger.read(session.stream)[-1]
    assert (told.kind, told.payload["since"]) == ("session.resumed", after(660).timestamp() * 1000)


def test_a_clock_that_ran_on_unnoticed_ends_the_session_at_the_true_deadline() -> None:
    session = silent()
    silence.sweep(after(60))
    expiry.sweep(after(9000))
    assert (now(session).state, now(session).finished_at) == ("expired", after(4200))


def test_the_clock_stands_no_more_often_than_the_sitting_allows() -> None:
    session = silent(silence_pauses=1)
    silence.sweep(after(60))
    sessions.resume(session.pk, after(70), by="candidate:1")
    assert silence.sweep(after(600)) == 0


def test_what_was_used_before_counts_against_the_allowed_time() -> None:
    session = silent()
    silence.sweep(after(60))
    sessions.resume(session.pk, after(60 + 540), by="candidate:1")
    silence.sweep(after(720))
    assert now(session).stands_until == after(720 + 60)


def test_a_silence_of_our_own_is_nobodys() -> None:
    session = silent()
    pulse.beat("web", "web@one:1", after(0))
    assert silence.sweep(after(100)) == 0
    pulse.beat("web", "web@one:2", after(300))
    assert (Outage.objects.count(), silence.sweep(after(310))) == (1, 0)
    pulse.beat("web", "web@one:2", after(355))
    Outage.objects.exclude(began_at=after(0)).delete()
    assert silence.sweep(after(360)) == 1
    assert now(session).state == State.PAUSED


def test_a_page_that_falls_silent_is_in_the_record_once_and_so_is_its_return() -> None:
    session = silent(silence_seconds=None)
    assert (silence.note(after(44)), silence.note(after(45)), silence.note(after(60))) == (0, 1, 0)
    assert story(session)[-1] == "connection.lost"
    presence.seen(session.pk, by="candidate:1", at=after(75))
    back = ledger.read(session.stream)[-1]
    assert (back.kind, back.payload["away_ms"]) == ("connection.back", 30_000)


def test_a_page_without_a_script_and_a_silence_of_our_own_are_no_event() -> None:
    session = silent(silence_seconds=None)
    AssessmentSession.objects.update(writer="")
    assert silence.note(after(100)) == 0
    AssessmentSession.objects.update(writer="page")
    pulse.beat(pulse.Kind.WEB, "one", after(60))
    assert silence.note(after(100)) == 0
    assert story(session)[-1] != "connection.lost"


def told(user: User, path: str) -> str:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return " ".join(client.get(path).content.decode().split())


def test_the_candidate_is_told_beforehand_and_the_proctor_on_the_board() -> None:
    sitting = factories.sitting(opens_at=None, closes_at=None, silence_seconds=60)
    enrolment = factories.enrolment(sitting)
    start = told(enrolment.candidate.user, f"/sittings/{enrolment.pk}/")
    assert "It goes on for 60 seconds without contact; then your clock stands" in start
    board = told(factories.proctor("pia", sitting), f"/proctor/{sitting.pk}/")
    assert "the clock stops after 60 s without contact, 3 times and 15 min in all" in board


def test_a_candidate_whose_clock_runs_on_is_told_that_beforehand() -> None:
    enrolment = factories.enrolment(factories.sitting(opens_at=None, closes_at=None))
    start = told(enrolment.candidate.user, f"/sittings/{enrolment.pk}/")
    assert "It goes on while you are away." in start


def test_who_comes_back_reads_why_the_clock_stands_and_until_when() -> None:
    at = timezone.now()
    sitting = factories.sitting(opens_at=None, closes_at=None, silence_seconds=60)
    session = factories.session(sitting, at=at - timedelta(seconds=90))
    AssessmentSession.objects.filter(pk=session.pk).update(writer="page", epoch=1)
    assert silence.sweep(at) == 1
    page = told(session.candidate.user, f"/sessions/{session.pk}/paused/")
    assert "Your clock was stopped while the connection was lost" in page
    assert f"It stands until {at + timedelta(minutes=15):%H:%M:%S} at the latest" in page
    assert "Continue the test" in page


@pytest.mark.parametrize(
    ("policy", "codes"),
    [
        ({}, []),
        ({"silence_seconds": 60}, []),
        ({"silence_seconds": 20}, ["silence_short"]),
        ({"silence_seconds": 7200}, ["silence_late"]),
        ({"silence_seconds": 60, "silence_minutes": 40}, ["silence_long"]),
    ],
)
def test_a_doubtful_policy_is_doubted(policy: dict[str, Any], codes: list[str]) -> None:
    sitting = factories.sitting(**policy)
    found = [doubt.code for doubt in lint.doubts(sitting, after(0))]
    assert [code for code in found if code.startswith("silence")] == codes


def test_a_policy_without_a_time_limit_is_doubted() -> None:
    sitting = factories.sitting(factories.published(seconds=None), silence_seconds=60)
    assert "silence_untimed" in [doubt.code for doubt in lint.doubts(sitting, after(0))]
