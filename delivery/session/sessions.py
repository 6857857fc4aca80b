"""The life of a session: start, pause, resume, complete, and what time itself decides."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from delivery.facts import events, journal
from delivery.models import AssessmentSession, Enrolment, ItemSession, State
from delivery.queries import enrolled, finals, setwise
from delivery.rules import clock, navigation, refusals
from delivery.rules.refusals import GRANTED, Permission, Reason
from delivery.session import desk, drawing, steps, validity
from delivery.session.desk import Desk

CLOCK: Final = "clock"
USED_UP: Final = "The time for which the clock may stand without contact is used up."
RECEIPT_LETTERS: Final = b"23456789ABCDEFGHJKMNPQRSTVWXYZ"
# Which letter a byte stands for; the last few bytes would give some letters more often.
_LETTERS: Final = bytes(RECEIPT_LETTERS[byte % len(RECEIPT_LETTERS)] for byte in range(256))
_UNEVEN: Final = bytes(range(256 - 256 % len(RECEIPT_LETTERS), 256))
PausedBy = AssessmentSession.PausedBy


def current(enrolment: Enrolment) -> AssessmentSession | None:
    """Return the session that is prepared or open for an enrolment, if there is one."""
    return enrolled.CURRENT.one(enrolment.sitting_id, enrolment.candidate_id)


def attempts_left(enrolment: Enrolment) -> int:
    """Return how many sessions may still be started; an open one is not counted as used."""
    _taken, used = enrolled.attempts(enrolment)
    return max(0, enrolment.sitting.attempt_limit + enrolment.extra_attempts - used)


def may_start(enrolment: Enrolment, at: datetime, *, javascript: bool = True) -> Permission:
    """Ask whether the candidate may start a session at this sitting now."""
    return may_start_with(enrolment, attempts_left(enrolment), at, javascript=javascript)


def may_start_with(
    enrolment: Enrolment, left: int, at: datetime, *, javascript: bool = True
) -> Permission:
    """Ask the same where the attempts left are known already: lists ask for all at once."""
    sitting = enrolment.sitting
    if sitting.opens_at is not None and at < sitting.opens_at:
        return refusals.refuse(Reason.NOT_OPEN_YET, opens_at=_words(sitting.opens_at))
    if sitting.closes_at is not None and at >= sitting.closes_at:
        return refusals.refuse(Reason.WINDOW_CLOSED, closes_at=_words(sitting.closes_at))
    if left == 0:
        return refusals.refuse(Reason.NO_ATTEMPTS_LEFT)
    if sitting.admission and enrolment.admitted_at is None:
        return refusals.refuse(Reason.NOT_ADMITTED)
    if sitting.lockdown is not None and sitting.lockdown.requires_javascript and not javascript:
        return refusals.refuse(Reason.NEEDS_JAVASCRIPT)
    return GRANTED


def prepare(enrolment: Enrolment, at: datetime, *, by: str) -> Desk:
    """Return the enrolment's next session, its form drawn; must run under the enrolment's lock."""
    prepared = current(enrolment)
    if prepared is not None:
        return desk.lock(prepared.pk)
    taken, _ended = enrolled.attempts(enrolment)
    return drawing.create(enrolment, taken + 1, at, by=by)


def lock_enrolment(enrolment_id: int) -> Enrolment:
    """Lock an enrolment: whoever starts, starts alone; raises Enrolment.DoesNotExist."""
    found = enrolled.LOCKED.one(enrolment_id)
    if found is None:
        raise Enrolment.DoesNotExist
    return found


def start(
    enrolment_id: int,
    at: datetime,
    *,
    by: str,
    device: str = "",
    device_id: str = "",
    javascript: bool = True,
) -> AssessmentSession:
    """Start the candidate's session, or return the one that is open: twice is once.

    `device` says what it is in words, `device_id` which one.
    """
    with transaction.atomic():
        enrolment = lock_enrolment(enrolment_id)
        known = current(enrolment)
        if known is not None and known.is_open:
            return known
        may_start(enrolment, at, javascript=javascript).demand()
        begun = prepare(enrolment, at, by=by)
        session = begun.session
        _freeze(session)
        session.to_started(at)
        session.device, session.device_id, session.last_seen_at = device[:200], device_id, at
        reading = begun.reading(at)
        journal.record(
            events.SessionStarted(
                **begun.head(by, at),
                deadline=reading.deadline,
                why=reading.sentence,
                device=device[:200],
            )
        )
        desk.reset_due(session, at)
        steps.enter_first(begun, at, by=by)
        return steps.keep(begun)


def _freeze(session: AssessmentSession) -> None:
    """Fix the clock's inputs: what staff change later concerns later sessions."""
    candidate = session.candidate
    known = desk.outline_of(session.sitting.test_version_id)
    session.base_ms = desk.base_ms(known, session.sitting)
    session.time_multiplier = candidate.time_multiplier
    session.fixed_ms = candidate.fixed_minutes * 60_000
    session.unlimited = candidate.unlimited


def settle(at_desk: Desk, at: datetime) -> bool:
    """Apply what time has already decided before `at`; tell whether the session is still open.

    Sections whose time ran out close at their own deadlines, one after the other; the session
    itself expires at its deadline. Must run under the session's lock.
    """
    session = at_desk.session
    _run_on(at_desk, at)
    while session.state == State.IN_PROGRESS:
        now = desk.clock_of(session)
        end, over = clock.deadline(now, at), clock.expired_scope(now, at, grace=True)
        if end is not None and not clock.accepts(now, at) and (over is None or end <= over[1]):
            _expire(at_desk, end, at)
        elif over is None:
            break
        elif not steps.close_scope(at_desk, *over, at):
            _expire(at_desk, over[1], at)
        else:
            steps.keep(at_desk)
    if session.state == State.PAUSED:
        _settle_paused(at_desk, at)
    return session.is_open


def _run_on(at_desk: Desk, at: datetime) -> None:
    """A clock that stands for lost contact runs on when what the sitting allows is used up."""
    until = at_desk.session.stands_until
    if at_desk.session.state == State.PAUSED and until is not None and at >= until:
        _resume(at_desk, until, at, by=CLOCK, reason=USED_UP)
        steps.keep(at_desk)


def _settle_paused(at_desk: Desk, at: datetime) -> None:
    now = desk.clock_of(at_desk.session)
    end = clock.window_deadline(now, at)
    grace = timedelta(milliseconds=now.grace_ms)
    if end is not None and not now.window_waits and at > end + grace:
        _expire(at_desk, end, at)


def _expire(at_desk: Desk, end: datetime, at: datetime) -> None:
    session = at_desk.session
    desk.fold(session, end)
    session.to_expired(end)
    close(at_desk)
    journal.record(expired(session, at, finals.digests([session.pk])[session.pk]))


def expired(session: AssessmentSession, at: datetime, answers: str) -> events.SessionExpired:
    """Return the fact that time ended a session, as its row has it."""
    return events.SessionExpired(
        **events.head(session.pk, session.sitting_id, CLOCK, at),
        finished=session.finished_at or at,
        answered=session.answered,
        total=session.total,
        receipt=session.receipt_code,
        answers=answers,
    )


def close(at_desk: Desk) -> None:
    """Finish what every ending shares: the items close, a receipt is given, the row is kept."""
    session = at_desk.session
    session.receipt_code = session.receipt_code or new_receipts(1)[0]
    session.answered = sum(row.answered for row in at_desk.rows)
    spent = session.timing.get("spent", {})
    for row in at_desk.rows:
        row.state = ItemSession.State.CLOSED
        row.elapsed_ms = spent.get(f"item:{row.key}", row.elapsed_ms)
    setwise.update(at_desk.rows, ["state", "elapsed_ms"])
    steps.keep(at_desk)


def new_receipts(count: int) -> list[str]:
    """Return receipt codes that nobody can guess and everybody can read aloud."""
    letters = ""
    while len(letters) < 16 * count:
        # One draw for all: with each, the threads of a process change turns.
        letters += secrets.token_bytes(20 * count).translate(_LETTERS, _UNEVEN).decode()
    fours = [letters[i : i + 4] for i in range(0, 16 * count, 4)]
    return ["-".join(fours[i : i + 4]) for i in range(0, 4 * count, 4)]


def close_due(session_id: UUID, at: datetime) -> AssessmentSession:
    """Look whether time has decided something about the session; asking never ends it early."""
    with transaction.atomic():
        found = desk.lock(session_id)
        settle(found, at)
        return found.session


def running(at_desk: Desk, at: datetime) -> Permission:
    """Ask whether the candidate may act at all now: in progress, and before the deadline."""
    session = at_desk.session
    if session.state == State.PAUSED:
        return refusals.refuse(Reason.PAUSED)
    if session.state == State.NOT_STARTED:
        return refusals.refuse(Reason.NOT_STARTED)
    if session.state == State.TERMINATED:
        return refusals.refuse(Reason.TERMINATED)
    if session.is_ended:
        return refusals.refuse(Reason.CLOSED)
    now = desk.clock_of(session)
    if clock.is_over(now, at):
        end = clock.deadline(now, at) or at
        return refusals.refuse(Reason.OUT_OF_TIME, deadline=_words(end))
    return GRANTED


def may_pause(session: AssessmentSession, at: datetime) -> Permission:
    """Ask whether the clock may be stopped now; out of time is too late."""
    if session.state == State.PAUSED:
        return refusals.refuse(Reason.ALREADY_PAUSED)
    if session.state != State.IN_PROGRESS:
        return refusals.refuse(Reason.NOT_RUNNING)
    now = desk.clock_of(session)
    if clock.is_over(now, at):
        end = clock.deadline(now, at) or at
        return refusals.refuse(Reason.OUT_OF_TIME, deadline=_words(end))
    return GRANTED


def may_leave(session: AssessmentSession, at: datetime) -> Permission:
    """Ask whether the candidate may save, leave and continue later."""
    if not session.sitting.leaving:
        return refusals.refuse(Reason.LEAVING_NOT_ALLOWED)
    return may_pause(session, at)


def pause(
    session_id: UUID, *, paused_by: str, reason: str, by: str, at: datetime
) -> AssessmentSession:
    """Stop the clock; raises Refusal. What was on its way when this committed still counts."""
    with transaction.atomic():
        found = desk.lock(session_id)
        session = found.session
        settle(found, at)
        leaving = paused_by == PausedBy.CANDIDATE
        (may_leave(session, at) if leaving else may_pause(session, at)).demand()
        remaining = found.reading(at).remaining_ms
        desk.fold(session, at)
        session.to_paused(at, paused_by, reason)
        desk.reset_due(session, at)
        journal.record(
            events.SessionPaused(
                **found.head(by, at), paused_by=paused_by, reason=reason, remaining_ms=remaining
            )
        )
        return steps.keep(found)


def may_resume(session: AssessmentSession, at: datetime) -> Permission:
    """Ask whether the candidate may go on: paused, permitted, and the window still open."""
    if session.state != State.PAUSED:
        return refusals.refuse(Reason.NOT_PAUSED)
    if not session.resume_permitted:
        return refusals.refuse(Reason.RESUME_NOT_PERMITTED)
    closes = clock.window_deadline(desk.clock_of(session), at)
    if closes is not None and at >= closes:
        return refusals.refuse(Reason.WINDOW_CLOSED, closes_at=_words(closes))
    return GRANTED


def resume(session_id: UUID, at: datetime, *, by: str) -> AssessmentSession:
    """Let the clock run again by the candidate's own act; a running session stays as it is."""
    with transaction.atomic():
        found = desk.lock(session_id)
        session = found.session
        settle(found, at)
        if session.state == State.IN_PROGRESS:
            return session
        may_resume(session, at).demand()
        _resume(found, at, at, by=by)
        if not session.position:
            _find_place(found, at, by=by)
        return steps.keep(found)


def _resume(found: Desk, since: datetime, at: datetime, *, by: str, reason: str = "") -> None:
    """Let the clock run from `since`, which the record tells where it is not `at`."""
    session = found.session
    paused = since - (session.paused_at or since)
    if desk.clock_of(session).window_waits:
        session.window_ms += clock.milliseconds(paused)
    session.to_resumed(paused)
    desk.wind(session, since)
    journal.record(
        events.SessionResumed(
            **found.head(by, at),
            paused_ms=clock.milliseconds(paused),
            deadline=session.deadline,
            since=None if since == at else since,
            reason=reason,
        )
    )


def _find_place(found: Desk, at: datetime, *, by: str) -> None:
    """A reopened session stands nowhere: go to the first item that can still be answered."""
    route = found.route
    open_stops = [stop for stop in route.stops if navigation.may_answer(route, stop.key)]
    if open_stops:
        steps.go_to(found, open_stops[0].key, at, by=by)


def may_complete(at_desk: Desk, at: datetime, *, confirmed: bool) -> Permission:
    """Ask whether the candidate may submit; between deadline and grace that is still in time."""
    session = at_desk.session
    if session.state != State.IN_PROGRESS:
        return running(at_desk, at)
    late = _is_late(at_desk, at)
    asked = navigation.may_complete(at_desk.route, confirmed=confirmed or late)
    # Where the time is up, what is there counts.
    return asked if late or not asked else validity.may_hand_in(at_desk)


def _is_late(at_desk: Desk, at: datetime) -> bool:
    return clock.is_over(desk.clock_of(at_desk.session), at)


def complete(session_id: UUID, at: datetime, *, by: str, confirmed: bool) -> AssessmentSession:
    """Submit the session; one that has ended, however it did, is returned as it is."""
    with transaction.atomic():
        found = desk.lock(session_id)
        session = found.session
        if not settle(found, at):
            return session
        may_complete(found, at, confirmed=confirmed).demand()
        end = clock.deadline(desk.clock_of(session), at)
        finished = at if end is None else min(at, end)
        desk.fold(session, finished)
        session.to_completed(finished)
        close(found)
        journal.record(
            events.SessionCompleted(
                **found.head(by, at),
                answered=session.answered,
                total=session.total,
                receipt=session.receipt_code,
                answers=finals.digests([session.pk])[session.pk],
            )
        )
        return session


def _words(at: datetime) -> str:
    """Write an instant for a sentence, in the sitting's time zone."""
    local = timezone.localtime(at)
    same_day = local.date() == timezone.localdate()
    return local.strftime("%H:%M" if same_day else "%A %d %B, %H:%M")
