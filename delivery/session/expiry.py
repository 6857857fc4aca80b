"""Ends what time has ended: every session that is due, many of them in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from delivery.facts import journal
from delivery.models import AssessmentSession, State
from delivery.queries import finals, setwise, sight
from delivery.rules import clock
from delivery.session import desk, sessions, steps

SWEEP_BATCH: Final = 500
# What an ending by the clock changes of a session's row.
ENDING: Final = (
    "state",
    "version",
    "finished_at",
    "paused_at",
    "paused_by",
    "deadline",
    "due_at",
    "since",
    "timing",
    "receipt_code",
)


def sweep(at: datetime) -> int:
    """Settle every session that is due, however its page is doing; return how many were."""
    total = 0
    while batch := _sweep_batch(at):
        total += batch
        if batch < SWEEP_BATCH:
            break
    return total


def _sweep_batch(at: datetime) -> int:
    with transaction.atomic():
        due = AssessmentSession.objects.filter(
            state__in=(State.IN_PROGRESS, State.PAUSED), due_at__lt=at
        )
        free = due.order_by("due_at").select_for_update(skip_locked=True)
        locked = sight.of_many(list(free.values_list("pk", flat=True)[:SWEEP_BATCH]), lock=True)
        _settle_or_expire(locked, at)
        return len(locked)


def close(session_ids: Sequence[UUID], at: datetime) -> list[AssessmentSession]:
    """Look whether time has decided something about the sessions; asking never ends one early.

    Returns them as they then stand.
    """
    with transaction.atomic():
        locked = sight.of_many(list(session_ids), lock=True)
        _settle_or_expire(locked, at)
        return locked


def _settle_or_expire(locked: Sequence[AssessmentSession], at: datetime) -> None:
    over = [session for session in locked if _is_simply_over(session, at)]
    _expire_all(over, at)
    done = {session.pk for session in over}
    _settle_all([session for session in locked if session.pk not in done], at)


def _is_simply_over(session: AssessmentSession, at: datetime) -> bool:
    """Tell whether the whole session ran out, and no section of it before."""
    if session.state != State.IN_PROGRESS:
        return False
    now = desk.clock_of(session)
    end, over = clock.deadline(now, at), clock.expired_scope(now, at, grace=True)
    return end is not None and not clock.accepts(now, at) and (over is None or end <= over[1])


def _expire_all(over: Sequence[AssessmentSession], at: datetime) -> None:
    """Expire sessions as of their deadlines, in as many statements as one of them takes."""
    if not over:
        return
    for session in over:
        end = clock.deadline(desk.clock_of(session), at) or at
        desk.fold(session, end)
        session.to_expired(end)
        session.receipt_code = session.receipt_code or sessions.new_receipt()
        session.version += 1
    setwise.update(over, ENDING)
    setwise.close_items([session.pk for session in over])
    answers = finals.digests([session.pk for session in over])
    journal.record_all([sessions.expired(one, at, answers[one.pk]) for one in over])


def _settle_all(locked: Sequence[AssessmentSession], at: datetime) -> None:
    for at_desk in desk.with_rows(locked):
        if sessions.settle(at_desk, at):
            # Looked at and still open: it is due again when its clock says so.
            desk.reset_due(at_desk.session, at)
            steps.keep(at_desk)
