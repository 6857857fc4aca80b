"""The delivery application: a sitting in progress, and the project's wiring."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from psycopg_pool.base import AttemptWithBackoff

from delivery.celery import app as celery_app

# Here and not in __init__.py, which stays empty so that pure modules load without Django.
__all__ = ["DeliveryConfig", "celery_app"]


class DeliveryConfig(AppConfig):
    name = "delivery"
    verbose_name = _("Delivery")

    def ready(self) -> None:
        """Look for a lost database twice a second; the pool's own waits double up to minutes."""
        AttemptWithBackoff.INITIAL_DELAY, AttemptWithBackoff.DELAY_BACKOFF = 0.5, 1.0
