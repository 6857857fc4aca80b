"""The proctor's verbs: see a sitting as rows by need, and act on one or many with a result each."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db import DatabaseError, transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from delivery.models import AssessmentSession, Enrolment, Message, Sitting, State
from delivery.rules import clock, refusals
from delivery.rules.refusals import Permission, Reason, Refusal
from delivery.seat import conditions, leases
from delivery.session import desk, interventions, sessions
from delivery.sitting import rolls
from delivery.sitting.rolls import Row, Target
from integrity import ledger
from integrity.chain import Entry

logger = logging.getLogger(__name__)

SAME_WORDS: Final = timedelta(seconds=60)
GROUP: Final = "Proctor"
CHIEF: Final = "delivery.change_assessmentsession"


@dataclass(frozen=True, slots=True)
class Pause:
    reason: str


@dataclass(frozen=True, slots=True)
class Resume:
    reason: str


@dataclass(frozen=True, slots=True)
class Extend:
    """More (or less) time; `seen_ms` are the adjustments the proctor saw, by session.

    A session whose adjustments differ from the seen ones is left alone: sending the same form
    twice, or two proctors with the same thought, give the time once.
    """

    reason: str
    ms: int = 0
    percent: int | None = None
    scope: str = clock.TEST
    seen_ms: dict[UUID, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SendMessage:
    text: str


@dataclass(frozen=True, slots=True)
class Terminate:
    reason: str


@dataclass(frozen=True, slots=True)
class Reopen:
    reason: str
    ms: int


@dataclass(frozen=True, slots=True)
class Admit:
    pass


@dataclass(frozen=True, slots=True)
class AnswerHelp:
    """Somebody went to see: the call for help is over, and a covered test is uncovered."""


@dataclass(frozen=True, slots=True)
class Waive:
    """Free the candidate from a rule; no rule named makes every rule hold again."""

    reason: str
    rule: str = ""


@dataclass(frozen=True, slots=True)
class LetElsewhere:
    """Let the page or device that asks go on; where none asks, whichever comes next."""

    reason: str


@dataclass(frozen=True, slots=True)
class KeepHere:
    """Leave the test where it is open; the page that asked says so."""

    reason: str


Act = (
    Pause
    | Resume
    | Extend
    | SendMessage
    | Terminate
    | Reopen
    | Admit
    | AnswerHelp
    | Waive
    | LetElsewhere
    | KeepHere
)


@dataclass(frozen=True, slots=True)
class Affected:
    """What an act would do to one row; the times are what is left before and after it."""

    row: Row
    permission: Permission
    before_ms: int | None = None
    after_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    row: Row
    done: bool
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """A sitting of a proctor's with how many enrolments it has and how many now work."""

    sitting: Sitting
    enrolled: int
    working: int
    standing: int


def watched(user: User) -> QuerySet[Sitting]:
    """Return the sittings this user may watch: their own, and every one for a superuser."""
    if user.is_superuser:
        return Sitting.objects.all()
    return Sitting.objects.filter(proctors=user)


def may_watch(user: User, sitting: Sitting) -> Permission:
    if watched(user).filter(pk=sitting.pk).exists():
        return refusals.GRANTED
    return refusals.refuse(Reason.NOT_YOUR_SITTING)


def is_proctor(user: User) -> bool:
    """Tell whether this user proctors at all, also where no sitting is theirs yet."""
    return user.is_superuser or user.groups.filter(name=GROUP).exists()


def is_chief(user: User) -> bool:
    """Tell whether this user may undo an ending."""
    return user.has_perm(CHIEF)


def sittings(user: User) -> list[Watched]:
    """Return the sittings of this user with their numbers, the latest window first."""
    counted = (
        watched(user)
        .select_related("test_version")
        .annotate(
            enrolled=_number(Enrolment.objects.all()),
            working=_number(AssessmentSession.objects.filter(state=State.IN_PROGRESS)),
            standing=_number(AssessmentSession.objects.filter(state=State.PAUSED)),
        )
    )
    return [Watched(found, found.enrolled, found.working, found.standing) for found in counted]


def _number(rows: QuerySet[Any]) -> Coalesce:
    """Count in a query of its own: joined, the counts would multiply each other."""
    of_it = rows.filter(sitting=OuterRef("pk")).order_by().values("sitting")
    return Coalesce(Subquery(of_it.annotate(number=Count("pk")).values("number")), 0)


def board(
    user: User,
    at: datetime,
    *,
    sitting: Sitting | None = None,
    of_sessions: Collection[UUID] | None = None,
) -> list[Row]:
    """Return the rows of a sitting, or of all of the user's, those in need first: two queries.

    `of_sessions` narrows the board to the candidates of these sessions.
    """
    mine = watched(user) if sitting is None else watched(user).filter(pk=sitting.pk)
    enrolments = Enrolment.objects.filter(sitting__in=mine.order_by())
    held = AssessmentSession.objects.filter(sitting__in=mine.order_by())
    if of_sessions is not None:
        named = AssessmentSession.objects.filter(pk__in=of_sessions).values("candidate")
        enrolments = enrolments.filter(candidate__in=named)
        held = held.filter(candidate__in=named)
    return sorted(rolls.join(enrolments, held, at), key=rolls.order)


def rows(targets: Sequence[Target], user: User, at: datetime) -> list[Row]:
    """Return the targets' rows in their order: two queries; refuse what is not this user's."""
    ids = {target for target in targets if isinstance(target, UUID)}
    keys = {target for target in targets if isinstance(target, int)}
    mine = watched(user).order_by()
    of_ids = AssessmentSession.objects.filter(pk__in=ids).values("candidate")
    of_keys = Enrolment.objects.filter(pk__in=keys).values("candidate")
    enrolments = Enrolment.objects.filter(Q(pk__in=keys) | Q(candidate__in=of_ids))
    held = AssessmentSession.objects.filter(Q(pk__in=ids) | Q(candidate__in=of_keys))
    found = rolls.join(enrolments.filter(sitting__in=mine), held.filter(sitting__in=mine), at)
    by_target: dict[Target, Row] = {row.enrolment.pk: row for row in found}
    by_target |= {row.session.pk: row for row in found if row.session is not None}
    if not by_target.keys() >= set(targets):
        raise Refusal(Reason.NOT_YOUR_SITTING)
    return [by_target[target] for target in dict.fromkeys(targets)]


def apply(act: Act, targets: Sequence[Target], user: User, at: datetime) -> list[Result]:
    """Do the act to each in a transaction of its own; one that fails spares the others."""
    found = rows(targets, user, at)
    if isinstance(act, SendMessage):
        return _say(found, act, user, at)  # in one for all
    return [_apply_to(row, act, user, at) for row in found]


def preview(act: Act, targets: Sequence[Target], user: User, at: datetime) -> list[Affected]:
    """Return what the act would do to each target, changing nothing."""
    return [_foresee(row, act, user, at) for row in rows(targets, user, at)]


def story(session: AssessmentSession) -> list[Entry]:
    """Return everything that the ledger tells of this session, oldest first."""
    return ledger.read(session.stream)


def may(act: Act, row: Row, user: User, at: datetime) -> Permission:
    """Ask whether the act can be done to this row by this user now."""
    if isinstance(act, Admit):
        return _may_admit(row)
    session = row.session
    if isinstance(act, Waive) and (session is None or not session.is_ended):
        return conditions.may_waive(row.enrolment)
    if session is None:
        return refusals.refuse(Reason.NOT_STARTED)
    if isinstance(act, Reopen) and not is_chief(user):
        return refusals.refuse(Reason.CHIEF_ONLY)
    return _may_in(session, act, at)


def _may_in(session: AssessmentSession, act: Act, at: datetime) -> Permission:
    match act:
        case Pause():
            return sessions.may_pause(session, at)
        case Resume():
            return interventions.may_permit_resume(session, at)
        case Extend(percent=int()) if session.base_ms is None:
            return refusals.refuse(Reason.NOTHING_TO_EXTEND)
        case Extend():
            return interventions.may_extend(session, at, scope=act.scope)
        case Terminate():
            return interventions.may_terminate(session, at)
        case Reopen():
            return interventions.may_reopen(session, at)
        case AnswerHelp() if session.help_requested_at is None:
            return refusals.refuse(Reason.NO_CALL)
        case LetElsewhere():
            return leases.may_allow(session)
        case KeepHere():
            return leases.may_refuse(session)
    return refusals.GRANTED if session.is_open else refusals.refuse(Reason.NOT_RUNNING)


def _may_admit(row: Row) -> Permission:
    if not row.enrolment.sitting.admission:
        return refusals.refuse(Reason.NO_ADMISSION)
    if row.enrolment.admitted_at is not None:
        return refusals.refuse(Reason.ALREADY_ADMITTED)
    return refusals.GRANTED


def _foresee(row: Row, act: Act, user: User, at: datetime) -> Affected:
    permission = may(act, row, user, at)
    if not permission or not isinstance(act, Extend) or row.session is None:
        return Affected(row, permission)
    return Affected(row, permission, row.remaining_ms, _after(row.session, act, at))


def _apply_to(row: Row, act: Act, user: User, at: datetime) -> Result:
    try:
        with transaction.atomic():
            if not getattr(act, "reason", "given").strip():
                raise Refusal(Reason.REASON_REQUIRED)
            may(act, row, user, at).demand()
            _do(row, act, user, at)
    except Refusal as refusal:
        return Result(row, done=False, refusal=refusal)
    except DatabaseError:
        logger.exception("An act on %s failed.", row.target)
        return Result(row, done=False, refusal=Refusal(Reason.TRY_AGAIN))
    return Result(row, done=True)


def _do(row: Row, act: Act, by: User, at: datetime) -> None:
    if isinstance(act, Admit):
        interventions.admit(row.enrolment.pk, by=by, at=at)
        return
    if isinstance(act, Waive):
        named = [act.rule] if act.rule else []
        conditions.waive(row.enrolment.pk, named, reason=act.reason, by=by, at=at)
        return
    assert row.session is not None  # may() refuses every other act without a session
    pk = row.session.pk
    match act:
        case Pause(reason):
            who, ledger_name = sessions.PausedBy.PROCTOR, interventions.actor(by)
            sessions.pause(pk, paused_by=who, reason=reason, by=ledger_name, at=at)
        case Resume(reason):
            interventions.permit_resume(pk, by=by, reason=reason, at=at)
        case Extend():
            _extend(row.session, act, by, at)
        case Terminate(reason):
            interventions.terminate(pk, reason=reason, by=by, at=at)
        case Reopen(reason, ms):
            interventions.reopen(pk, ms=ms, reason=reason, by=by, at=at)
        case AnswerHelp():
            interventions.answer_help(pk, by=by, at=at)
        case LetElsewhere(reason):
            leases.allow(pk, reason=reason, by=by, at=at)
        case KeepHere(reason):
            leases.refuse(pk, reason=reason, by=by, at=at)


def _extend(session: AssessmentSession, act: Extend, by: User, at: datetime) -> None:
    """Give the time unless somebody else did since it was seen; the lock lasts to the commit."""
    seen = act.seen_ms.get(session.pk)
    locked = AssessmentSession.objects.select_for_update().values_list("adjusted_ms", flat=True)
    if seen is not None and locked.get(pk=session.pk) != seen:
        raise Refusal(Reason.CHANGED_MEANWHILE)
    interventions.extend(
        session.pk,
        ms=act.ms,
        percent=act.percent,
        scope=act.scope,
        reason=act.reason,
        by=by,
        at=at,
    )


def _say(found: Sequence[Row], act: SendMessage, by: User, at: datetime) -> list[Result]:
    """Send to all who may be written to, unless the same words went just now: a form sent twice."""
    same = Message.objects.filter(text=act.text, by=by, sent_at__gt=at - SAME_WORDS)
    said = set(same.values_list("session_id", flat=True))
    unsaid = Refusal(Reason.NOT_RUNNING)
    refused = [may(act, row, by, at).refusal or _repeated(row, said) for row in found]
    told: set[UUID] = set()
    chosen = [
        row.session.pk for row, no in zip(found, refused, strict=True) if row.session and not no
    ]
    try:
        told = {one.session_id for one in interventions.message_all(chosen, act.text, by=by, at=at)}
    except Refusal as refusal:
        unsaid = refusal
    except DatabaseError:
        logger.exception("A message to %s sessions failed.", len(chosen))
        unsaid = Refusal(Reason.TRY_AGAIN)
    return [
        Result(row, done=True)
        if row.session and row.session.pk in told
        else Result(row, done=False, refusal=no or unsaid)
        for row, no in zip(found, refused, strict=True)
    ]


def _repeated(row: Row, said: Collection[UUID]) -> Refusal | None:
    return Refusal(Reason.SAID_JUST_NOW) if row.session and row.session.pk in said else None


def _after(session: AssessmentSession, act: Extend, at: datetime) -> int | None:
    """Return what would be left, in milliseconds, once the act had been done."""
    now = desk.clock_of(session)
    given = act.ms
    if act.percent is not None:
        given = (session.base_ms or 0) * act.percent // 100
    moved = max(0, given) if session.sitting.extend_past_window else 0
    then = replace(now, adjusted_ms=now.adjusted_ms + given, window_ms=now.window_ms + moved)
    ends = clock.deadline(then, at)
    return None if ends is None else max(0, clock.milliseconds(ends - at))
