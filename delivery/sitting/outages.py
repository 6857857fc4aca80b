"""Time that outages of our own took from candidates, and its credit: looked at, then given."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet

from delivery.models import AssessmentSession, Outage, Sitting, State, TimeAdjustment
from delivery.rules import clock, refusals
from delivery.rules.refusals import GRANTED, Permission, Reason, Refusal
from delivery.session import desk, interventions
from delivery.session.desk import Desk
from delivery.sitting import proctoring
from delivery.sitting.proctoring import Result
from delivery.sitting.rolls import Row
from integrity import ledger
from integrity.chain import Entry

OFFERED_FOR: Final = timedelta(days=2)
BEGINS: Final = frozenset({"session.started", "session.resumed"})
ENDS: Final = frozenset(
    {
        "session.paused",
        "session.reopened",
        "session.completed",
        "session.expired",
        "session.terminated",
    }
)
# Under these names a fact carries when it held, where that is not when it was noticed.
HELD_FROM: Final = {"session.resumed": "since", "session.expired": "finished"}
Span = tuple[datetime, datetime]
_Sessions = QuerySet[AssessmentSession]


@dataclass(frozen=True, slots=True)
class Loss:
    """What an outage took from one candidate, and what its credit would do; in milliseconds."""

    row: Row
    lost_ms: int
    permission: Permission
    reopens: bool = False
    before_ms: int | None = None
    after_ms: int | None = None


def recent(sitting: Sitting, at: datetime) -> list[Outage]:
    """Return the outages that hit this sitting's sessions lately and are not yet made good."""
    return [outage for outage in lately(at) if _touched(sitting, outage).exists()]


def lately(at: datetime) -> list[Outage]:
    """Return the outages of the last days, whomever they hit."""
    return list(Outage.objects.filter(ended_at__gt=at - OFFERED_FOR))


def find(sitting: Sitting, outage_id: int) -> Outage | None:
    """Return an outage that hit this sitting's sessions, made good or not."""
    outage = Outage.objects.filter(pk=outage_id).first()
    return outage if outage and _touched(sitting, outage, credited=True).exists() else None


def _touched(sitting: Sitting, outage: Outage, *, credited: bool = False) -> _Sessions:
    """Return the sessions that had begun and were not over when the outage began."""
    open_then = Q(finished_at__isnull=True) | Q(finished_at__gt=outage.began_at)
    held = AssessmentSession.objects.filter(
        open_then, sitting=sitting, started_at__lt=outage.ended_at
    ).exclude(state__in=(State.COMPLETED, State.TERMINATED))
    # Who stood all the while lost nothing.
    held = held.exclude(state=State.PAUSED, paused_at__lte=outage.began_at)
    return held if credited else held.exclude(adjustments__outage=outage)


def running(story: Iterable[Entry]) -> list[Span]:
    """Return the spans in which a session's clock ran, by its own story; the last may be open."""
    spans, since = list[Span](), None
    for entry in story:
        at = _held_from(entry)
        if entry.kind in BEGINS and since is None:
            since = at
        elif entry.kind in ENDS and since is not None:
            spans.append((since, at))
            since = None
    return spans if since is None else [*spans, (since, datetime.max.replace(tzinfo=UTC))]


def _held_from(entry: Entry) -> datetime:
    told = entry.payload.get(HELD_FROM.get(entry.kind, ""), entry.at_ms)
    return datetime.fromtimestamp(int(str(told)) / 1000, UTC)


def lost_ms(spans: Iterable[Span], outage: Outage) -> int:
    """Return for how long of an outage a clock ran, in milliseconds."""
    overlaps = (min(end, outage.ended_at) - max(begin, outage.began_at) for begin, end in spans)
    return sum(max(0, clock.milliseconds(one)) for one in overlaps)


def _lost_by(session: AssessmentSession, outage: Outage) -> int:
    return lost_ms(running(ledger.read(session.stream)), outage)


def preview(outage: Outage, sitting: Sitting, user: User, at: datetime) -> list[Loss]:
    """Return what the outage took from each candidate, and what a credit would give them."""
    hit = list(_touched(sitting, outage, credited=True).values_list("pk", flat=True))
    if not hit:
        return []
    rows = proctoring.rows(hit, user, at)
    losses = [_loss(row, outage, user, at) for row in rows if row.session is not None]
    return [loss for loss in losses if loss.lost_ms]


def _loss(row: Row, outage: Outage, user: User, at: datetime) -> Loss:
    assert row.session is not None  # only rows with a session are asked for
    # The row came without its plan: the clock of the sections needs it.
    session = desk.read(row.session.pk).session
    lost = _lost_by(session, outage)
    permission = may_credit(session, outage, user, at)
    reopens = session.state == State.EXPIRED
    before = None if reopens else row.remaining_ms
    after = lost if reopens else None if before is None else before + lost
    return Loss(row, lost, permission, reopens, before, after if permission else None)


def may_credit(session: AssessmentSession, outage: Outage, user: User, at: datetime) -> Permission:
    """Ask whether the outage can still be made good: once, and where there is a clock."""
    if TimeAdjustment.objects.filter(session=session, outage=outage).exists():
        return refusals.refuse(Reason.ALREADY_CREDITED)
    if session.state == State.EXPIRED:
        return GRANTED if proctoring.is_chief(user) else refusals.refuse(Reason.CHIEF_ONLY)
    return interventions.may_extend(session, at)


def credit(
    outage: Outage,
    sitting: Sitting,
    chosen: Collection[UUID],
    *,
    reason: str,
    by: User,
    at: datetime,
) -> list[Result]:
    """Give each of the chosen candidates exactly what the outage took; a second time is refused."""
    losses = [one for one in preview(outage, sitting, by, at) if one.row.target in chosen]
    return [_credited(loss.row, outage, reason, by, at) for loss in losses]


def _credited(row: Row, outage: Outage, reason: str, by: User, at: datetime) -> Result:
    assert row.session is not None  # a loss has one
    try:
        with transaction.atomic():
            found = desk.lock(row.session.pk)
            may_credit(found.session, outage, by, at).demand()
            _give(found, outage, reason, by, at)
    except Refusal as refusal:
        return Result(row, done=False, refusal=refusal)
    return Result(row, done=True)


def _give(found: Desk, outage: Outage, reason: str, by: User, at: datetime) -> None:
    session, lost = found.session, _lost_by(found.session, outage)
    if session.state == State.EXPIRED:
        interventions.reopen(session.pk, ms=lost, reason=reason, by=by, at=at, outage=outage)
        return
    for scope in (clock.TEST, *_sections_then(session, outage)):
        interventions.extend(
            session.pk, ms=lost, scope=scope, reason=reason, by=by, at=at, outage=outage
        )


def _sections_then(session: AssessmentSession, outage: Outage) -> Sequence[str]:
    """Return the limited sections that ran during the outage and still run."""
    if session.since is None or session.since > outage.began_at:
        return ()
    return [scope.id for scope in desk.clock_of(session).scopes if not scope.soft]
