"""When an item may be looked at again, with its feedback and with its solution (QTI ASI).

The review and solution states come after the attempts: at once for a closed item of a part that
the candidate can move in, after the end of a part whose author shows feedback or solutions, and
with the released results for the whole test.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from assembly.qti import item_session
from delivery.models import ItemSession
from delivery.rules import navigation, refusals
from delivery.rules.refusals import GRANTED, Permission, Reason
from delivery.session import release, steps
from delivery.session.desk import Desk


def may_look(at_desk: Desk, key: str, at: datetime) -> Permission:
    """Ask whether a closed item may be seen again, with the candidate's own answer."""
    if at_desk.route.index(key) < 0:
        return refusals.refuse(Reason.NO_SUCH_ITEM)
    closed = _is_over(at_desk, key, at)
    if not closed:
        return closed
    if not at_desk.outline.control(at_desk.planned(key)).allow_review:
        return refusals.refuse(Reason.NO_REVIEW)
    return GRANTED


def may_see_solution(at_desk: Desk, key: str, at: datetime) -> Permission:
    """Ask whether the correct answer may be shown now; never while the item can be answered."""
    closed = _is_over(at_desk, key, at)
    if not closed:
        return closed
    if not at_desk.outline.control(at_desk.planned(key)).show_solution:
        return refusals.refuse(Reason.NO_SOLUTION)
    return GRANTED


def _is_over(at_desk: Desk, key: str, at: datetime) -> Permission:
    """Ask whether nothing can change the item's answer any more, and it may be spoken about."""
    session, row, planned = at_desk.session, at_desk.item(key), at_desk.planned(key)
    if session.is_ended:
        if not session.sitting.looking_back:
            return refusals.refuse(Reason.NO_REVIEW)
        return release.may_see_result(session, at)
    attempted = row.num_attempts > 0 or steps.is_completed(row)
    if row.state != ItemSession.State.CLOSED or not attempted:
        return refusals.refuse(Reason.STILL_OPEN)
    if planned.part in session.ended_parts:
        control = at_desk.outline.control(planned)
        asked = control.show_feedback or control.show_solution
        return GRANTED if asked else refusals.refuse(Reason.PART_ENDED)
    return navigation.may_enter(at_desk.route, key)


def shows_feedback(at_desk: Desk, key: str) -> bool:
    """Tell whether feedback is shown: between attempts always, after the last where it is asked.

    Items that are submitted with their part have no feedback before its end.
    """
    row = at_desk.item(key)
    if row.state != ItemSession.State.CLOSED:
        return row.num_attempts > 0 or bool(row.qti.get("asked"))
    is_over = row.num_attempts > 0 or steps.is_completed(row)
    return is_over and at_desk.outline.control(at_desk.planned(key)).show_feedback


def seen(row: ItemSession) -> Mapping[str, Any]:
    """Return the state that the item's page shows; what a hint said ends with the item."""
    closed = row.state == ItemSession.State.CLOSED
    return row.qti if closed else item_session.shown_json(row.qti)


def keys_of_part(at_desk: Desk, part: str, at: datetime) -> list[str]:
    """Name the items of an ended part that may be looked at again."""
    items = [item.key for item in at_desk.plan.items if item.part == part]
    return [key for key in items if may_look(at_desk, key, at)]
