"""What runs beside the pages: closing what is due and scoring what has ended."""

from __future__ import annotations

import logging

from celery import shared_task
from django.utils import timezone

from delivery import expiry, scoring

logger = logging.getLogger(__name__)


@shared_task(name="delivery.tasks.sweep")
def sweep() -> int:
    """Close every session and section whose time is over; return how many were looked at."""
    return expiry.sweep(timezone.now())


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
