"""When candidates see the results of a sitting."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from delivery.facts import journal
from delivery.models import ENDED_STATES, AssessmentSession, Sitting, State
from delivery.rules import refusals
from delivery.rules.refusals import GRANTED, Permission, Reason


def may_see_result(session: AssessmentSession, at: datetime) -> Permission:
    """Ask whether the candidate may see the session's result now, by the sitting's release."""
    if session.state not in ENDED_STATES:
        return refusals.refuse(Reason.NOT_FINISHED)
    if session.withheld or session.state == State.TERMINATED:
        return refusals.refuse(Reason.RESULT_WITHHELD)
    if session.scored_at is None:
        return refusals.refuse(Reason.NOT_SCORED)
    sitting = session.sitting
    released = sitting.released_at is not None and at >= sitting.released_at
    closed = sitting.closes_at is not None and at >= sitting.closes_at
    visible = {
        Sitting.Release.NEVER: False,
        Sitting.Release.SUBMISSION: True,
        Sitting.Release.CLOSING: closed or released,
        Sitting.Release.MANUAL: released,
    }
    return (
        GRANTED
        if visible[Sitting.Release(sitting.release)]
        else refusals.refuse(Reason.NOT_RELEASED)
    )


def release_results(sitting: Sitting, *, by: str, at: datetime) -> None:
    """Show the results of a sitting to its candidates from now on; twice is once."""
    with transaction.atomic():
        locked = Sitting.objects.select_for_update().get(pk=sitting.pk)
        if locked.released_at is None:
            locked.released_at = at
            locked.save(update_fields=["released_at"])
            journal.note(locked, "results.released", {}, by=by, at=at)
