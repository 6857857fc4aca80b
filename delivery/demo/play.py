"""Plays a role through the real verbs, moment by moment in the past."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from math import ceil
from typing import Final
from uuid import UUID

from django.contrib.auth.models import User

from assembly.qti import item_session
from assembly.selection import Stream
from delivery import desk, interventions, moves, presence, responses, scoring, sessions
from delivery.demo import answers, cast, people
from delivery.demo.cast import End, Role
from delivery.desk import Desk
from delivery.models import AssessmentSession, Enrolment
from delivery.presence import ClientEvent
from delivery.refusals import Refusal
from delivery.responses import Save

SKIPPED_EVERY: Final = 11
LATE: Final = timedelta(minutes=2)
SHORT: Final = timedelta(seconds=20)
WRITER: Final = "demo"


@dataclass(frozen=True, slots=True)
class Beat:
    """Something that happens at a moment; `act` takes it as `at`."""

    at: datetime
    act: Callable[..., object]


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
            return self.start + timedelta(minutes=80)
        return self.now - WAITS.get(self.role.end, SHORT)


WAITS: Final = {
    End.PAUSED: timedelta(minutes=6),
    End.PERMITTED: timedelta(minutes=11),
    End.LEFT: timedelta(minutes=9),
    End.TERMINATED: timedelta(minutes=35),
}
PACES: Final = {cast.EARLY: 68, cast.EXAM: 64, cast.PLACEMENT: 14, cast.PRACTICE: 24}
TOO_LONG: Final = timedelta(minutes=110)
SITS: Final = frozenset(End) - {End.ABSENT, End.NOT_STARTED}


def play(role: Role, enrolment: Enrolment, by: User, now: datetime) -> AssessmentSession | None:
    """Play one role up to now; None for those who never started."""
    if role.end not in SITS:
        return None
    start, until = span(role, enrolment, now)
    actor = f"candidate:{enrolment.candidate_id}"
    session = sessions.start(enrolment.pk, start, by=actor, device="Chromium on Linux")
    seed = sha256(f"{people.SEED}|{role.person}|{role.sitting}".encode()).digest()
    stage = Stage(role, session.pk, actor, by, Stream(seed), start, until)
    for beat in sorted(beats(stage, session.total), key=lambda beat: beat.at):
        try:
            beat.act(at=beat.at)
        except Refusal:
            # Someone whose section has just closed, or whose time is up, is told no here too.
            continue
    return session


def span(role: Role, enrolment: Enrolment, now: datetime) -> tuple[datetime, datetime]:
    """When the role starts, and the moment that is its "now"."""
    worked = timedelta(minutes=PACES[role.sitting] + role.person % 9)
    if role.sitting != cast.EARLY:
        start = now - timedelta(minutes=role.ago)
        return start, min(now, start + worked) if role.end is End.COMPLETED else now
    opens = enrolment.sitting.opens_at or now
    start = opens + timedelta(minutes=4 + role.person % 9)
    return start, start + (TOO_LONG if role.end is End.EXPIRED else worked)


def beats(stage: Stage, total: int) -> Iterator[Beat]:
    """Everything that happens to a role, in no order."""
    role = stage.role
    steps = ceil(total * role.share)
    for step in range(steps):
        yield Beat(stage.moment((step + 1) / (steps + 1)), partial(work, stage, step))
    for n, name in enumerate(role.events):
        yield Beat(stage.moment(0.55) + 9 * n * timedelta(seconds=1), partial(report, stage, name))
    if role.extra_minutes or role.extra_percent:
        yield Beat(stage.moment(0.6), partial(extend, stage))
    if role.message:
        yield Beat(stage.moment(0.7), partial(write, stage))
    if role.help:
        at = stage.work_ends - timedelta(minutes=2)
        yield Beat(at, partial(presence.ask_help, stage.session_id, by=stage.actor))
    yield from _ending(stage)


def _ending(stage: Stage) -> Iterator[Beat]:
    role, last, now = stage.role, stage.work_ends, stage.now
    sid, actor = stage.session_id, stage.actor
    if role.end is End.COMPLETED:
        yield Beat(last, partial(sessions.complete, sid, by=actor, confirmed=True))
        yield Beat(now, partial(scoring.score, sid))
    elif role.end is End.EXPIRED:
        yield Beat(now, partial(expire, stage))
    elif role.end is End.TERMINATED:
        yield Beat(last, partial(interventions.terminate, sid, reason=role.words, by=stage.by))
        yield Beat(now, partial(scoring.score, sid))
    elif role.end in {End.PAUSED, End.PERMITTED}:
        who = f"user:{stage.by.pk}"
        pause = partial(sessions.pause, sid, paused_by="proctor", reason=role.words, by=who)
        yield Beat(last, pause)
    elif role.end is End.LEFT:
        leave = partial(sessions.pause, sid, paused_by="candidate", reason="", by=actor)
        yield Beat(last, leave)
    if role.end is End.PERMITTED:
        permit = partial(
            interventions.permit_resume, sid, by=stage.by, reason="Feeling well again."
        )
        yield Beat(now - LATE, permit)
    if role.end is End.OPEN and role.quiet:
        yield Beat(now - 2 * LATE, partial(presence.lost, sid))
    elif role.end is End.OPEN:
        yield Beat(now - SHORT / 4, partial(presence.seen, sid, by=actor))


def expire(stage: Stage, at: datetime) -> None:
    sessions.close_due(stage.session_id, at)
    scoring.score(stage.session_id, at)


def work(stage: Stage, step: int, at: datetime) -> None:
    """Answer the item where the candidate is, flag one now and then, and go on."""
    here = desk.read(stage.session_id)
    key = here.session.position
    if not key:
        return
    if step % SKIPPED_EVERY == SKIPPED_EVERY - 2 and not here.place(key).linear:
        moves.flag(stage.session_id, key, True, at, by=stage.actor)
    else:
        responses.save([answer(stage, here, key, step, at)])
    try:
        moves.advance(stage.session_id, at, by=stage.actor, from_key=key, confirmed=True)
    except Refusal:
        moves.end_part(stage.session_id, at, by=stage.actor, confirmed=True)


def answer(stage: Stage, here: Desk, key: str, step: int, at: datetime) -> Save:
    item, row = here.definition(key), here.item(key)
    session = item_session.from_json(item, row.qti)
    return Save(
        session_id=stage.session_id,
        item=key,
        raw=answers.respond(item, session, stage.role.ability, stage.stream),
        base_revision=row.revision,
        client_seq=step + 1,
        key=f"demo-{step}",
        elapsed_ms=round((at - stage.start).total_seconds() * 1000),
        epoch=here.session.epoch,
        writer=WRITER,
        received_at=at,
        by=stage.actor,
    )


def report(stage: Stage, name: str, at: datetime) -> None:
    elapsed = round((at - stage.start).total_seconds() * 1000)
    presence.client_events(stage.session_id, [ClientEvent(name, elapsed)], at, by="client")


def extend(stage: Stage, at: datetime) -> None:
    role = stage.role
    interventions.extend(
        stage.session_id,
        ms=role.extra_minutes * 60_000,
        percent=role.extra_percent or None,
        reason=role.words,
        by=stage.by,
        at=at,
    )


def write(stage: Stage, at: datetime) -> None:
    interventions.message(stage.session_id, stage.role.message, by=stage.by, at=at)
