"""Whether saved answers fit what their items ask for, where the test wants that (QTI ASI)."""

from __future__ import annotations

from collections.abc import Iterator

from assembly import bank, wording
from assembly.qti import item_session
from assembly.qti.body import Problem
from delivery.models import ItemSession
from delivery.rules import refusals
from delivery.rules.refusals import GRANTED, Permission, Reason
from delivery.session.desk import Desk


def problems(row: ItemSession) -> tuple[Problem, ...]:
    """Return the constraints of the item's interactions that the saved answer leaves unmet."""
    item = bank.item(row.item_version_id)
    return item_session.problems(item, item_session.from_json(item, row.qti), row.response)


def may_submit(at_desk: Desk, key: str) -> Permission:
    """Ask whether the saved answer may be submitted: allow-skipping, validate-responses."""
    row, control = at_desk.item(key), at_desk.outline.control(at_desk.planned(key))
    if not row.answered and not control.allow_skipping:
        return refusals.refuse(Reason.NO_SKIPPING)
    if not control.validate_responses:
        return GRANTED
    found = problems(row)
    return (
        refusals.refuse(Reason.NOT_VALID, problem=wording.problem(found[0])) if found else GRANTED
    )


def may_hand_in(at_desk: Desk, part: str = "") -> Permission:
    """Ask whether the open items of a part, or of the test, hold answers that would be accepted.

    An item that was skipped holds none: whether that is allowed is another question.
    """
    unfit = [str(number) for number in _unfit(at_desk, part)]
    if unfit:
        return refusals.refuse(Reason.NOT_VALID_YET, items=", ".join(unfit))
    return GRANTED


def _unfit(at_desk: Desk, part: str) -> Iterator[int]:
    rows = {row.key: row for row in at_desk.rows}
    for number, planned in enumerate(at_desk.plan.items, start=1):
        row = rows[planned.key]
        asked = at_desk.outline.control(planned).validate_responses
        here = not part or planned.part == part
        open_now = row.answered and row.state != ItemSession.State.CLOSED
        if asked and here and open_now and problems(row):
            yield number
