"""How sessions stand for an answer: read once, and again only where their stamp says so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from delivery.models import AssessmentSession
from delivery.queries import lookups, plans
from delivery.rules.clock import Clock
from delivery.rules.navigation import Route
from delivery.rules.outline import NOTHING, Stops
from delivery.session import desk
from integrity.rowsets import MovedError

MOST_KEPT: Final = 20_000
WIDTH: Final = len(lookups.CHANGING)
# The values of lookups.STAMP.
Stamp = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """What judges an answer beside the item's own row; of the stops of `route` none is known."""

    stamp: Stamp
    sitting_id: int
    state: str
    started: bool
    ended: bool
    paused_at: datetime | None
    finished_at: datetime | None
    scored: bool
    epoch: int
    clock: Clock
    route: Route
    routes: dict[tuple[str, str], Route] = field(default_factory=dict, compare=False)

    def around(self, key: str, letter: str) -> Route:
        """Return the route where of all items only one is known: enough to ask about it."""
        found = self.routes.get((key, letter))
        if found is None:
            stops, place = self.route.stops, self.route.places[key]
            assert isinstance(stops, Stops)
            letters = (NOTHING * place + letter).ljust(len(stops), NOTHING)
            seen = Stops(stops.known, stops.plan, letters)
            found = self.routes[key, letter] = replace(self.route, stops=seen)
        return found


@dataclass(slots=True)
class Seat:
    """A session while a batch of answers holds its row, with what changes without its version."""

    id: UUID
    standing: Standing
    writer: str
    lease_device: str
    answered: int
    last_save_at: datetime | None = None
    last_seen_at: datetime | None = None
    # Named with each answer.
    stream: str = ""

    @property
    def version(self) -> int:
        return int(self.standing.stamp[0])

    @property
    def epoch(self) -> int:
        return self.standing.epoch

    @property
    def pk(self) -> UUID:
        return self.id

    @property
    def sitting(self) -> tuple[Any, ...]:
        """What the stamp has of the sitting: the values of lookups.SITTING."""
        return self.standing.stamp[-len(lookups.SITTING) :]


_kept: dict[UUID, Standing] = {}
_stamp: Final[Callable[[AssessmentSession], Stamp]] = attrgetter(
    *(name.removeprefix("s.").replace("t.", "sitting.", 1) for name in lookups.STAMP)
)


def lock(session_ids: Sequence[UUID]) -> dict[UUID, Seat]:
    """Lock the rows of those sessions that are there, in the order of their keys."""
    return _seats({pk: columns for pk, *columns in lookups.lock(session_ids)}, locked=True)


def seen(rows: Mapping[UUID, Sequence[Any]]) -> dict[UUID, Seat]:
    """Return sessions that were seen without a lock; raises MovedError where one has moved on.

    Rows are lookups.CHANGING and lookups.STAMP.
    """
    return _seats(rows, locked=False)


def _seats(rows: Mapping[UUID, Sequence[Any]], *, locked: bool) -> dict[UUID, Seat]:
    stamps: dict[UUID, Stamp] = {pk: tuple(columns[WIDTH:]) for pk, columns in rows.items()}
    changed = [pk for pk, stamp in stamps.items() if not _is_kept(pk, stamp)]
    sessions = _read(changed)
    if not locked and any(_stamp(one) != stamps[one.pk] for one in sessions):
        raise MovedError
    read = {one.pk: _standing(one, stamps[one.pk]) for one in sessions}
    found = {
        pk: _seat(pk, read.get(pk) or _kept[pk], *columns[:WIDTH]) for pk, columns in rows.items()
    }
    if read:
        # What a transaction that fails has counted up will be counted up again, for something else.
        transaction.on_commit(partial(_keep, read), robust=True)
    return found


def _seat(pk: UUID, standing: Standing, writer: str, lease_device: str, answered: int) -> Seat:
    return Seat(pk, standing, writer, lease_device, answered, stream=f"session:{pk}")


def stands(session_id: UUID, columns: Sequence[Any]) -> bool:
    """Tell whether a session that was seen stands as this process has read it; see `seen`."""
    return _is_kept(session_id, tuple(columns[WIDTH:]))


def is_known(session_id: UUID) -> bool:
    """Tell whether this process has read how a session stands, or stood."""
    return session_id in _kept


def learn(sessions: Iterable[AssessmentSession]) -> None:
    """Keep how sessions stand that were read outside of a transaction."""
    _keep({one.pk: _standing(one, _stamp(one)) for one in sessions})


def _is_kept(session_id: UUID, stamp: Stamp) -> bool:
    known = _kept.get(session_id)
    return known is not None and known.stamp == stamp


def _read(session_ids: list[UUID]) -> list[AssessmentSession]:
    return lookups.STANDINGS.all(session_ids) if session_ids else []


def _keep(read: dict[UUID, Standing]) -> None:
    if len(_kept) + len(read) > MOST_KEPT:
        _kept.clear()
    _kept.update(read)


def _standing(session: AssessmentSession, stamp: Stamp) -> Standing:
    known, found = plans.known(session), desk.outline_of(session.sitting.test_version_id)
    stops = Stops(found, known.plan, NOTHING * len(known.places))
    return Standing(
        stamp=stamp,
        sitting_id=session.sitting_id,
        state=session.state,
        started=session.started_at is not None,
        ended=session.is_ended,
        paused_at=session.paused_at,
        finished_at=session.finished_at,
        scored=session.scored_at is not None,
        epoch=session.epoch,
        clock=desk.clock_of(session),
        route=desk.route_of(session, known, stops),
    )
