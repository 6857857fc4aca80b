"""Going on without the network: the pages a device may keep ready, and what it tells after."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from assembly.qti.assessment import TimeLimits
from delivery import desk, journal, moves, navigation, outline, refusals, results, steps
from delivery import recovery_events as facts
from delivery.clock import Kind
from delivery.desk import Desk
from delivery.models import State
from delivery.refusals import GRANTED, Permission, Reason, Refusal

LONGEST_MS: Final = 7 * 24 * 3_600_000
MOST_VISITED: Final = 200


def may_keep_ready(at_desk: Desk) -> Permission:
    """Ask whether the pages of the current part may be kept on the device.

    Only where the sitting says so, and only in a part that is moved through freely and has no
    time limits of its own below the part: those must see every move when it is made.
    """
    session, leg = at_desk.session, at_desk.route.leg
    fits = (
        session.sitting.offline_pages
        and session.state == State.IN_PROGRESS
        and leg is not None
        and not leg.linear
        and session.position != ""
    )
    return GRANTED if fits and not _has_inner_limits(at_desk) else _no()


def _no() -> Permission:
    return refusals.refuse(Reason.NO_OFFLINE)


def _has_inner_limits(at_desk: Desk) -> bool:
    leg, plan = at_desk.route.leg, at_desk.plan.items
    inside = (item for item in plan if leg is not None and item.part == leg.id)
    return any(
        kind is not Kind.PART and _bites(limits)
        for item in inside
        for kind, _scope, _title, limits in outline.limits_at(at_desk.outline, item)
    )


def _bites(limits: TimeLimits | None) -> bool:
    return limits is not None and bool(limits.max_seconds or limits.min_seconds)


def keys(at_desk: Desk) -> list[str]:
    """Return the items of the current part that can be kept ready, in order; raises Refusal.

    An item that is drawn anew when it is first entered is not ready before that.
    """
    may_keep_ready(at_desk).demand()
    return [stop.key for stop in at_desk.route.stops if _is_ready(at_desk, stop.key)]


def _is_ready(at_desk: Desk, key: str) -> bool:
    if not navigation.may_enter(at_desk.route, key) or not navigation.may_answer(
        at_desk.route, key
    ):
        return False
    row = at_desk.item(key)
    return row.entered_at is not None or not results.template_defaults(
        at_desk, at_desk.planned(key)
    )


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
