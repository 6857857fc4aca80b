"""The delivery application: a sitting in progress, and the project's wiring."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from delivery.celery import app as celery_app

# Here and not in __init__.py, which stays empty so that pure modules load without Django.
__all__ = ["DeliveryConfig", "celery_app"]


class DeliveryConfig(AppConfig):
    name = "delivery"
    verbose_name = _("Delivery")
