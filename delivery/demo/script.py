"""What one role does, moment by moment: real verbs that wait for their time in the past."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from math import ceil
from typing import Final
from uuid import UUID

from django.contrib.auth.models import User

from assembly.selection import Stream
from delivery.demo import cast
from delivery.demo.cast import End, Role
from delivery.models import Enrolment
from delivery.seat import presence
from delivery.seat.presence import ClientEvent
from delivery.session import interventions, scoring, sessions

SHORT: Final = timedelta(seconds=20)
LATE: Final = timedelta(minutes=2)
PACES: Final = {cast.EARLY: 68, cast.EXAM: 64, cast.PLACEMENT: 14, cast.PRACTICE: 24}
TOO_LONG: Final = timedelta(minutes=110)
WORKED_TOO_LONG: Final = timedelta(minutes=80)
WAITS: Final = {
    End.PAUSED: timedelta(minutes=6),
    End.PERMITTED: timedelta(minutes=11),
    End.LEFT: timedelta(minutes=9),
    End.TERMINATED: timedelta(minutes=35),
}
SITS: Final = frozenset(End) - {End.ABSENT, End.NOT_STARTED}


@dataclass(frozen=True, slots=True)
class Beat:
    """Something that happens at a moment; `act` takes it as `at`, None means work on the item."""

    at: datetime
    act: Callable[..., object] | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One role on its session, between its start and now; `by` is the proctor."""

    role: Role
    session_id: UUID
    actor: str
    by: User
    stream: Stream
    start: datetime
    now: datetime

    def moment(self, share: float) -> datetime:
        """The moment at a share of the time that the role works."""
        return self.start + (self.work_ends - self.start) * share

    @property
    def work_ends(self) -> datetime:
        if self.role.end is End.EXPIRED:
            return self.start + WORKED_TOO_LONG
        return self.now - WAITS.get(self.role.end, SHORT)


def span(role: Role, enrolment: Enrolment, now: datetime) -> tuple[datetime, datetime]:
    """When the role starts, and the moment that is its "now"."""
    worked = timedelta(minutes=PACES[role.sitting] + role.person % 9)
    if role.sitting != cast.EARLY:
        start = now - timedelta(minutes=role.ago)
        return start, min(now, start + worked) if role.end is End.COMPLETED else now
    opens = enrolment.sitting.opens_at or now
    start = opens + timedelta(minutes=4 + role.person % 9)
    return start, start + (TOO_LONG if role.end is End.EXPIRED else worked)


def beats(stage: Stage, total: int) -> list[Beat]:
    """Everything that happens to a role after its start, in the order of time."""
    steps = ceil(total * stage.role.share)
    working = [Beat(stage.moment((step + 1) / (steps + 1))) for step in range(steps)]
    return sorted((*working, *_turns(stage), *_ending(stage)), key=lambda beat: beat.at)


def _turns(stage: Stage) -> Iterator[Beat]:
    role, sid = stage.role, stage.session_id
    for n, name in enumerate(role.events):
        yield Beat(stage.moment(0.55) + 9 * n * timedelta(seconds=1), partial(_report, stage, name))
    if role.extra_minutes or role.extra_percent:
        yield Beat(stage.moment(0.6), partial(_extend, stage))
    if role.message:
        act = partial(interventions.message, sid, role.message, by=stage.by)
        yield Beat(stage.moment(0.7), act)
    if role.help:
        at = stage.work_ends - timedelta(minutes=2)
        yield Beat(at, partial(presence.ask_help, sid, by=stage.actor))


def _ending(stage: Stage) -> Iterator[Beat]:
    role, last, now = stage.role, stage.work_ends, stage.now
    sid, actor = stage.session_id, stage.actor
    if role.end is End.COMPLETED:
        yield Beat(last, partial(sessions.complete, sid, by=actor, confirmed=True))
    elif role.end is End.EXPIRED:
        yield Beat(now, partial(sessions.close_due, sid))
    elif role.end is End.TERMINATED:
        yield Beat(last, partial(interventions.terminate, sid, reason=role.words, by=stage.by))
    elif role.end is End.LEFT:
        leave = partial(sessions.pause, sid, paused_by="candidate", reason="", by=actor)
        yield Beat(last, leave)
    elif role.end is End.OPEN and role.quiet:
        yield Beat(now - 2 * LATE, partial(presence.lost, sid))
    elif role.end is End.OPEN:
        yield Beat(now - SHORT / 4, partial(presence.seen, sid, by=actor))
    else:
        yield from _pause(stage)
    if role.end in {End.COMPLETED, End.EXPIRED, End.TERMINATED}:
        yield Beat(now, partial(scoring.score, sid))


def _pause(stage: Stage) -> Iterator[Beat]:
    who, role = interventions.actor(stage.by), stage.role
    pause = partial(sessions.pause, paused_by="proctor", reason=role.words, by=who)
    yield Beat(stage.work_ends, partial(pause, stage.session_id))
    if role.end is End.PERMITTED:
        permit = partial(interventions.permit_resume, by=stage.by, reason="Feeling well again.")
        yield Beat(stage.now - LATE, partial(permit, stage.session_id))


def _report(stage: Stage, name: str, at: datetime) -> None:
    elapsed = round((at - stage.start).total_seconds() * 1000)
    presence.client_events(stage.session_id, [ClientEvent(name, elapsed)], at, by="client")


def _extend(stage: Stage, at: datetime) -> None:
    role = stage.role
    interventions.extend(
        stage.session_id,
        ms=role.extra_minutes * 60_000,
        percent=role.extra_percent or None,
        reason=role.words,
        by=stage.by,
        at=at,
    )
