"""The proctor's verbs: the roll in two queries, and acts with a result for each row."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission as DjangoPermission
from django.contrib.auth.models import User

from delivery.models import AssessmentSession, Candidate, Enrolment, State
from delivery.queries import plans
from delivery.rules.refusals import Reason, Refusal
from delivery.rules.watch import Concern, Connection, Standing
from delivery.seat import presence
from delivery.session import interventions, sessions
from delivery.sitting import proctoring
from delivery.sitting.proctoring import (
    Admit,
    AnswerHelp,
    Extend,
    Pause,
    Reopen,
    Resume,
    SendMessage,
    Terminate,
)
from integrity import ledger
from tests import factories
from tests.factories import NOON, after

pytestmark = pytest.mark.django_db

MINUTE = 60_000


def fresh(session: AssessmentSession) -> AssessmentSession:
    return AssessmentSession.objects.get(pk=session.pk)


def people(count: int, **fields: Any) -> tuple[User, list[AssessmentSession]]:
    """Return a proctor and so many candidates at work at one sitting."""
    sitting = factories.sitting(**fields)
    made = [
        factories.session(sitting, factories.candidate(f"Candidate {number:04}"))
        for number in range(count)
    ]
    return factories.proctor("paula", sitting), made


def claim(*made: AssessmentSession) -> None:
    """Let a live page take each session, as JavaScript does."""
    for session in made:
        presence.claim(session.pk, writer="page", device="", by="candidate:1", at=NOON)


def chief(user: User) -> User:
    user.user_permissions.add(DjangoPermission.objects.get(codename="change_assessmentsession"))
    return User.objects.get(pk=user.pk)


def kinds(session: AssessmentSession) -> list[str]:
    return [entry.kind for entry in ledger.read(session.stream)]


# ---------- The board ----------


@pytest.mark.parametrize("count", [1, 3])
def test_the_board_takes_two_queries_however_many_rows_it_has(
    count: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    user, made = people(count)
    sessions.pause(made[0].pk, paused_by="proctor", reason="alarm", by="user:1", at=after(1))
    factories.enrolment(made[0].sitting, factories.candidate("Never There"))
    proctoring.board(user, after(2))
    with django_assert_num_queries(2):
        rows = proctoring.board(user, after(2), sitting=made[0].sitting)
        assert [row.remaining_ms for row in rows if row.session] == [3_598_000] * (count - 1) + [
            3_599_000
        ]
    assert len(rows) == count + 1


def test_the_board_takes_two_queries_with_a_thousand_rows(
    django_assert_num_queries: Callable[..., Any],
) -> None:
    sitting = factories.sitting()
    users = User.objects.bulk_create(User(username=f"many-{n}") for n in range(1000))
    candidates = Candidate.objects.bulk_create(
        Candidate(user=user, number=f"M{n}", name=f"Many {n}") for n, user in enumerate(users)
    )
    Enrolment.objects.bulk_create(Enrolment(sitting=sitting, candidate=one) for one in candidates)
    AssessmentSession.objects.bulk_create(
        AssessmentSession(sitting=sitting, candidate=one, created_at=NOON) for one in candidates
    )
    user = factories.proctor("paula", sitting)
    with django_assert_num_queries(2):
        assert len(proctoring.board(user, NOON, sitting=sitting)) == 1000


def test_a_row_tells_progress_save_contact_and_time() -> None:
    user, [session] = people(1)
    claim(session)
    factories.answer(session, "Q1")
    presence.seen(session.pk, by="candidate:1", at=after(10))
    [row] = proctoring.board(user, after(12))
    assert row.session is not None
    assert (row.standing, row.connection, row.concern) == (
        Standing.IN_PROGRESS,
        Connection.ONLINE,
        Concern.NONE,
    )
    assert (row.session.answered, row.session.total) == (1, 3)
    assert (row.session.last_save_at, row.deadline) == (after(1), after(3600))
    assert row.remaining_ms == 3_588_000


def test_a_paused_row_keeps_its_time_while_the_clock_stands() -> None:
    user, [session] = people(1)
    sessions.pause(session.pk, paused_by="proctor", reason="alarm", by="user:1", at=after(600))
    for seconds in (600, 1024, 4096):
        [row] = proctoring.board(user, after(seconds))
        assert row.remaining_ms == 3_000_000


def test_somebody_who_never_started_is_absent_from_the_windows_end_on() -> None:
    sitting = factories.sitting(closes_at=after(64))
    factories.enrolment(sitting)
    user = factories.proctor("paula", sitting)
    [before] = proctoring.board(user, after(63))
    [behind] = proctoring.board(user, after(64))
    assert (before.standing, behind.standing) == (Standing.NOT_STARTED, Standing.ABSENT)
    assert behind.absent


def test_a_paused_row_is_shown_by_a_process_that_never_read_its_plan() -> None:
    sitting = factories.sitting()
    session = factories.session(sitting)
    by = f"candidate:{session.candidate_id}"
    sessions.pause(session.pk, paused_by="proctor", reason="A drill.", by=by, at=after(64))
    plans.forget()
    (row,) = proctoring.board(factories.proctor("pia", sitting), after(128), sitting=sitting)
    assert (row.standing, row.remaining_ms) == (Standing.PAUSED, 3_536_000)


def test_the_board_shows_the_latest_attempt() -> None:
    user, [session] = people(1, attempt_limit=2)
    interventions.terminate(session.pk, reason="end", by=user, at=after(1))
    [enrolment] = Enrolment.objects.filter(candidate=session.candidate)
    second = sessions.start(enrolment.pk, after(2), by="candidate:1")
    [row] = proctoring.board(user, after(3))
    assert row.target == second.pk


def test_rows_in_need_come_first() -> None:
    user, [calm, calls, offline] = people(3)
    claim(calm, calls, offline)
    presence.ask_help(calls.pk, after(1), by="candidate:1")
    for session in (calm, calls):
        presence.seen(session.pk, by="candidate:1", at=after(60))
    rows = proctoring.board(user, after(61))
    assert [row.target for row in rows] == [calls.pk, offline.pk, calm.pk]
    assert [row.help for row in rows] == [True, False, False]


def test_the_silence_of_a_page_without_javascript_means_nothing() -> None:
    user, [session] = people(1)
    [row] = proctoring.board(user, after(600))
    assert (row.connection, row.concern) == (Connection.NEVER, Concern.NONE)
    claim(session)
    [row] = proctoring.board(user, after(600))
    assert (row.connection, row.concern) == (Connection.OFFLINE, Concern.OFFLINE)


def test_a_pause_by_a_rule_waits_for_a_proctor_until_one_permits_to_go_on() -> None:
    user, [session] = people(1)
    sessions.pause(session.pk, paused_by="rule", reason="tab", by="system", at=after(1))
    [row] = proctoring.board(user, after(2))
    assert row.concern == Concern.WAITING
    proctoring.apply(Resume("looked"), [session.pk], user, after(3))
    [row] = proctoring.board(user, after(4))
    assert row.concern == Concern.NONE


def test_a_proctor_sees_only_their_own_sittings_and_a_superuser_all() -> None:
    user, [own] = people(1)
    other, [foreign] = people(1)
    boss = User.objects.create_superuser("boss")
    assert [row.target for row in proctoring.board(user, NOON)] == [own.pk]
    assert [row.target for row in proctoring.board(user, NOON, sitting=foreign.sitting)] == []
    assert {row.target for row in proctoring.board(boss, NOON)} == {own.pk, foreign.pk}
    assert bool(proctoring.may_watch(user, own.sitting))
    assert not proctoring.may_watch(user, foreign.sitting)
    assert bool(proctoring.may_watch(other, foreign.sitting))


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_sittings_takes_one_query(
    count: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    made = [factories.session(factories.sitting(title=f"Sitting {n}")) for n in range(count)]
    user = factories.proctor("paula", *[session.sitting for session in made])
    with django_assert_num_queries(1):
        watched = proctoring.sittings(user)
    assert [(one.enrolled, one.working, one.standing) for one in watched] == [(1, 1, 0)] * count


# ---------- Acts ----------


def test_an_act_on_a_session_of_another_proctor_is_refused_as_a_whole() -> None:
    user, [own] = people(1)
    _other, [foreign] = people(1)
    with pytest.raises(Refusal) as raised:
        proctoring.apply(Pause("alarm"), [own.pk, foreign.pk], user, after(1))
    assert raised.value.reason == Reason.NOT_YOUR_SITTING
    assert fresh(own).state == State.IN_PROGRESS


def test_an_act_on_a_session_that_is_not_there_is_refused() -> None:
    user, _ = people(1)
    with pytest.raises(Refusal):
        proctoring.preview(Pause("alarm"), [uuid4()], user, after(1))


def test_a_pause_of_many_has_a_result_for_each_and_one_refusal_spares_the_others() -> None:
    user, [first, second, third] = people(3)
    proctoring.apply(Pause("already"), [second.pk], user, after(1))
    results = proctoring.apply(Pause("alarm"), [first.pk, second.pk, third.pk], user, after(2))
    assert [(one.row.target, one.done) for one in results] == [
        (first.pk, True),
        (second.pk, False),
        (third.pk, True),
    ]
    assert results[1].refusal is not None
    assert results[1].refusal.reason == Reason.ALREADY_PAUSED
    assert [fresh(one).pause_reason for one in (first, second, third)] == [
        "alarm",
        "already",
        "alarm",
    ]


@pytest.mark.parametrize(
    "act", [Pause(""), Resume(" "), Extend("", ms=MINUTE), Terminate(""), Reopen("  ", ms=MINUTE)]
)
def test_every_act_needs_a_reason(act: proctoring.Act) -> None:
    user, [session] = people(1)
    [result] = proctoring.apply(act, [session.pk], chief(user), after(1))
    assert result.refusal is not None
    assert result.refusal.reason == Reason.REASON_REQUIRED
    assert fresh(session).state == State.IN_PROGRESS


def test_a_preview_changes_nothing_and_says_who_is_skipped_and_why() -> None:
    user, [session] = people(1)
    late = factories.enrolment(session.sitting, factories.candidate("Late"))
    before = kinds(session)
    found = proctoring.preview(Pause("alarm"), [session.pk, late.pk], user, after(1))
    assert [bool(one.permission) for one in found] == [True, False]
    assert found[1].permission.refusal is not None
    assert found[1].permission.refusal.reason == Reason.NOT_STARTED
    assert (fresh(session).state, kinds(session)) == (State.IN_PROGRESS, before)


@pytest.mark.parametrize(
    ("act", "left"),
    [
        (Extend("lost time", ms=10 * MINUTE), 3_600_000 + 600_000 - 1000),
        (Extend("lost time", percent=25), 3_600_000 + 900_000 - 1000),
    ],
)
def test_the_previewed_time_is_the_time_that_is_given(act: Extend, left: int) -> None:
    user, [session] = people(1)
    [foreseen] = proctoring.preview(act, [session.pk], user, after(1))
    assert (foreseen.before_ms, foreseen.after_ms) == (3_599_000, left)
    [result] = proctoring.apply(act, [session.pk], user, after(1))
    assert result.done
    [row] = proctoring.board(user, after(1))
    assert row.remaining_ms == left


def test_the_window_is_foreseen_where_it_limits_the_extension() -> None:
    user, [session] = people(1, closes_at=after(3700), extend_past_window=False)
    act = Extend("lost time", ms=10 * MINUTE)
    [foreseen] = proctoring.preview(act, [session.pk], user, NOON)
    assert (foreseen.before_ms, foreseen.after_ms) == (3_600_000, 3_700_000)
    proctoring.apply(act, [session.pk], user, NOON)
    [row] = proctoring.board(user, NOON)
    assert row.remaining_ms == 3_700_000


def test_time_is_given_once_when_the_same_form_is_sent_twice() -> None:
    user, [session] = people(1)
    act = Extend("lost time", ms=MINUTE, seen_ms={session.pk: 0})
    [once] = proctoring.apply(act, [session.pk], user, after(1))
    [twice] = proctoring.apply(act, [session.pk], user, after(2))
    assert (once.done, twice.done) == (True, False)
    assert twice.refusal is not None
    assert twice.refusal.reason == Reason.CHANGED_MEANWHILE
    assert fresh(session).adjusted_ms == MINUTE


def test_a_percentage_of_no_time_is_refused_before_it_is_tried() -> None:
    sitting = factories.sitting(factories.published(seconds=None))
    session = factories.session(sitting)
    user = factories.proctor("paula", sitting)
    [foreseen] = proctoring.preview(Extend("x", percent=25), [session.pk], user, after(1))
    assert foreseen.permission.refusal is not None
    assert foreseen.permission.refusal.reason == Reason.NOTHING_TO_EXTEND


def test_a_terminated_session_is_reopened_by_a_chief_proctor_only() -> None:
    user, [session] = people(1)
    proctoring.apply(Terminate("mistake"), [session.pk], user, after(1))
    [refused] = proctoring.apply(Reopen("mine", ms=MINUTE), [session.pk], user, after(2))
    assert refused.refusal is not None
    assert refused.refusal.reason == Reason.CHIEF_ONLY
    [result] = proctoring.apply(Reopen("mine", ms=MINUTE), [session.pk], chief(user), after(3))
    assert (result.done, fresh(session).state) == (True, State.PAUSED)
    [row] = proctoring.board(user, after(4))
    assert row.remaining_ms == MINUTE


def test_admission_is_for_sittings_that_ask_for_it_and_once() -> None:
    sitting = factories.sitting(admission=True)
    enrolment = factories.enrolment(sitting)
    user = factories.proctor("paula", sitting)
    [first] = proctoring.apply(Admit(), [enrolment.pk], user, NOON)
    [again] = proctoring.apply(Admit(), [enrolment.pk], user, NOON)
    assert first.done
    assert again.refusal is not None
    assert again.refusal.reason == Reason.ALREADY_ADMITTED
    open_to_all, [session] = people(1)
    [needless] = proctoring.apply(Admit(), [session.pk], open_to_all, NOON)
    assert needless.refusal is not None
    assert needless.refusal.reason == Reason.NO_ADMISSION


def test_a_call_for_help_ends_when_help_was_given() -> None:
    user, [session] = people(1)
    presence.ask_help(session.pk, after(1), by="candidate:1")
    [first] = proctoring.apply(AnswerHelp(), [session.pk], user, after(2))
    [again] = proctoring.apply(AnswerHelp(), [session.pk], user, after(3))
    assert (first.done, fresh(session).help_requested_at) == (True, None)
    assert again.refusal is not None
    assert again.refusal.reason == Reason.NO_CALL


def test_every_act_leaves_its_fact_in_the_story() -> None:
    user, [session] = people(1)
    at = NOON
    for act in (
        SendMessage("Good morning."),
        Extend("lost time", ms=MINUTE),
        Pause("alarm"),
        Resume("over"),
        Terminate("end"),
        Reopen("mistake", ms=MINUTE),
    ):
        at += timedelta(seconds=1)
        [result] = proctoring.apply(act, [session.pk], chief(user), at)
        assert result.done
    told = [entry.kind for entry in proctoring.story(session)]
    assert told[-6:] == [
        "message.sent",
        "time.extended",
        "session.paused",
        "resume.permitted",
        "session.terminated",
        "session.reopened",
    ]
