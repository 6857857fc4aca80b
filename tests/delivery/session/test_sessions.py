from datetime import timedelta
from decimal import Decimal
from hashlib import sha256

import pytest

from delivery.models import AssessmentSession, State
from delivery.rules.refusals import Reason, Refusal
from delivery.session import desk, drawing, expiry, interventions, moves, sessions
from integrity import ledger
from tests import factories
from tests.factories import NOON, Part, after

pytestmark = pytest.mark.django_db


def kinds(session: AssessmentSession) -> list[str]:
    return [entry.kind for entry in ledger.read(session.stream)]


def refused(refusal: pytest.ExceptionInfo[Refusal]) -> Reason:
    return refusal.value.reason


def test_a_start_draws_the_form_and_enters_the_first_item() -> None:
    session = factories.session()
    assert session.state == State.IN_PROGRESS
    assert session.position == "Q1"
    assert session.deadline == after(3600)
    assert session.due_at == after(3605)
    assert kinds(session) == ["session.created", "session.started", "item.entered"]
    assert ledger.verify(session.stream).is_whole


def test_the_genesis_binds_the_form_to_its_secret() -> None:
    session = factories.session()
    payload = ledger.read(session.stream)[0].payload
    secret = bytes.fromhex(session.sitting.form_secret)
    assert payload["commitment"] == sha256(secret).hexdigest()
    assert payload["test_sha256"] == session.sitting.test_version.sha256
    assert payload["plan_sha256"] == drawing.digest_of(session.plan)


def test_starting_twice_is_starting_once() -> None:
    session = factories.session()
    again = sessions.start(
        session.sitting.enrolments.get().pk, after(60), by=f"candidate:{session.candidate_id}"
    )
    assert (again.pk, again.started_at) == (session.pk, NOON)
    assert AssessmentSession.objects.count() == 1


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [(-3601, Reason.NOT_OPEN_YET), (6 * 3600, Reason.WINDOW_CLOSED)],
)
def test_a_session_starts_inside_the_window_only(seconds: float, reason: Reason) -> None:
    enrolment = factories.enrolment()
    with pytest.raises(Refusal) as refusal:
        sessions.start(enrolment.pk, after(seconds), by="candidate:1")
    assert refused(refusal) == reason
    assert not AssessmentSession.objects.exists()


def test_attempts_are_limited() -> None:
    session = factories.session()
    sessions.complete(session.pk, after(64), by="candidate:1", confirmed=True)
    with pytest.raises(Refusal) as refusal:
        sessions.start(session.sitting.enrolments.get().pk, after(128), by="candidate:1")
    assert refused(refusal) == Reason.NO_ATTEMPTS_LEFT


def test_an_extra_attempt_is_another_session_with_another_form() -> None:
    session = factories.session()
    sessions.complete(session.pk, after(64), by="candidate:1", confirmed=True)
    enrolment = session.sitting.enrolments.get()
    enrolment.extra_attempts = 1
    enrolment.save()
    second = sessions.start(enrolment.pk, after(128), by="candidate:1")
    assert (second.attempt_number, second.state) == (2, State.IN_PROGRESS)


def test_admission_comes_first_where_the_sitting_asks_for_it() -> None:
    enrolment = factories.enrolment(factories.sitting(admission=True))
    with pytest.raises(Refusal) as refusal:
        sessions.start(enrolment.pk, NOON, by="candidate:1")
    assert refused(refusal) == Reason.NOT_ADMITTED
    admitted = interventions.admit(enrolment.pk, by=factories.proctor(), at=NOON)
    assert admitted.state == State.NOT_STARTED
    started = sessions.start(enrolment.pk, after(1), by="candidate:1")
    assert (started.pk, started.state) == (admitted.pk, State.IN_PROGRESS)


def test_the_accommodation_is_frozen_at_the_start() -> None:
    who = factories.candidate(time_multiplier=Decimal("1.5"), fixed_minutes=2)
    session = factories.session(who=who)
    assert session.deadline == after(5400 + 120)
    who.time_multiplier = Decimal(1)
    who.save()
    assert desk.read(session.pk).reading(NOON).deadline == after(5400 + 120)


def test_the_smaller_of_duration_and_time_limit_bites() -> None:
    session = factories.session(factories.sitting(duration_seconds=600))
    assert session.deadline == after(600)


def test_a_pause_stops_the_clock_and_a_resume_moves_the_deadline() -> None:
    session = factories.session()
    sessions.pause(session.pk, paused_by="proctor", reason="Fire alarm", by="user:1", at=after(64))
    paused = desk.read(session.pk)
    assert (paused.session.state, paused.session.deadline) == (State.PAUSED, None)
    assert paused.reading(after(1024)).remaining_ms == (3600 - 64) * 1000
    interventions.permit_resume(session.pk, by=factories.proctor(), reason="", at=after(512))
    resumed = sessions.resume(session.pk, after(576), by="candidate:1")
    assert resumed.deadline == after(3600 + 512)
    assert kinds(resumed)[-3:] == ["session.paused", "resume.permitted", "session.resumed"]


def test_a_proctors_pause_waits_for_the_proctor() -> None:
    session = factories.session()
    sessions.pause(session.pk, paused_by="proctor", reason="x", by="user:1", at=after(64))
    with pytest.raises(Refusal) as refusal:
        sessions.resume(session.pk, after(65), by="candidate:1")
    assert refused(refusal) == Reason.RESUME_NOT_PERMITTED


def test_a_second_pause_says_that_the_session_is_paused() -> None:
    session = factories.session()
    sessions.pause(session.pk, paused_by="proctor", reason="x", by="user:1", at=after(64))
    with pytest.raises(Refusal) as refusal:
        sessions.pause(session.pk, paused_by="proctor", reason="y", by="user:2", at=after(65))
    assert refused(refusal) == Reason.ALREADY_PAUSED


def test_candidates_leave_only_where_the_sitting_lets_them() -> None:
    stay = factories.session()
    with pytest.raises(Refusal) as refusal:
        sessions.pause(stay.pk, paused_by="candidate", reason="", by="candidate:1", at=after(1))
    assert refused(refusal) == Reason.LEAVING_NOT_ALLOWED
    free = factories.session(factories.sitting(leaving=True))
    sessions.pause(free.pk, paused_by="candidate", reason="", by="candidate:1", at=after(64))
    back = sessions.resume(free.pk, after(128), by="candidate:1")
    assert back.deadline == after(3664)


def test_submitting_with_open_items_wants_a_confirmation() -> None:
    session = factories.session()
    with pytest.raises(Refusal) as refusal:
        sessions.complete(session.pk, after(64), by="candidate:1", confirmed=False)
    assert refused(refusal) == Reason.UNANSWERED
    done = sessions.complete(session.pk, after(65), by="candidate:1", confirmed=True)
    assert (done.state, done.finished_at) == (State.COMPLETED, after(65))
    again = sessions.complete(session.pk, after(66), by="candidate:1", confirmed=True)
    assert again.finished_at == after(65)
    assert kinds(done).count("session.completed") == 1


def test_a_submission_within_the_grace_counts_as_of_the_deadline() -> None:
    session = factories.session()
    done = sessions.complete(session.pk, after(3604), by="candidate:1", confirmed=False)
    assert (done.state, done.finished_at) == (State.COMPLETED, after(3600))


def test_a_submission_past_the_grace_finds_the_session_expired() -> None:
    session = factories.session()
    done = sessions.complete(session.pk, after(3606), by="candidate:1", confirmed=True)
    assert (done.state, done.finished_at) == (State.EXPIRED, after(3600))


def test_asking_whether_time_is_up_never_ends_a_session_early() -> None:
    session = factories.session()
    assert sessions.close_due(session.pk, after(3600)).state == State.IN_PROGRESS
    assert sessions.close_due(session.pk, after(3606)).state == State.EXPIRED


def test_a_candidates_pause_ends_with_the_window() -> None:
    session = factories.session(factories.sitting(leaving=True))
    sessions.pause(session.pk, paused_by="candidate", reason="", by="candidate:1", at=after(64))
    assert expiry.sweep(after(6 * 3600 + 6)) == 1
    ended = AssessmentSession.objects.get()
    assert (ended.state, ended.finished_at) == (State.EXPIRED, after(6 * 3600))


def test_a_proctors_pause_holds_the_window_open() -> None:
    session = factories.session(factories.sitting(closes_at=after(7200)))
    sessions.pause(session.pk, paused_by="proctor", reason="x", by="user:1", at=after(64))
    assert expiry.sweep(after(9000)) == 0
    interventions.permit_resume(session.pk, by=factories.proctor(), reason="", at=after(8000))
    resumed = sessions.resume(session.pk, after(64 + 8192), by="candidate:1")
    assert resumed.deadline == after(3600 + 8192)


def test_an_extension_moves_the_deadline_and_is_a_fact() -> None:
    session = factories.session()
    extended = interventions.extend(
        session.pk, ms=600_000, reason="Noise", by=factories.proctor(), at=after(64)
    )
    assert (extended.deadline, extended.due_at) == (after(4200), after(4205))
    assert kinds(extended)[-1] == "time.extended"


def test_a_percentage_is_of_the_base_time() -> None:
    who = factories.candidate(time_multiplier=Decimal(2))
    session = factories.session(who=who)
    extended = interventions.extend(
        session.pk, percent=25, reason="Noise", by=factories.proctor(), at=after(64)
    )
    assert extended.deadline == after(7200 + 900)


def test_an_extension_without_a_reason_changes_nothing() -> None:
    session = factories.session()
    with pytest.raises(Refusal) as refusal:
        interventions.extend(session.pk, ms=1, reason=" ", by=factories.proctor(), at=NOON)
    assert refused(refusal) == Reason.REASON_REQUIRED


def test_a_terminated_session_keeps_its_answers_and_withholds_its_result() -> None:
    session = factories.session()
    factories.answer(session, "Q1")
    ended = interventions.terminate(
        session.pk, reason="Phone", by=factories.proctor(), at=after(64)
    )
    assert (ended.state, ended.withheld, ended.answered) == (State.TERMINATED, True, 1)


def test_a_reopened_session_waits_for_its_candidate_with_the_time_given() -> None:
    session = factories.session()
    expiry.sweep(after(4000))
    interventions.reopen(
        session.pk, ms=600_000, reason="Outage", by=factories.proctor(), at=after(5000)
    )
    resumed = sessions.resume(session.pk, after(6000), by="candidate:1")
    assert (resumed.state, resumed.position) == (State.IN_PROGRESS, "Q1")
    assert resumed.deadline == after(6600)
    assert factories.answer(resumed, "Q1", received_at=after(6001)).key


def test_a_section_closes_at_its_own_deadline_and_the_next_begins_then() -> None:
    version = factories.published(
        Part("P1", ("A", "B"), mode="linear", seconds=600), Part("P2", ("C",), seconds=300)
    )
    session = factories.session(factories.sitting(version))
    assert session.due_at == after(605)
    assert expiry.sweep(after(640)) == 1
    moved = AssessmentSession.objects.get()
    assert (moved.position, moved.state) == ("C", State.IN_PROGRESS)
    assert moved.closed_scopes == ["section:S-P1"]
    assert moved.due_at == after(905)
    assert expiry.sweep(after(1000)) == 1
    ended = AssessmentSession.objects.get()
    assert (ended.state, ended.finished_at) == (State.EXPIRED, after(900))


def test_time_in_a_section_counts_only_while_the_candidate_is_in_it() -> None:
    version = factories.published(Part("P1", ("A", "B"), seconds=600))
    session = factories.session(factories.sitting(version, leaving=True))
    moves.enter(session.pk, "B", after(64), by="candidate:1")
    sessions.pause(session.pk, paused_by="candidate", reason="", by="candidate:1", at=after(128))
    sessions.resume(session.pk, after(1024), by="candidate:1")
    reading = desk.read(session.pk).reading(after(1024))
    assert reading.scopes[0].remaining_ms == (600 - 128) * 1000


def test_every_change_of_a_session_is_a_verified_chain() -> None:
    session = factories.session(factories.sitting(leaving=True))
    factories.answer(session, "Q1")
    moves.enter(session.pk, "Q2", after(8), by="candidate:1")
    moves.flag(session.pk, "Q2", True, after(16), by="candidate:1")
    sessions.complete(session.pk, after(32), by="candidate:1", confirmed=True)
    verdict = ledger.verify(session.stream)
    assert (verdict.entries, verdict.broken) == (7, None)


def test_a_deadline_is_never_before_the_start() -> None:
    late = NOON + timedelta(hours=5, minutes=59)
    session = factories.session(at=late)
    assert session.deadline == session.sitting.closes_at
