"""Background work of integrity: sealing the ledger."""

import logging

from celery import shared_task
from django.utils import timezone

from integrity import seals

logger = logging.getLogger(__name__)


@shared_task
def seal() -> None:
    """Seal every head that moved; what one transaction does not hold waits for the next call."""
    try:
        seals.seal(timezone.now())
    except seals.SealingError as error:
        logger.error("The ledger is not being sealed. %s", error)
