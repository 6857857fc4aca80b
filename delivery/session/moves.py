"""The candidate's moves: enter an item, go on, end a part, flag, check an answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import transaction

from delivery.facts import events, journal
from delivery.models import ItemSession
from delivery.rules import navigation, outline, refusals
from delivery.rules.refusals import GRANTED, Permission, Reason
from delivery.session import desk, sessions, steps, validity
from delivery.session.desk import Desk


@contextmanager
def _moving(session_id: UUID, at: datetime) -> Iterator[Desk]:
    """Lock the session, apply what time decided, and keep the row after the move."""
    with transaction.atomic():
        found = desk.lock(session_id)
        sessions.settle(found, at)
        sessions.running(found, at).demand()
        yield found
        found.session.last_seen_at = at
        steps.keep(found)


def enter(session_id: UUID, key: str, at: datetime, *, by: str) -> Desk:
    """Go to an item; being there already changes nothing."""
    with _moving(session_id, at) as found:
        navigation.may_enter(found.route, key).demand()
        if found.session.position != key:
            steps.go_to(found, key, at, by=by)
    return found


def may_go_on(at_desk: Desk, at: datetime, *, confirmed: bool) -> Permission:
    """Ask whether the candidate may leave the current item forwards, where there is no way back."""
    session = at_desk.session
    item, row = at_desk.planned(session.position), at_desk.item(session.position)
    control = at_desk.outline.control(item)
    desk.fold(session, at)
    desk.wind(session, at)
    wait = outline.min_ms_left(at_desk.outline, item, session.timing.get("spent", {}))
    if wait:
        return refusals.refuse(Reason.MIN_TIME, seconds=str(-(-wait // 1000)))
    submitting = validity.may_submit(at_desk, item.key)
    if control.validate_responses or not submitting:
        return submitting
    if not row.answered and not confirmed:
        return refusals.refuse(Reason.UNANSWERED, count="1")
    return GRANTED


def advance(
    session_id: UUID, at: datetime, *, by: str, from_key: str, confirmed: bool = False
) -> Desk:
    """Go on from an item; twice from the same item is once.

    A linear item closes and its attempt ends. At the end of a part the next part begins, where
    that is confirmed; after the last part the candidate stands at no item and may submit.
    """
    with _moving(session_id, at) as found:
        # Standing at no item there is nothing to go on from; submitting is what is left.
        if from_key and found.session.position == from_key:
            _advance(found, at, by=by, confirmed=confirmed)
    return found


def _advance(found: Desk, at: datetime, *, by: str, confirmed: bool) -> None:
    leg, key = found.route.leg, found.session.position
    linear = leg is not None and leg.linear
    if linear:
        may_go_on(found, at, confirmed=confirmed).demand()
        _commit(found, key, at, by=by)
    if steps.go_on(found, at, by=by):
        return
    if navigation.next_part(found.route) is None:
        if linear:
            steps.leave(found, at)
        return
    if not linear:
        _may_end_part(found, confirmed=confirmed).demand()
    steps.end_part(found, at, by=by)


def _commit(found: Desk, key: str, at: datetime, *, by: str) -> None:
    """End a linear item: its attempt, unless the part is submitted as a whole, then its session."""
    row = found.item(key)
    desk.fold(found.session, at)
    whole = found.outline.is_simultaneous(found.planned(key))
    if not whole and steps.is_uncommitted(found, row):
        steps.end_attempt(found, row, at, by=by)
    steps.close_items(found, [key], at)


def _may_end_part(found: Desk, *, confirmed: bool) -> Permission:
    ending = may_finish_part(found, confirmed=confirmed)
    return ending if confirmed or not ending else refusals.refuse(Reason.PART_ENDS)


def may_finish_part(at_desk: Desk, *, confirmed: bool) -> Permission:
    """Ask whether the current part may be left for good."""
    ending, leg = navigation.may_end_part(at_desk.route, confirmed=confirmed), at_desk.route.leg
    return validity.may_hand_in(at_desk, leg.id) if ending and leg else ending


def end_part(session_id: UUID, at: datetime, *, by: str, confirmed: bool) -> Desk:
    """End the current part for good and begin the next; raises Refusal until it is confirmed."""
    with _moving(session_id, at) as found:
        _may_end_part(found, confirmed=confirmed).demand()
        steps.end_part(found, at, by=by)
    return found


def flag(session_id: UUID, key: str, flagged: bool, at: datetime, *, by: str) -> Desk:
    """Set or lift the candidate's own mark on an item."""
    with _moving(session_id, at) as found:
        navigation.may_enter(found.route, key).demand()
        row = found.item(key)
        if row.flagged != flagged:
            row.flagged = flagged
            row.save(update_fields=["flagged"])
            journal.record(events.ItemFlagged(**found.head(by, at), item=key, flagged=flagged))
    return found


def offers_check(at_desk: Desk, key: str) -> bool:
    """Tell whether the page offers to end an attempt: there is feedback on it, or another one."""
    control = at_desk.outline.control(at_desk.planned(key))
    told = control.show_feedback or control.max_attempts != 1 or at_desk.definition(key).adaptive
    return told and bool(may_check(at_desk, key))


def may_check(at_desk: Desk, key: str) -> Permission:
    """Ask whether the item takes another attempt now (QTI ASI: max-attempts, individual mode)."""
    answering = navigation.may_answer(at_desk.route, key)
    if not answering:
        return answering
    row, item = at_desk.item(key), at_desk.definition(key)
    control = at_desk.outline.control(at_desk.planned(key))
    if at_desk.outline.is_simultaneous(at_desk.planned(key)):
        return refusals.refuse(Reason.NO_ATTEMPTS_AT_ITEM)
    if not item.adaptive and control.max_attempts and row.num_attempts >= control.max_attempts:
        return refusals.refuse(Reason.NO_ATTEMPTS_AT_ITEM)
    return GRANTED


def check(session_id: UUID, key: str, at: datetime, *, by: str, pressed: str = "") -> Desk:
    """End one attempt at an item: its saved answer is committed, processed, and fed back.

    `pressed` is the response of the item's own button, which ends an attempt without an answer too.
    """
    with _moving(session_id, at) as found:
        may_check(found, key).demand()
        row = found.item(key)
        if not pressed:
            validity.may_submit(found, key).demand()
        desk.fold(found.session, at)
        desk.wind(found.session, at)
        steps.end_attempt(found, row, at, by=by, pressed=pressed)
        if _is_spent(found, row):
            steps.close_items(found, [key], at)
    return found


def _is_spent(at_desk: Desk, row: ItemSession) -> bool:
    if at_desk.definition(row.key).adaptive:
        return steps.is_completed(row)
    most = at_desk.outline.control(at_desk.planned(row.key)).max_attempts
    return most > 0 and row.num_attempts >= most
