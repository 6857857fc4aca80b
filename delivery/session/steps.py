"""The small changes verbs are made of, on a locked desk: going on, closing, ending attempts."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from assembly import adaptive, bank
from assembly.adaptive import Answered
from assembly.qti import item_session
from assembly.qti.errors import QtiError
from assembly.qti.item import AssessmentItem
from assembly.qti.values import Value
from assembly.selection import PlannedSection
from delivery.facts import events, journal
from delivery.models import AssessmentSession, ItemSession
from delivery.queries import setwise
from delivery.rules import branching, navigation
from delivery.rules.clock import Scope
from delivery.session import desk, drawing, results
from delivery.session.desk import Desk

logger = logging.getLogger(__name__)

ATTEMPT_FIELDS = ("qti", "num_attempts", "score", "max_score", "needs_marking")


def keep(at_desk: Desk) -> AssessmentSession:
    """Write the session row; every change counts its version up."""
    session = at_desk.session
    session.version += 1
    setwise.save(session)
    return session


def go_to(at_desk: Desk, key: str, at: datetime, *, by: str) -> None:
    """Move the candidate to an item, fold the clock of the last place and begin the new one's."""
    session = at_desk.session
    desk.fold(session, at)
    left = _left(at_desk)
    session.position = key
    row = at_desk.item(key)
    if row.entered_at is None:
        defaults = results.template_defaults(at_desk, at_desk.planned(key))
        if defaults:
            drawing.begin_anew(at_desk, row, defaults)
    if row.state in {ItemSession.State.INITIAL, ItemSession.State.SUSPENDED}:
        row.state = ItemSession.State.INTERACTING
    row.entered_at = row.entered_at or at
    changed = {one.pk: one for one in (*left, row)}
    setwise.update(changed.values(), ["qti", "state", "entered_at", "elapsed_ms"])
    desk.wind(session, at)
    number = at_desk.route.index(key) + 1
    journal.record(events.ItemEntered(**at_desk.head(by, at), item=key, number=number))


def _left(at_desk: Desk) -> list[ItemSession]:
    """Return the item of the position as it is left, which is not kept yet; none where is none."""
    key = at_desk.session.position
    rows = [row for row in at_desk.rows if row.key == key]
    for row in rows:
        row.elapsed_ms = at_desk.session.timing.get("spent", {}).get(f"item:{key}", 0)
        if row.state == ItemSession.State.INTERACTING:
            row.state = ItemSession.State.SUSPENDED
    return rows


def _suspend(at_desk: Desk) -> None:
    setwise.update(_left(at_desk), ["state", "elapsed_ms"])


def go_on(at_desk: Desk, at: datetime, *, by: str) -> bool:
    """Go to the next item of this part, an adaptive section's choice included; False at its end.

    In a linear part pre-conditions and branch rules decide, and what they skip is closed.
    """
    grown = _grow(at_desk, at, by=by)
    key = grown or _next_key(at_desk, at)
    if key is None:
        return False
    go_to(at_desk, key, at, by=by)
    return True


def _next_key(at_desk: Desk, at: datetime) -> str | None:
    route = at_desk.route
    leg = route.leg
    if leg is None or not leg.linear:
        return navigation.next_key(route)
    return _by_rules(at_desk, leg.id, at)


def _by_rules(at_desk: Desk, part: str, at: datetime) -> str | None:
    """Follow the rules from the position, or into the part where the candidate is not in it."""
    session, route = at_desk.session, at_desk.route
    keys = [stop.key for stop in route.stops if not navigation.is_shut(route, stop)]
    items = [item for item in at_desk.plan.items if item.part == part and item.key in keys]
    place = next((n for n, item in enumerate(items) if item.key == session.position), -1)
    if place < 0:
        behind = [stop.key for stop in route.stops[: route.index(session.position) + 1]]
        items = [item for item in items if item.key not in behind]
    way = branching.onward(at_desk.outline, items, place, results.holds(at_desk))
    close_items(at_desk, way.skipped, at)
    if way.exits:
        session.ended_parts = [name for name in at_desk.plan.parts if name != part]
    return way.key


def end_part(at_desk: Desk, at: datetime, *, by: str) -> bool:
    """End the current part for good and go to the next part that has an item; False after the last.

    What was saved in the part is committed: simultaneous submission happens here (QTI ASI), and
    the rules that lead to the next part see the outcomes.
    """
    leg = at_desk.route.leg
    while leg is not None:
        desk.fold(at_desk.session, at)
        _finish_part(at_desk, leg.id, at, by=by)
        leg = at_desk.route.leg
        if leg is not None and _enter_part(at_desk, leg.id, at, by=by):
            return True
    leave(at_desk, at)
    return False


def _finish_part(at_desk: Desk, part: str, at: datetime, *, by: str) -> None:
    session = at_desk.session
    keys = {item.key for item in at_desk.plan.items if item.part == part}
    journal.record_all(
        [
            *commit_pending(at_desk, keys, at, by=by),
            events.PartEnded(**at_desk.head(by, at), part=part),
        ]
    )
    close_items(at_desk, keys, at)
    session.ended_parts = [*session.ended_parts, part]
    target = branching.part_target(at_desk.outline, part, results.holds(at_desk))
    if target:
        parts = list(at_desk.plan.parts)
        until = len(parts) if target == branching.EXIT_TEST else parts.index(target)
        passed = [name for name in parts[:until] if name not in session.ended_parts]
        session.ended_parts = [*session.ended_parts, *passed]


def _enter_part(at_desk: Desk, part: str, at: datetime, *, by: str) -> bool:
    _suspend(at_desk)
    at_desk.session.position = ""
    if not branching.may_begin_part(at_desk.outline, part, results.holds(at_desk)):
        return False
    key = _grow(at_desk, at, by=by) or _first_key(at_desk, part, at)
    if key is not None:
        go_to(at_desk, key, at, by=by)
    return key is not None


def _first_key(at_desk: Desk, part: str, at: datetime) -> str | None:
    leg = at_desk.route.leg
    if leg is not None and leg.linear:
        return _by_rules(at_desk, part, at)
    return navigation.first_key(at_desk.route, part)


def commit_pending(
    at_desk: Desk, keys: Iterable[str], at: datetime, *, by: str
) -> list[events.Fact]:
    """End the attempts of items whose saved answers were not committed; return the facts."""
    wanted = set(keys)
    rows = [row for row in at_desk.rows if row.key in wanted and is_uncommitted(at_desk, row)]
    for row in rows:
        process_attempt(at_desk, row)
    setwise.update(rows, ATTEMPT_FIELDS)
    return [_attempted(at_desk, row, at, by=by) for row in rows]


def is_uncommitted(at_desk: Desk, row: ItemSession) -> bool:
    """Tell whether the saved answer is to be attempted yet, and an attempt is left for it."""
    if is_completed(row):
        return False
    if row.num_attempts == 0:
        return row.answered or row.entered_at is not None
    item = bank.item(row.item_version_id)
    try:
        committed = item_session.from_json(item, row.qti)
        if item_session.is_committed(item, committed, row.response):
            return False
    except QtiError:
        return False
    if item.adaptive:
        return True
    most = at_desk.outline.control(at_desk.planned(row.key)).max_attempts
    return most == 0 or row.num_attempts < most


def is_completed(row: ItemSession) -> bool:
    """Tell whether the item itself said that it is done; a button that does not count can do so."""
    adaptive = bank.item(row.item_version_id).adaptive
    return adaptive and row.qti.get("completion_status") == item_session.COMPLETED


def leave(at_desk: Desk, at: datetime) -> None:
    """Stand at no item: everything is behind the candidate, only submitting is left."""
    session = at_desk.session
    desk.fold(session, at)
    _suspend(at_desk)
    session.position = ""
    desk.wind(session, at)


def enter_first(at_desk: Desk, at: datetime, *, by: str) -> None:
    """Go to the first item of the first part that has one."""
    leg = at_desk.route.leg
    if leg is not None and not _enter_part(at_desk, leg.id, at, by=by):
        end_part(at_desk, at, by=by)


def close_items(at_desk: Desk, keys: Iterable[str], at: datetime) -> None:
    """Close item sessions: no answer of theirs changes any more."""
    wanted = set(keys)
    rows = [
        row for row in at_desk.rows if row.key in wanted and row.state != ItemSession.State.CLOSED
    ]
    for row in rows:
        row.state = ItemSession.State.CLOSED
    setwise.update(rows, ["state"])


def close_scope(at_desk: Desk, scope: Scope, end: datetime, at: datetime) -> bool:
    """Close a scope whose time ran out at `end` and go on as of then; False where nothing is left.

    The item that was open keeps what was saved in time: its attempt ends with it.
    """
    session = at_desk.session
    desk.fold(session, end)
    session.closed_scopes = [*session.closed_scopes, scope.id]
    inside = [stop.key for stop in at_desk.route.stops if scope.id in stop.scopes]
    close_items(at_desk, inside, at)
    journal.record(events.ScopeClosed(**at_desk.head("clock", at), scope=scope.id, deadline=end))
    return _go_on_from(at_desk, end)


def _go_on_from(at_desk: Desk, end: datetime) -> bool:
    if go_on(at_desk, end, by="clock"):
        return True
    route = at_desk.route
    earlier = None
    if route.leg is not None and not route.leg.linear:
        earlier = navigation.first_key(route, route.leg.id)
    if earlier is not None:
        go_to(at_desk, earlier, end, by="clock")
        return True
    return end_part(at_desk, end, by="clock")


def end_attempt(
    at_desk: Desk, row: ItemSession, at: datetime, *, by: str, pressed: str = ""
) -> None:
    """Commit an item's saved responses and run its response processing once.

    `pressed` is the response of the item's own button, where that ended the attempt.
    """
    before = row.num_attempts
    process_attempt(at_desk, row, pressed)
    row.save(update_fields=ATTEMPT_FIELDS)
    counted = row.num_attempts > before
    journal.record(_attempted(at_desk, row, at, by=by, pressed=pressed, counted=counted))


def _attempted(
    at_desk: Desk,
    row: ItemSession,
    at: datetime,
    *,
    by: str,
    pressed: str = "",
    counted: bool = True,
) -> events.ItemAttempted:
    return events.ItemAttempted(
        **at_desk.head(by, at),
        item=row.key,
        attempt=row.num_attempts,
        spent_ms=_spent(at_desk, row),
        pressed=pressed,
        counted=None if counted else False,
    )


def _spent(at_desk: Desk, row: ItemSession) -> int:
    """Return the milliseconds that the candidate had the item before them."""
    return int(at_desk.session.timing.get("spent", {}).get(f"item:{row.key}", 0))


def process_attempt(at_desk: Desk, row: ItemSession, pressed: str = "") -> None:
    """Set what an attempt with the saved responses brings, without writing it."""
    item = bank.item(row.item_version_id)
    spent = _spent(at_desk, row)
    counts = item_session.counts(item, pressed)
    try:
        before = item_session.from_json(item, row.qti)
        raw = row.response | ({pressed: "true"} if pressed in item_session.buttons(item) else {})
        after = item_session.attempt(item, before, raw, duration_seconds=spent / 1000)
    except QtiError:
        # An item that cannot be processed is for a person to mark; the answer is kept.
        logger.exception("Item version %s could not be processed.", row.item_version_id)
        if counts:
            row.needs_marking, row.num_attempts = True, row.num_attempts + 1
        return
    row.qti, row.num_attempts = item_session.to_json(after), after.num_attempts
    if counts or is_completed(row):
        row.needs_marking = row.answered and is_marked_by_people(item)
        row.score = number(after.outcomes.get("SCORE"))
        row.max_score = number(after.outcomes.get("MAXSCORE")) or item.max_score


def is_marked_by_people(item: AssessmentItem) -> bool:
    """Tell whether the item's score is a person's to give (QTI ASI: external-scored)."""
    score = item.outcomes.get("SCORE")
    return score is not None and score.external_scored is not None


def number(value: Value | None) -> float | None:
    """Return a numeric outcome as a float, None for NULL."""
    return None if value is None else float(str(value.scalar))


def _grow(at_desk: Desk, at: datetime, *, by: str) -> str | None:
    """Let the adaptive section that comes next choose its item; None where none comes next."""
    leg, place = at_desk.route.leg, at_desk.route.index(at_desk.session.position)
    for section in at_desk.plan.sections:
        if leg is None or section.part != leg.id or section.adaptive is None:
            continue
        if f"section:{section.identifier}" in at_desk.session.closed_scopes:
            continue
        key = _choose(at_desk, section, place, at, by=by)
        if key is not None:
            return key
    return None


def _choose(
    at_desk: Desk, section: PlannedSection, place: int, at: datetime, *, by: str
) -> str | None:
    if section.adaptive is None:
        return None
    session, settings = at_desk.session, section.adaptive.settings
    pool = drawing.pool_of(session, section.identifier)
    answers = given(at_desk, section.identifier)
    label = f"{at_desk.outline.test.identifier}|section:{section.identifier}|adaptive"
    ref = adaptive.next_item(settings, pool, answers, drawing.stream_of(session), label)
    if ref is None:
        return None
    item = at_desk.plan.adaptive_item(section.identifier, ref)
    grown = at_desk.plan.with_item(section.identifier, item)
    first_of_part = place < 0 and not any(
        other.part == section.part for other in grown.items[: grown.items.index(item)]
    )
    if grown.items.index(item) != place + 1 and not first_of_part:
        return None
    at_desk.regrow(grown)
    at_desk.rows += drawing.add_items(at_desk, (item,))
    known = adaptive.estimate(pool, answers, settings.scaling)
    journal.record(
        events.ItemSelected(
            **at_desk.head(by, at),
            item=item.key,
            section=section.identifier,
            theta_milli=round(known.theta * 1000),
            error_milli=round(known.standard_error * 1000),
        )
    )
    return item.key


def given(at_desk: Desk, section: str) -> list[Answered]:
    rows = {row.key: row for row in at_desk.rows}
    keys = [item.key for item in at_desk.plan.items if item.sections[-1] == section]
    return [Answered(key, share(rows[key])) for key in keys]


def share(row: ItemSession) -> float:
    """Return an item's score as a share of its maximum, 0 to 1."""
    most = row.max_score or 1.0
    return min(1.0, max(0.0, (row.score or 0.0) / most))
