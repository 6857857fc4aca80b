"""Going on without the network: the pages a device may keep ready, and what it tells after."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from delivery.facts import journal
from delivery.facts import recovery_events as facts
from delivery.models import State
from delivery.rules import navigation, outline, refusals
from delivery.rules.refusals import GRANTED, Permission, Reason, Refusal
from delivery.session import desk, moves, results, steps
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
    found = []
    for stop in at_desk.route.stops:
        scopes = [scope for scope in _limited(at_desk, stop.key) if not scope.startswith("part:")]
        if f"item:{stop.key}" not in scopes and _is_open(at_desk, stop.key):
            found.append(Ready(stop.key, " ".join(scopes)))
    return found


def timed(at_desk: Desk) -> list[str]:
    """Return the items of the current part whose own clock begins at entry: only the server can
    start it, so that they are never kept ready.
    """
    leg = at_desk.route.leg
    keys = [stop.key for stop in at_desk.route.stops if leg and stop.part == leg.id]
    return [key for key in keys if f"item:{key}" in _limited(at_desk, key)]


def _limited(at_desk: Desk, key: str) -> list[str]:
    limits = outline.limits_at(at_desk.outline, at_desk.planned(key))
    return [scope for _kind, scope, _title, one in limits if one.max_seconds or one.min_seconds]


def _is_open(at_desk: Desk, key: str) -> bool:
    """Tell whether the item can be answered, and is drawn: some are only when first entered."""
    may = navigation.may_enter(at_desk.route, key) and navigation.may_answer(at_desk.route, key)
    if not may:
        return False
    drawn = at_desk.item(key).entered_at is not None
    return drawn or not results.template_defaults(at_desk, at_desk.planned(key))


def tell_span(session_id: UUID, told: dict[str, Any], *, by: str, at: datetime) -> None:
    """Record that the page went on alone, and go to where it is now; all of it is its own claim."""
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
