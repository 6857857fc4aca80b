"""The service itself: which processes live, and when none of them served."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """One process and when it last said that it lives; an orderly end is noted, too."""

    class Kind(models.TextChoices):
        WEB = "web", _("web process")
        WORKER = "worker", _("worker")
        BEAT = "beat", _("beat")

    kind = models.CharField(max_length=8, choices=Kind)
    process = models.CharField(max_length=120, unique=True)
    started_at = models.DateTimeField()
    at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.process} {self.at:%H:%M:%S}"


class Outage(models.Model):
    """A span without a single web process that reached its database: nobody was served."""

    began_at = models.DateTimeField(unique=True)
    ended_at = models.DateTimeField(db_index=True)

    class Meta:
        ordering = ("began_at",)

    @property
    def length_ms(self) -> int:
        return (self.ended_at - self.began_at) // timedelta(milliseconds=1)

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M:%S}-{self.ended_at:%H:%M:%S}"
