"""Stops the clock of a candidate whose page is silent, where the sitting asks for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from delivery.models import AssessmentSession, Sitting, State
from delivery.rules import watch
from delivery.seat import presence
from delivery.session import desk, sessions
from delivery.vitals import pulse

REASON: Final = "No contact with the candidate's page for %s seconds."


def sweep(at: datetime) -> int:
    """Pause whoever has been silent for too long; return how many were.

    A silence of our own is nobody's: while no web process lives there is nothing to be heard,
    and afterwards the seconds are counted anew.
    """
    asking = Sitting.objects.filter(silence_seconds__isnull=False)
    found = list(asking.filter(sessions__state=State.IN_PROGRESS).distinct())
    heard_since = pulse.served_since(at) if found else None
    if heard_since is None:
        return 0
    return sum(_sweep(sitting, heard_since, at) for sitting in found)


def note(at: datetime) -> int:
    """Record every page that fell silent without its socket saying so; return how many did."""
    limit, heard_since = at - watch.OFFLINE_AFTER, pulse.served_since(at)
    if heard_since is None or heard_since > limit:
        return 0
    running = AssessmentSession.objects.filter(state=State.IN_PROGRESS)
    silent = running.filter(disconnected_at__isnull=True, last_seen_at__lte=limit)
    ids = list(silent.exclude(writer="").values_list("pk", flat=True))
    presence.lost_unless_back(dict.fromkeys(ids, at))
    return len(ids)


def _sweep(sitting: Sitting, heard_since: datetime, at: datetime) -> int:
    limit = at - timedelta(seconds=sitting.silence_seconds or 0)
    if heard_since > limit:
        return 0
    ids = _silent(sitting, limit).values_list("pk", flat=True)
    return sum(_pause(session_id, sitting, limit, at) for session_id in list(ids))


def _silent(sitting: Sitting, limit: datetime) -> QuerySet[AssessmentSession]:
    """Return those whose page fell silent: without JavaScript, no page says anything by itself."""
    running = AssessmentSession.objects.filter(sitting=sitting, state=State.IN_PROGRESS)
    allowed = running.filter(
        silence_pauses__lt=sitting.silence_pauses, silence_ms__lt=sitting.silence_minutes * 60_000
    )
    return allowed.exclude(writer="").filter(last_seen_at__lte=limit)


def _pause(session_id: UUID, sitting: Sitting, limit: datetime, at: datetime) -> bool:
    with transaction.atomic():
        found = desk.lock(session_id)
        still = _silent(sitting, limit).filter(pk=session_id)
        if not still.exists() or not sessions.may_pause(found.session, at):
            return False
        still.update(silence_pauses=F("silence_pauses") + 1)
        sessions.pause(
            session_id,
            paused_by=sessions.PausedBy.SYSTEM,
            reason=REASON % sitting.silence_seconds,
            by="system",
            at=at,
        )
        return True
