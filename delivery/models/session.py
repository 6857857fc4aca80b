"""One candidate's attempt at a sitting: its state, its clock, its place and what was said to it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django_fsm import FSMField, FSMModelMixin, transition

from delivery.models.service import Outage
from delivery.models.sitting import Candidate, Sitting
from integrity.models import LockdownPolicy
from integrity.policy.seb import Assurance


class State(models.TextChoices):
    """The states of a session; invariant: paused exactly while its clock stands."""

    NOT_STARTED = "not_started", _("not started")
    IN_PROGRESS = "in_progress", _("in progress")
    PAUSED = "paused", _("paused")
    COMPLETED = "completed", _("completed")
    EXPIRED = "expired", _("expired")
    TERMINATED = "terminated", _("terminated")


OPEN_STATES = (State.IN_PROGRESS, State.PAUSED)
ENDED_STATES = (State.COMPLETED, State.EXPIRED, State.TERMINATED)


class AssessmentSession(FSMModelMixin, models.Model):
    """One candidate's attempt at a sitting; only the verbs of delivery change it."""

    class PausedBy(models.TextChoices):
        CANDIDATE = "candidate", _("the candidate")
        PROCTOR = "proctor", _("a proctor")
        RULE = "rule", _("a lockdown rule")
        SYSTEM = "system", _("the system")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sitting = models.ForeignKey(Sitting, on_delete=models.PROTECT, related_name="sessions")
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="sessions")
    attempt_number = models.PositiveSmallIntegerField(default=1)
    state = FSMField(default=State.NOT_STARTED, choices=State.choices, protected=True)
    version = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    plan = models.JSONField(default=dict)
    lockdown = models.ForeignKey(LockdownPolicy, on_delete=models.PROTECT, null=True)
    # The clock's inputs, frozen at start; times in milliseconds.
    base_ms = models.BigIntegerField(null=True)
    time_multiplier = models.DecimalField(max_digits=4, decimal_places=2, default=Decimal(1))
    fixed_ms = models.BigIntegerField(default=0)
    unlimited = models.BooleanField(default=False)
    adjusted_ms = models.BigIntegerField(default=0)
    paused_ms = models.BigIntegerField(default=0)
    window_ms = models.BigIntegerField(default=0)
    paused_at = models.DateTimeField(null=True)
    paused_by = models.CharField(max_length=10, choices=PausedBy, blank=True)
    pause_reason = models.TextField(blank=True)
    resume_permitted = models.BooleanField(default=False)
    timing = models.JSONField(default=dict)
    deadline = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    # Where the candidate is.
    position = models.CharField(max_length=128, blank=True)
    since = models.DateTimeField(null=True)
    ended_parts = models.JSONField(default=list)
    closed_scopes = models.JSONField(default=list)
    # Who may write, and what was last heard.
    epoch = models.PositiveIntegerField(default=0)
    writer = models.CharField(max_length=64, blank=True)
    device = models.CharField(max_length=200, blank=True)
    device_id = models.CharField(max_length=64, blank=True)
    # The device that holds the lease, when its page was left, and who asks for it meanwhile.
    lease_device = models.CharField(max_length=64, blank=True)
    writer_left_at = models.DateTimeField(null=True)
    takeover = models.JSONField(default=dict)
    assurance = models.CharField(max_length=16, default=Assurance.NONE.value)
    last_seen_at = models.DateTimeField(null=True)
    last_save_at = models.DateTimeField(null=True)
    disconnected_at = models.DateTimeField(null=True)
    # How often and for how long the clock stood because the page was silent.
    silence_pauses = models.PositiveSmallIntegerField(default=0)
    silence_ms = models.BigIntegerField(default=0)
    help_requested_at = models.DateTimeField(null=True)
    incidents = models.PositiveIntegerField(default=0)
    last_incident = models.CharField(max_length=64, blank=True)
    event_counts = models.JSONField(default=dict)
    answered = models.PositiveSmallIntegerField(default=0)
    total = models.PositiveSmallIntegerField(default=0)
    # What came of it.
    end_reason = models.TextField(blank=True)
    withheld = models.BooleanField(default=False)
    scored_at = models.DateTimeField(null=True)
    score = models.FloatField(null=True)
    max_score = models.FloatField(null=True)
    outcomes = models.JSONField(default=dict)
    receipt_code = models.CharField(max_length=32, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("sitting", "candidate", "attempt_number"), name="session_once_an_attempt"
            ),
            models.UniqueConstraint(
                fields=("receipt_code",), name="receipt_once", condition=~Q(receipt_code="")
            ),
            models.CheckConstraint(
                name="session_paused_while_clock_stands",
                condition=Q(state=State.PAUSED, paused_at__isnull=False)
                | (~Q(state=State.PAUSED) & Q(paused_at__isnull=True)),
            ),
        )
        indexes = (
            models.Index(
                fields=("due_at",),
                name="session_due",
                condition=Q(state__in=(State.IN_PROGRESS, State.PAUSED)),
            ),
            models.Index(
                fields=("finished_at",),
                name="session_unscored",
                condition=Q(scored_at__isnull=True) & Q(state__in=ENDED_STATES),
            ),
        )

    def __str__(self) -> str:
        return f"{self.candidate}: {self.sitting} ({self.attempt_number})"

    @property
    def stream(self) -> str:
        """Name the ledger stream that tells this session's story."""
        return f"session:{self.id}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def is_ended(self) -> bool:
        return self.state in ENDED_STATES

    @property
    def stands_until(self) -> datetime | None:
        """Return until when the clock stands at most, where it stands for lost contact."""
        if self.paused_at is None or self.paused_by != self.PausedBy.SYSTEM:
            return None
        left = self.sitting.silence_minutes * 60_000 - self.silence_ms
        return self.paused_at + timedelta(milliseconds=max(0, left))

    @transition(field=state, source=State.NOT_STARTED, target=State.IN_PROGRESS)
    def to_started(self, at: datetime) -> None:
        self.started_at = at

    @transition(field=state, source=State.IN_PROGRESS, target=State.PAUSED)
    def to_paused(self, at: datetime, by: str, reason: str) -> None:
        self.paused_at, self.paused_by, self.pause_reason = at, by, reason
        self.resume_permitted = by in (self.PausedBy.CANDIDATE, self.PausedBy.SYSTEM)
        if by == self.PausedBy.CANDIDATE:
            self._leave(at)

    @transition(field=state, source=State.PAUSED, target=State.IN_PROGRESS)
    def to_resumed(self, paused_for: timedelta) -> None:
        paused_ms = round(paused_for.total_seconds() * 1000)
        self.paused_ms += paused_ms
        if self.paused_by == self.PausedBy.SYSTEM:
            self.silence_ms += paused_ms
        self.paused_at, self.paused_by, self.pause_reason = None, "", ""
        self.resume_permitted = False

    @transition(field=state, source=State.IN_PROGRESS, target=State.COMPLETED)
    def to_completed(self, at: datetime) -> None:
        self._end(at)

    @transition(field=state, source=[State.IN_PROGRESS, State.PAUSED], target=State.EXPIRED)
    def to_expired(self, at: datetime) -> None:
        self._end(at)

    @transition(field=state, source=[State.IN_PROGRESS, State.PAUSED], target=State.TERMINATED)
    def to_terminated(self, at: datetime, reason: str) -> None:
        self._end(at)
        self.end_reason, self.withheld = reason, True

    @transition(field=state, source=list(ENDED_STATES), target=State.PAUSED)
    def to_reopened(self, at: datetime, reason: str) -> None:
        self.paused_at, self.paused_by, self.pause_reason = at, self.PausedBy.PROCTOR, reason
        self.resume_permitted, self.withheld, self.end_reason = True, False, ""
        self.finished_at = self.scored_at = self.score = None
        self._leave(at)

    def _leave(self, at: datetime) -> None:
        """Whoever left of their own accord, or was done, may return on any device."""
        self.lease_device, self.writer_left_at, self.takeover = "", at, {}

    def _end(self, at: datetime) -> None:
        self.finished_at = at
        self.paused_at, self.paused_by = None, ""
        self.deadline = self.due_at = self.since = None


class TimeAdjustment(models.Model):
    """Time that somebody gave or took, with the reason; the session row carries the sum."""

    session = models.ForeignKey(
        AssessmentSession, on_delete=models.CASCADE, related_name="adjustments"
    )
    scope = models.CharField(max_length=128, default="test")
    ms = models.BigIntegerField()
    percent = models.SmallIntegerField(null=True)
    reason = models.TextField()
    outage = models.ForeignKey(Outage, on_delete=models.PROTECT, null=True, related_name="credits")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("session", "outage", "scope"), name="outage_credited_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.ms} ms: {self.reason}"


class Message(models.Model):
    """A proctor's words to a candidate, delivered from the database and acknowledged."""

    session = models.ForeignKey(
        AssessmentSession, on_delete=models.CASCADE, related_name="messages"
    )
    text = models.TextField()
    salt = models.CharField(max_length=32)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    sent_at = models.DateTimeField()
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("sent_at",)

    def __str__(self) -> str:
        return self.text
