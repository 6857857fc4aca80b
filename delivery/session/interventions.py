"""What a proctor does to one session: permit, extend, terminate, reopen, message, admit."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction

from delivery.facts import events, journal
from delivery.models import (
    OPEN_STATES,
    AssessmentSession,
    ItemSession,
    Message,
    Outage,
    State,
    TimeAdjustment,
)
from delivery.queries import finals, setwise
from delivery.rules import clock, refusals
from delivery.rules.clock import TEST
from delivery.rules.refusals import GRANTED, Permission, Reason, Refusal
from delivery.session import desk, sessions, steps
from delivery.session.desk import Desk


def actor(user: User) -> str:
    """Return how the ledger names a member of staff."""
    return f"user:{user.pk}"


def _demand_reason(reason: str) -> None:
    if not reason.strip():
        raise Refusal(Reason.REASON_REQUIRED)


def admit(enrolment_id: int, *, by: User, at: datetime) -> AssessmentSession:
    """Let a candidate start; their form is drawn now, so that the record begins here."""
    with transaction.atomic():
        enrolment = sessions.lock_enrolment(enrolment_id)
        prepared = sessions.prepare(enrolment, at, by=actor(by))
        if enrolment.admitted_at is None:
            enrolment.admitted_at, enrolment.admitted_by = at, by
            enrolment.save(update_fields=["admitted_at", "admitted_by"])
            journal.record(events.CandidateAdmitted(**prepared.head(actor(by), at)))
        return prepared.session


def may_permit_resume(session: AssessmentSession, at: datetime) -> Permission:
    """Ask whether there is somebody to be allowed to go on."""
    if session.state != State.PAUSED:
        return refusals.refuse(Reason.NOT_PAUSED)
    closes = clock.window_deadline(desk.clock_of(session), at)
    if closes is not None and at >= closes:
        return sessions.may_resume(session, at)
    return GRANTED


def permit_resume(session_id: UUID, *, by: User, reason: str, at: datetime) -> AssessmentSession:
    """Allow the candidate to go on; the clock runs from their own act, not from this one."""
    with transaction.atomic():
        found = desk.lock(session_id)
        may_permit_resume(found.session, at).demand()
        if not found.session.resume_permitted:
            found.session.resume_permitted = True
            journal.record(events.ResumePermitted(**found.head(actor(by), at), reason=reason))
            steps.keep(found)
        return found.session


def may_extend(session: AssessmentSession, at: datetime, *, scope: str = TEST) -> Permission:
    """Ask whether there is running or standing time to change; an ended session is reopened."""
    if not session.is_open:
        return refusals.refuse(Reason.NOT_RUNNING)
    now = desk.clock_of(session)
    if scope == TEST and clock.deadline(now, at) is None:
        return refusals.refuse(Reason.NOTHING_TO_EXTEND)
    if scope != TEST and scope not in {known.id for known in now.scopes}:
        return refusals.refuse(Reason.NOTHING_TO_EXTEND)
    if session.state == State.IN_PROGRESS and not clock.accepts(now, at):
        return refusals.refuse(Reason.NOT_RUNNING)
    return GRANTED


def extend(
    session_id: UUID,
    *,
    ms: int = 0,
    percent: int | None = None,
    scope: str = TEST,
    reason: str,
    by: User,
    at: datetime,
    outage: Outage | None = None,
) -> AssessmentSession:
    """Give time (or take it, below zero): milliseconds, or a percentage of the base max-time."""
    _demand_reason(reason)
    with transaction.atomic():
        found = desk.lock(session_id)
        may_extend(found.session, at, scope=scope).demand()
        given = ms if percent is None else _percent_ms(found, scope, percent)
        _give(found, scope, given)
        desk.reset_due(found.session, at)
        row = TimeAdjustment(
            session=found.session,
            scope=scope,
            ms=given,
            percent=percent,
            reason=reason,
            outage=outage,
            by=by,
            at=at,
        )
        row.save()
        journal.record(_extended(found, row, by))
        return steps.keep(found)


def _percent_ms(found: Desk, scope: str, percent: int) -> int:
    limits = {known.id: known.limit_ms for known in found.clock.scopes}
    base = limits[scope] if scope != TEST else found.session.base_ms
    if base is None:
        raise Refusal(Reason.NOTHING_TO_EXTEND)
    return base * percent // 100


def _give(found: Desk, scope: str, ms: int) -> None:
    session = found.session
    if scope != TEST:
        extra = session.timing.setdefault("extra", {})
        extra[scope] = extra.get(scope, 0) + ms
        return
    session.adjusted_ms += ms
    if session.sitting.extend_past_window:
        session.window_ms += max(0, ms)


def _extended(found: Desk, row: TimeAdjustment, by: User) -> events.TimeExtended:
    reading = found.reading(row.at)
    scopes = {known.id: known.deadline for known in reading.scopes}
    return events.TimeExtended(
        **found.head(actor(by), row.at),
        scope=row.scope,
        ms=row.ms,
        percent=row.percent,
        reason=row.reason,
        deadline=scopes.get(row.scope, reading.deadline),
        outage=row.outage_id,
    )


def may_terminate(session: AssessmentSession, at: datetime) -> Permission:
    """Ask whether there is an open session to end."""
    del at
    return GRANTED if session.is_open else refusals.refuse(Reason.NOT_RUNNING)


def terminate(session_id: UUID, *, reason: str, by: User, at: datetime) -> AssessmentSession:
    """End a session for a reason; its answers are kept and scored, its result is withheld."""
    _demand_reason(reason)
    return end(session_id, reason=reason, by=actor(by), at=at)


def end(session_id: UUID, *, reason: str, by: str, at: datetime) -> AssessmentSession:
    """End a session by whom the ledger names `by`: a person, or a rule of the sitting."""
    with transaction.atomic():
        found = desk.lock(session_id)
        session = found.session
        if session.state == State.TERMINATED:
            return session
        may_terminate(session, at).demand()
        desk.fold(session, at)
        session.to_terminated(at, reason)
        sessions.close(found)
        journal.record(
            events.SessionTerminated(
                **found.head(by, at),
                reason=reason,
                answered=session.answered,
                total=session.total,
                receipt=session.receipt_code,
                answers=finals.digests([session.pk])[session.pk],
            )
        )
        return session


def may_reopen(session: AssessmentSession, at: datetime) -> Permission:
    """Ask whether there is an ended session that could go on."""
    del at
    return GRANTED if session.is_ended else refusals.refuse(Reason.NOT_FINISHED)


def reopen(
    session_id: UUID,
    *,
    ms: int,
    reason: str,
    by: User,
    at: datetime,
    outage: Outage | None = None,
) -> AssessmentSession:
    """Reopen an ended session with exactly `ms` left; its clock stands until the candidate acts.

    An outage that it makes good is made good once.
    """
    _demand_reason(reason)
    with transaction.atomic():
        found = desk.lock(session_id)
        session = found.session
        may_reopen(session, at).demand()
        session.to_reopened(at, reason)
        _leave_time(session, ms, at)
        _open_items(found)
        desk.reset_due(session, at)
        number = None if outage is None else outage.pk
        journal.record(
            events.SessionReopened(**found.head(actor(by), at), reason=reason, ms=ms, outage=number)
        )
        if outage is not None:
            TimeAdjustment.objects.create(
                session=session, ms=ms, reason=reason, outage=outage, by=by, at=at
            )
        return steps.keep(found)


def _leave_time(session: AssessmentSession, ms: int, at: datetime) -> None:
    """Set the adjustment so that `ms` are left now, and move the window where it would bite."""
    now = desk.clock_of(session)
    end = clock.test_deadline(now, at)
    if end is not None:
        session.adjusted_ms += ms - clock.milliseconds(end - at)
    closes = clock.window_deadline(now, at)
    wanted = at + timedelta(milliseconds=ms)
    if closes is not None and closes < wanted:
        session.window_ms += clock.milliseconds(wanted - closes)


def _open_items(found: Desk) -> None:
    """Open the items of the part that was open last; earlier linear items stay closed."""
    session = found.session
    last = session.ended_parts[-1:] if len(session.ended_parts) == len(found.plan.parts) else []
    session.ended_parts = [part for part in session.ended_parts if part not in last]
    leg = found.route.leg
    linear = leg is not None and leg.linear
    rows = [
        row
        for row in found.rows
        if leg is not None
        and found.planned(row.key).part == leg.id
        and (not linear or row.key == session.position)
    ]
    for row in rows:
        row.state = ItemSession.State.SUSPENDED if row.entered_at else ItemSession.State.INITIAL
    setwise.update(rows, ["state"])


def message(session_id: UUID, text: str, *, by: User, at: datetime) -> Message:
    """Write to a candidate; the words wait in the database until they are acknowledged."""
    sent = message_all([session_id], text, by=by, at=at)
    if not sent:
        raise Refusal(Reason.NOT_RUNNING)
    return sent[0]


def message_all(session_ids: Sequence[UUID], text: str, *, by: User, at: datetime) -> list[Message]:
    """Write the same to many candidates, in as many statements as to one.

    Returns the messages to those whose sessions are open.
    """
    _demand_reason(text)
    with transaction.atomic():
        found = AssessmentSession.objects.filter(pk__in=session_ids, state__in=OPEN_STATES)
        locked = found.select_for_update().order_by("pk").defer("plan", "outcomes")
        sent = Message.objects.bulk_create(
            Message(session=session, text=text, salt=secrets.token_hex(16), by=by, sent_at=at)
            for session in locked
        )
        facts = [_message_sent(one, actor(by), at) for one in sent]
        told = {"text": text, "sent_at": at.isoformat()}
        said = {one.session_id: {"said": told | {"id": one.pk}} for one in sent}
        journal.record_all(facts, said=said)
        return sent


def _message_sent(sent: Message, by: str, at: datetime) -> events.MessageSent:
    head = events.head(sent.session_id, sent.session.sitting_id, by, at)
    digest = sha256(f"{sent.salt}{sent.text}".encode()).hexdigest()
    return events.MessageSent(**head, message=sent.pk, digest=digest)


def answer_help(session_id: UUID, *, by: User, at: datetime) -> None:
    """Lower the candidate's hand."""
    with transaction.atomic():
        found = desk.lock(session_id)
        if found.session.help_requested_at is not None:
            found.session.help_requested_at = None
            journal.record(events.HelpAnswered(**found.head(actor(by), at)))
            steps.keep(found)
