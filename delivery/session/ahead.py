"""Going on without the network: the pages a device may keep ready, and what it tells after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from assembly.selection import PlannedItem
from delivery.facts import journal
from delivery.facts import recovery_events as facts
from delivery.models import State
from delivery.rules import navigation, outline, refusals
from delivery.rules.navigation import Route, Stop
from delivery.rules.refusals import GRANTED, Permission, Reason, Refusal
from delivery.session import desk, moves, steps
from delivery.session.desk import Desk

LONGEST_MS: Final = 7 * 24 * 3_600_000
MOST_VISITED: Final = 200


def may_keep_ready(at_desk: Desk) -> Permission:
    """Ask whether pages of the current part may be kept: it is moved through freely, and the
    sitting says so.
    """
    session, leg = at_desk.session, at_desk.route.leg
    fits = (
        session.sitting.offline_pages
        and session.state == State.IN_PROGRESS
        and leg is not None
        and not leg.linear
        and session.position != ""
    )
    return GRANTED if fits else refusals.refuse(Reason.NO_OFFLINE)


@dataclass(frozen=True, slots=True)
class Ready:
    """An item whose page may be kept; `group` names the clocks that run there below the part's.

    Moving within a group starts and stops no clock, so that it can wait for the network.
    """

    key: str
    group: str


def ready(at_desk: Desk) -> list[Ready]:
    """Return the items of the current part that can be kept ready, in order; raises Refusal."""
    may_keep_ready(at_desk).demand()
    route, items = at_desk.route, at_desk.plan.items
    found = (
        _ready(at_desk, route, item, stop) for item, stop in zip(items, route.stops, strict=True)
    )
    return [one for one in found if one is not None]


def timed(at_desk: Desk) -> list[str]:
    """Return the items of the current part whose own clock begins at entry: only the server can
    start it, so that they are never kept ready.
    """
    leg = at_desk.route.leg
    items = [item for item in at_desk.plan.items if leg and item.part == leg.id]
    return [item.key for item in items if f"item:{item.key}" in _limited(at_desk, item)]


def _limited(at_desk: Desk, item: PlannedItem) -> list[str]:
    limits = outline.limits_at(at_desk.outline, item)
    return [scope for _kind, scope, _title, one in limits if one.max_seconds or one.min_seconds]


def is_ready(at_desk: Desk, key: str) -> bool:
    """Tell whether one item can be kept ready, without looking at the others; raises Refusal."""
    may_keep_ready(at_desk).demand()
    route = at_desk.route
    place = route.index(key)
    if place < 0:
        return False
    return _ready(at_desk, route, at_desk.plan.items[place], route.stops[place]) is not None


def _ready(at_desk: Desk, route: Route, item: PlannedItem, stop: Stop) -> Ready | None:
    if stop.closed or not navigation.is_open(route, stop):
        return None
    scopes = [scope for scope in _limited(at_desk, item) if not scope.startswith("part:")]
    if f"item:{item.key}" in scopes or not _is_drawn(at_desk, item):
        return None
    return Ready(item.key, " ".join(scopes))


def _is_drawn(at_desk: Desk, item: PlannedItem) -> bool:
    """Tell whether the item looks as it will: some are drawn only when they are first entered."""
    waits = at_desk.outline.refs[item.ref].template_defaults
    return not waits or at_desk.item(item.key).entered_at is not None


def tell_span(
    session_id: UUID, told: dict[str, Any], *, follow: bool = True, by: str, at: datetime
) -> None:
    """Record that the page went on alone, and go to where it is now; all of it is its own claim.

    Without `follow`, another page has taken the test over: the candidate is where that one is.
    """
    visited = [str(key)[:128] for key in told.get("visited", [])][-MOST_VISITED:]
    with transaction.atomic():
        found = desk.lock(session_id)
        if found.session.started_at is None:
            raise Refusal(Reason.NOT_STARTED)
        journal.record(
            facts.OfflineSpan(
                **found.head(by, at),
                since_ms=_whole(told.get("since_ms"), 2**53),
                away_ms=_whole(told.get("away_ms"), LONGEST_MS),
                answers=_whole(told.get("answers"), 10_000),
                visited=tuple(key for key in visited if _is_item(found, key)),
            )
        )
        steps.keep(found)
    if follow:
        _follow(session_id, visited, by=by, at=at)


def _is_item(found: Desk, key: str) -> bool:
    return any(row.key == key for row in found.rows)


def _whole(value: Any, most: int) -> int:
    """Read a number of the page's; what is none counts as nothing."""
    return min(most, max(0, value)) if type(value) is int else 0


def _follow(session_id: UUID, visited: list[str], *, by: str, at: datetime) -> None:
    """Enter what was visited, in order, as far as it may still be entered."""
    found = desk.read(session_id)
    for key in dict.fromkeys(reversed(visited)):
        if found.session.state == State.IN_PROGRESS and navigation.may_enter(found.route, key):
            try:
                moves.enter(session_id, key, at, by=by)
            except Refusal:
                continue
            return
