"""The Celery application: its settings are Django's, under CELERY_."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "delivery.settings")

app = Celery("invigil")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
