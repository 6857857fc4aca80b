"""All that one needs to decide about and to show of one session: its row, plan, items and clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone

from assembly import bank
from assembly.qti.item import AssessmentItem
from assembly.selection import PlannedItem, TestPlan
from delivery.facts import events
from delivery.models import AssessmentSession, Enrolment, ItemSession, Sitting, State
from delivery.queries import plans, sight
from delivery.rules import clock, navigation, outline
from delivery.rules.clock import Clock, Reading
from delivery.rules.navigation import Route, Stop
from delivery.rules.outline import Outline, Stops
from delivery.session import boxes


@lru_cache(maxsize=128)
def outline_of(test_version_id: int) -> Outline:
    """Return the index of a published test; what is published never changes."""
    return outline.outline(bank.definition(test_version_id))


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item stands in the candidate's test, and which ways lead on."""

    key: str
    number: int
    total: int
    total_is_known: bool
    part: str
    part_title: str
    section_titles: tuple[str, ...]
    next_key: str | None
    previous_key: str | None
    is_last_in_part: bool
    is_last: bool
    linear: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """How the items stand; `unanswered` counts those that can still be answered."""

    total: int
    answered: int
    unanswered: int
    flagged: int
    locked: int


@dataclass
class Desk:
    """One session with everything around it; verbs change its row, pages read it.

    A desk that is only looked at knows of each item what its letter in `letters` says, and has
    the row of the position alone; the others are read when somebody asks for them, as those of a
    locked session are. `mail` and `kept` tell whether there may be messages not acknowledged and
    answers not settled.
    """

    session: AssessmentSession
    listed: list[ItemSession] | None = field(default_factory=list)
    letters: str = ""
    here: ItemSession | None = None
    mail: bool = True
    kept: bool = True

    @property
    def rows(self) -> list[ItemSession]:
        if self.listed is None:
            self.listed = sight.items([self.session.pk])
        return self.listed

    @rows.setter
    def rows(self, rows: list[ItemSession]) -> None:
        self.listed = rows

    @property
    def sitting(self) -> Sitting:
        return self.session.sitting

    @cached_property
    def outline(self) -> Outline:
        return outline_of(self.sitting.test_version_id)

    @cached_property
    def known(self) -> plans.Known:
        return plans.known(self.session)

    @property
    def plan(self) -> TestPlan:
        return self.known.plan

    def regrow(self, plan: TestPlan) -> None:
        """Put a longer plan in the place of this one."""
        self.session.plan = plan.to_json()
        self.__dict__["known"] = plans.indexed(plan)

    def head(self, by: str, at: datetime) -> events.Head:
        """Return the head of a fact about this session."""
        return events.head(self.session.pk, self.session.sitting_id, by, at)

    @property
    def clock(self) -> Clock:
        return clock_of(self.session)

    def item(self, key: str) -> ItemSession:
        """Return an item's row; raises StopIteration."""
        if self.here is not None and self.here.key == key:
            return self.here
        return next(row for row in self.rows if row.key == key)

    def definition(self, key: str) -> AssessmentItem:
        return bank.item(self.item(key).item_version_id)

    def planned(self, key: str) -> PlannedItem:
        return self.plan.items[self.known.places[key]]

    def reading(self, at: datetime) -> Reading:
        return clock.read(self.clock, at, timezone.get_current_timezone())

    @property
    def route(self) -> Route:
        """Return the plan as navigation sees it, with what happened at each item."""
        if self.listed is None and self.letters:
            return self._seen_route
        return self._route(self.happened)

    @property
    def happened(self) -> str:
        """Return what happened at each item of the plan, a letter each."""
        if self.listed is None and self.letters:
            return self.letters
        rows = {row.key: row for row in self.rows}
        return "".join(letter_of(rows[item.key]) for item in self.plan.items)

    @cached_property
    def _seen_route(self) -> Route:
        return self._route(self.letters)

    def _route(self, letters: str) -> Route:
        return route_of(self.session, self.known, Stops(self.outline, self.plan, letters))

    def place(self, key: str) -> Place:
        """Return where an item stands; raises StopIteration for an item not in the plan."""
        route, item = self.route, self.planned(key)
        titles = [self.outline.sections[name] for name in item.sections]
        onward = navigation.next_key(route)
        adaptive = any(section.adaptive for section in self.plan.sections)
        at_end = onward is None and not self._may_grow(item)
        return Place(
            key=key,
            number=route.index(key) + 1,
            total=self.session.total if adaptive else len(route.stops),
            total_is_known=not adaptive,
            part=item.part,
            part_title=self.outline.parts[item.part].title,
            section_titles=tuple(section.title for section in titles if section.visible),
            next_key=onward,
            previous_key=navigation.previous_key(route),
            is_last_in_part=at_end,
            is_last=at_end and navigation.next_part(route) is None,
            linear=route.leg is not None and route.leg.linear,
        )

    def _may_grow(self, item: PlannedItem) -> bool:
        return any(
            section.adaptive is not None and section.part == item.part
            for section in self.plan.sections
        )

    def map(self) -> tuple[boxes.MapSection, ...]:
        """Return the boxes of all parts that are not yet to come, by visible section."""
        return boxes.sections(self.outline, self.plan.items, self.happened, self.route)

    def counts(self) -> Counts:
        route = self.route
        locked = [stop for stop in route.stops if navigation.is_locked(route, stop)]
        answered = [stop for stop in route.stops if stop.answered]
        waiting = [stop for stop in route.stops if not stop.answered and stop not in locked]
        return Counts(
            total=len(route.stops),
            answered=len(answered),
            unanswered=len(waiting),
            flagged=sum(stop.flagged for stop in route.stops),
            locked=len(locked),
        )


def letter_of(row: ItemSession) -> str:
    closed = row.state == ItemSession.State.CLOSED
    return outline.letter(answered=row.answered, flagged=row.flagged, closed=closed)


def route_of(session: AssessmentSession, known: plans.Known, stops: Sequence[Stop]) -> Route:
    """Return a session's route over the given stops."""
    found, sitting = outline_of(session.sitting.test_version_id), session.sitting
    return Route(
        legs=outline.legs(found, known.plan.parts, known.growing, linear=sitting.linear),
        stops=stops,
        position=session.position,
        ended=frozenset(session.ended_parts),
        shut=frozenset(session.closed_scopes),
        places=known.places,
    )


def clock_of(session: AssessmentSession) -> Clock:
    """Return the clock of a started session, with the limits of where the candidate is."""
    known = outline_of(session.sitting.test_version_id)
    # A session that has not started tells what its clock would be from its creation on.
    started = session.started_at or session.created_at
    pauses = AssessmentSession.PausedBy
    return Clock(
        started_at=started,
        base_ms=session.base_ms,
        multiplier=session.time_multiplier,
        fixed_ms=session.fixed_ms,
        unlimited=session.unlimited,
        adjusted_ms=session.adjusted_ms,
        paused_ms=session.paused_ms,
        paused_at=session.paused_at,
        closes_at=session.sitting.closes_at,
        window_ms=session.window_ms,
        window_waits=session.sitting.extend_past_window and session.paused_by != pauses.CANDIDATE,
        grace_ms=session.sitting.grace_seconds * 1000,
        since=session.since,
        scopes=_scopes(known, session),
    )


def _scopes(known: Outline, session: AssessmentSession) -> tuple[clock.Scope, ...]:
    here = position_of(session)
    if here is None:
        return ()
    timing = session.timing
    return outline.scopes_at(known, here, timing.get("spent", {}), timing.get("extra", {}))


def position_of(session: AssessmentSession) -> PlannedItem | None:
    """Return the planned item where the candidate is."""
    # A roll of many sessions leaves their plans out; what is remembered is not read again.
    if not session.position or (not plans.is_known(session.pk) and not session.plan):
        return None
    known = plans.known(session)
    place = known.places.get(session.position)
    return None if place is None else known.plan.items[place]


def forecast(enrolment: Enrolment, at: datetime) -> Reading:
    """Return what the clock would say if the enrolled candidate started now."""
    candidate, sitting = enrolment.candidate, enrolment.sitting
    known = outline_of(sitting.test_version_id)
    ahead = Clock(
        started_at=at,
        base_ms=base_ms(known, sitting),
        multiplier=candidate.time_multiplier,
        fixed_ms=candidate.fixed_minutes * 60_000,
        unlimited=candidate.unlimited,
        closes_at=sitting.closes_at,
        grace_ms=sitting.grace_seconds * 1000,
    )
    return clock.read(ahead, at, timezone.get_current_timezone())


def base_ms(known: Outline, sitting: Sitting) -> int | None:
    """Return the session's own time before accommodation, in milliseconds."""
    seconds = outline.base_seconds(known, sitting.duration_seconds)
    return None if seconds is None else round(seconds * 1000)


def read(session_id: UUID, sign_in: str = "") -> Desk:
    """Read one session to look at it, in one statement; raises AssessmentSession.DoesNotExist.

    `sign_in` is the key of a sign-in to be read along with it.
    """
    session: Any = sight.of(session_id, sign_in)
    if session is None:
        raise AssessmentSession.DoesNotExist
    # The rows of a plan that grows do not stand in its order.
    letters = "" if plans.known(session).growing else session.letters or ""
    return Desk(session, None, letters, session.here, mail=session.mail, kept=session.kept)


def lock(session_id: UUID) -> Desk:
    """Lock one session's row for the rest of the transaction; its items are read when asked for.

    Raises AssessmentSession.DoesNotExist.
    """
    found = sight.own(session_id)
    if found is None:
        raise AssessmentSession.DoesNotExist
    return Desk(found, None)


def lock_all(locked: QuerySet[AssessmentSession]) -> list[Desk]:
    """Read the desks of sessions that `locked` locks, in a constant number of statements."""
    return with_rows(list(locked.select_related("sitting__test_version", "candidate")))


def with_rows(found: Sequence[AssessmentSession]) -> list[Desk]:
    """Return the desks of sessions that are read already, in one statement."""
    rows: dict[UUID, list[ItemSession]] = {session.pk: [] for session in found}
    for row in sight.items(list(rows)):
        rows[row.session_id].append(row)
    return [Desk(session, rows[session.pk]) for session in found]


def fold(session: AssessmentSession, at: datetime) -> None:
    """Add the time since the last fold to every scope of the position; the clock stands after."""
    here = position_of(session)
    if here is not None and session.since is not None:
        known = outline_of(session.sitting.test_version_id)
        passed = max(0, clock.milliseconds(at - session.since))
        spent = session.timing.setdefault("spent", {})
        for _kind, scope, _title, _limits in outline.limits_at(known, here):
            spent[scope] = spent.get(scope, 0) + passed
    session.since = None


def wind(session: AssessmentSession, at: datetime) -> None:
    """Let the position count from `at` while the session runs, and set what is due next."""
    session.since = at if session.state == State.IN_PROGRESS and session.position else None
    reset_due(session, at)


def reset_due(session: AssessmentSession, at: datetime) -> None:
    """Set the session's deadline and when somebody must look at it again."""
    running = session.state == State.IN_PROGRESS
    now = clock_of(session)
    session.deadline = clock.deadline(now, at) if running else None
    session.due_at = clock.due(now, at) if running else _window_due(session, now, at)


def _window_due(session: AssessmentSession, now: Clock, at: datetime) -> datetime | None:
    """A paused session is looked at when its window closes, unless the window waits for it.

    A clock that stands for lost contact runs on by itself at some time.
    """
    if session.state != State.PAUSED:
        return None
    closes = clock.window_deadline(now, at)
    ends = [session.stands_until]
    if closes is not None and not now.window_waits:
        ends.append(closes + timedelta(milliseconds=now.grace_ms))
    return min((end for end in ends if end is not None), default=None)
