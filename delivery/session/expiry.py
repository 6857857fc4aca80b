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
from integrity import rowsets

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
        return len(_settle_or_expire(list(free.values_list("pk", flat=True)[:SWEEP_BATCH]), at))


def close(session_ids: Sequence[UUID], at: datetime) -> list[AssessmentSession]:
    """Look whether time has decided something about the sessions; asking never ends one early.

    Returns them as they then stand, of those that ended what their pages are told.
    """
    with transaction.atomic():
        return _settle_or_expire(list(session_ids), at)


def _settle_or_expire(session_ids: list[UUID], at: datetime) -> list[AssessmentSession]:
    """Lock sessions and end those that are over: nearly all, which nobody reads whole."""
    ends = [(session, _end_of(session, at)) for session in sight.ending(session_ids)]
    over = [(session, end) for session, end in ends if end is not None]
    _expire_all(over, at)
    others = sight.of_many([session.pk for session, end in ends if end is None], lock=True)
    _settle_all([session for session in others if session.is_open], at)
    return [*(session for session, _end in over), *others]


def _end_of(session: AssessmentSession, at: datetime) -> datetime | None:
    """Return when the whole session ran out, if it did and no section of it before."""
    if session.state != State.IN_PROGRESS:
        return None
    now = desk.clock_of(session)
    if clock.accepts(now, at):
        return None
    end, over = clock.deadline(now, at), clock.expired_scope(now, at, grace=True)
    return end if end is not None and (over is None or end <= over[1]) else None


def _expire_all(ends: Sequence[tuple[AssessmentSession, datetime]], at: datetime) -> None:
    """Expire sessions as of their deadlines, in as many statements as one of them takes."""
    if not ends:
        return
    over = [session for session, _end in ends]
    answers = finals.digests([session.pk for session in over])
    receipts = sessions.new_receipts(len(over))
    for (session, end), receipt in zip(ends, receipts, strict=True):
        desk.fold(session, end)
        session.to_expired(end)
        session.receipt_code = session.receipt_code or receipt
        session.version += 1
    # Their items close with their scores: nobody asks an ended session about one before.
    with rowsets.as_one():
        setwise.update(over, ENDING)
        journal.record_all([sessions.expired(one, at, answers[one.pk]) for one in over])


def _settle_all(locked: Sequence[AssessmentSession], at: datetime) -> None:
    for at_desk in desk.with_rows(locked):
        if sessions.settle(at_desk, at):
            # Looked at and still open: it is due again when its clock says so.
            desk.reset_due(at_desk.session, at)
            steps.keep(at_desk)
