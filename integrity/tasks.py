"""Background work of integrity: sealing the ledger, and telling places outside of it."""

import logging

from celery import shared_task
from django.utils import timezone

from integrity.proof import anchors, seals

logger = logging.getLogger(__name__)


@shared_task
def seal() -> None:
    """Seal every head that moved; what one transaction does not hold waits for the next call."""
    try:
        seals.seal(timezone.now())
    except seals.SealingError as error:
        logger.error("The ledger is not being sealed. %s", error)


@shared_task
def anchor() -> None:
    """Put the last checkpoint wherever it is wanted outside; what fails is tried again."""
    for failed in anchors.drop_all(timezone.now()):
        logger.warning("The anchor %s failed: %s", failed.target, failed.error)
