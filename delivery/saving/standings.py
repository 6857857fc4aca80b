"""How sessions stand for an answer: read once, and again only where their stamp says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from delivery.models import AssessmentSession
from delivery.queries import lookups, plans
from delivery.rules.clock import Clock
from delivery.rules.navigation import Route
from delivery.rules.outline import NOTHING, Stops
from delivery.session import desk

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


_kept: dict[UUID, Standing] = {}


def lock(session_ids: Sequence[UUID]) -> dict[UUID, Seat]:
    """Lock the rows of those sessions that are there, in the order of their keys."""
    rows = lookups.lock(session_ids)
    stamps: dict[UUID, Stamp] = {pk: tuple(columns[WIDTH:]) for pk, *columns in rows}
    # Behind the lock, so that nobody changes meanwhile what is read.
    changed = [pk for pk, stamp in stamps.items() if not _is_kept(pk, stamp)]
    read = {one.pk: _standing(one, stamps[one.pk]) for one in _read(changed)}
    found = {pk: Seat(pk, read.get(pk) or _kept[pk], *columns[:WIDTH]) for pk, *columns in rows}
    if read:
        # What a transaction that fails has counted up will be counted up again, for something else.
        transaction.on_commit(partial(_keep, read), robust=True)
    return found


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
