"""A sitting as its roll: each enrolment with its latest session, as of one instant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import QuerySet

from delivery.models import AssessmentSession, Enrolment, State
from delivery.rules import clock, watch
from delivery.rules.watch import Concern, Connection, Standing, Vitals
from delivery.seat import leases
from delivery.session import desk

# A proctor knows of their own pauses; these happened without one and wait for one.
HELD_UP_BY: Final = (AssessmentSession.PausedBy.RULE, AssessmentSession.PausedBy.SYSTEM)

# An act's target: a session by its id, or an enrolment that has none yet by its key.
Target = UUID | int


@dataclass(frozen=True, slots=True)
class Row:
    """One enrolment on the board with its latest session, as of one instant."""

    enrolment: Enrolment
    session: AssessmentSession | None
    standing: Standing
    connection: Connection
    concern: Concern
    need: int
    deadline: datetime | None
    remaining_ms: int | None

    @property
    def target(self) -> Target:
        return self.session.pk if self.session is not None else self.enrolment.pk

    @property
    def absent(self) -> bool:
        return self.standing is Standing.ABSENT

    @property
    def help(self) -> bool:
        return Concern.HELP in self.concern

    @property
    def adjusted_ms(self) -> int:
        return 0 if self.session is None else self.session.adjusted_ms


def join(
    enrolments: QuerySet[Enrolment], held: QuerySet[AssessmentSession], at: datetime
) -> list[Row]:
    latest = {}
    for session in held.defer("plan", "outcomes").order_by("attempt_number"):
        # The plan is large and only says which section's limit runs; the board shows the test's.
        session.plan = {}
        latest[session.sitting_id, session.candidate_id] = session
    return [
        _row(enrolment, latest.get((enrolment.sitting_id, enrolment.candidate_id)), at)
        for enrolment in enrolments.select_related("candidate", "sitting")
    ]


def _row(enrolment: Enrolment, session: AssessmentSession | None, at: datetime) -> Row:
    sitting = enrolment.sitting
    state = watch.standing(None if session is None else session.state, sitting.closes_at, at)
    ends = None
    if session is not None:
        session.sitting, session.candidate = sitting, enrolment.candidate
        ends = _deadline(session, at)
    remaining = None if ends is None else max(0, clock.milliseconds(ends - at))
    vitals = _vitals(enrolment, session, state, remaining)
    return Row(
        enrolment=enrolment,
        session=session,
        standing=state,
        connection=watch.connection(vitals, at),
        concern=watch.concern(vitals, at),
        need=watch.need(vitals, at),
        deadline=ends,
        remaining_ms=remaining,
    )


def _vitals(
    enrolment: Enrolment,
    session: AssessmentSession | None,
    state: Standing,
    remaining_ms: int | None,
) -> Vitals:
    if session is None:
        return Vitals(state)
    at_the_door = enrolment.sitting.admission and enrolment.admitted_at is None
    held_up = session.paused_by in HELD_UP_BY and not session.resume_permitted
    asks = state is Standing.IN_PROGRESS and leases.is_asked(session)
    return Vitals(
        standing=state,
        last_seen_at=session.last_seen_at if _is_heard(session) else None,
        disconnected_at=session.disconnected_at,
        help_requested_at=session.help_requested_at,
        remaining_ms=remaining_ms,
        incidents=session.incidents,
        waiting=at_the_door if state is Standing.NOT_STARTED else held_up or asks,
    )


def order(row: Row) -> tuple[int, float, str, str]:
    left = float("inf") if row.remaining_ms is None else row.remaining_ms
    candidate = row.enrolment.candidate
    return (-row.need, left, candidate.name, candidate.number)


def _deadline(session: AssessmentSession, at: datetime) -> datetime | None:
    if session.state == State.PAUSED:
        return clock.deadline(desk.clock_of(session), at)
    return session.deadline


def _is_heard(session: AssessmentSession) -> bool:
    """Tell whether silence means anything: without JavaScript, a page says nothing by itself."""
    return bool(session.writer) or session.disconnected_at is not None
