"""What runs beside the pages: closing what is due and scoring what has ended."""

from __future__ import annotations

import contextlib
import logging
from datetime import datetime, timedelta

from celery import Task, shared_task
from django.utils import timezone

from delivery.seat import silence
from delivery.session import expiry, scoring
from delivery.sitting import closing
from delivery.vitals import pulse
from integrity.proof import seals

logger = logging.getLogger(__name__)

PULSE_EXPIRES = 10


@shared_task(name="delivery.tasks.sweep")
def sweep() -> int:
    """Close every session, section and sitting whose time is over; return how many sessions."""
    at = timezone.now()
    looked_at = expiry.sweep(at) + silence.sweep(at)
    if closing.close_over(at):
        # What hinders it is the sealing task's to say: that one comes every few seconds.
        with contextlib.suppress(seals.SealingError):
            seals.seal(at)
    return looked_at


@shared_task(name="delivery.tasks.note_silence")
def note_silence() -> int:
    """Record the pages that fell silent; return how many did."""
    return silence.note(timezone.now())


@shared_task(name="delivery.tasks.score_pending")
def score_pending() -> int:
    """Score what has ended; one session that fails does not keep the others waiting."""
    done = 0
    for session_id in scoring.pending():
        try:
            scoring.score(session_id, timezone.now())
        except Exception:
            logger.exception("The session %s could not be scored.", session_id)
        else:
            done += 1
    return done


@shared_task(bind=True, name="delivery.tasks.pulse")
def say(self: Task[[], None]) -> None:
    """Note that a worker does what beat sends: when it was done, and when it was sent."""
    at = timezone.now()
    pulse.beat(pulse.Kind.WORKER, str(self.request.hostname), at)
    pulse.beat(pulse.Kind.BEAT, "beat", _sent(self.request.expires) or at)


def _sent(expires: object) -> datetime | None:
    """Tell by its expiry when beat sent the task: the message carries no other time."""
    if isinstance(expires, str):
        expires = datetime.fromisoformat(expires)
    if not isinstance(expires, datetime):
        return None
    return expires - timedelta(seconds=PULSE_EXPIRES)
