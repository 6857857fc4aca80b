"""Long work as a row: what it is, how far it is, and what came of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class JobKind(models.TextChoices):
    CHECK = "qti_check", _("Check of a package")
    IMPORT = "qti_import", _("Import of a package")


class JobState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


class Job(models.Model):
    kind = models.CharField(_("kind"), max_length=20, choices=JobKind)
    state = models.CharField(_("state"), max_length=10, choices=JobState, default=JobState.QUEUED)
    name = models.CharField(_("name"), max_length=255)
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("of"), default=0)
    message = models.TextField(_("message"), blank=True)
    report = models.JSONField(_("report"), default=dict, blank=True)
    upload = models.BinaryField(null=True, editable=False)
    created_by = models.CharField(_("created by"), max_length=150)
    created_at = models.DateTimeField(_("created"))
    touched_at = models.DateTimeField(_("last sign of life"))
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=JobKind.values), name="job_kind_known"),
            models.CheckConstraint(
                condition=Q(done__lte=F("total")), name="job_progress_within_total"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[JobState.QUEUED, JobState.RUNNING], finished_at__isnull=True)
                | Q(state__in=[JobState.DONE, JobState.FAILED], finished_at__isnull=False),
                name="job_state_sound",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def counts(self) -> list[tuple[str, int]]:
        """How many documents of the report were kept, degraded and refused."""
        rows = [*self.report.get("items", ()), *self.report.get("tests", ())]
        outcomes = [row["outcome"] for row in rows]
        return [(name, outcomes.count(name)) for name in ("kept", "degraded", "refused")]

    @property
    def importable(self) -> int:
        return sum(count for name, count in self.counts if name != "refused")
