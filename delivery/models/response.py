"""What was answered: item sessions, their append-only revisions, and the quarantine."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from assembly.models import ItemVersion
from delivery.models.session import AssessmentSession


class ItemSession(models.Model):
    """One item of a session: its current answer, its state and what it earned."""

    class State(models.TextChoices):
        """The states of a QTI item session (QTI ASI, item session lifecycle)."""

        INITIAL = "initial", _("not seen")
        INTERACTING = "interacting", _("open")
        SUSPENDED = "suspended", _("left")
        CLOSED = "closed", _("closed")

    # The index of `item_session_once` serves the foreign key too.
    session = models.ForeignKey(
        AssessmentSession, on_delete=models.CASCADE, related_name="item_sessions", db_index=False
    )
    key = models.CharField(max_length=128)
    position = models.PositiveSmallIntegerField()
    item_version = models.ForeignKey(ItemVersion, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=12, choices=State, default=State.INITIAL)
    qti = models.JSONField(default=dict)
    response = models.JSONField(default=dict)
    answered = models.BooleanField(default=False)
    flagged = models.BooleanField(default=False)
    revision = models.PositiveIntegerField(default=0)
    epoch = models.PositiveIntegerField(default=0)
    writer = models.CharField(max_length=64, blank=True)
    client_seq = models.BigIntegerField(default=0)
    saved_at = models.DateTimeField(null=True)
    entered_at = models.DateTimeField(null=True)
    num_attempts = models.PositiveSmallIntegerField(default=0)
    elapsed_ms = models.BigIntegerField(default=0)
    score = models.FloatField(null=True)
    max_score = models.FloatField(null=True)
    needs_marking = models.BooleanField(default=False)

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("session", "key"), name="item_session_once"),
        )

    def __str__(self) -> str:
        return self.key


class CandidateComment(models.Model):
    """What a candidate wrote about an item to those who mark it (QTI allow-comment)."""

    item_session = models.OneToOneField(
        ItemSession, on_delete=models.CASCADE, related_name="candidate_comment"
    )
    text = models.TextField()
    salt = models.CharField(max_length=32)
    revision = models.PositiveIntegerField(default=1)
    saved_at = models.DateTimeField()
    writer = models.CharField(max_length=64, blank=True, default="", db_default="")
    client_seq = models.PositiveBigIntegerField(default=0, db_default=0)

    def __str__(self) -> str:
        return self.text


class AnswerFile(models.Model):
    """A file that a candidate handed in: kept once in a session, named by its hash in answers."""

    session = models.ForeignKey(
        AssessmentSession, on_delete=models.CASCADE, related_name="answer_files"
    )
    sha256 = models.CharField(max_length=64)
    media_type = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    size = models.PositiveIntegerField()
    content = models.BinaryField()
    received_at = models.DateTimeField()

    class Meta:
        ordering = ("received_at", "id")
        constraints = (
            models.UniqueConstraint(fields=("session", "sha256"), name="answer_file_once"),
        )

    def __str__(self) -> str:
        return self.name


class ResponseRevision(models.Model):
    """One acknowledged answer, never changed: the history behind an item session's current one."""

    # The index of `revision_once` serves the foreign key too; a trigger keeps what it points to.
    item_session = models.ForeignKey(
        ItemSession,
        on_delete=models.CASCADE,
        related_name="revisions",
        db_index=False,
        db_constraint=False,
    )
    revision = models.PositiveIntegerField()
    key = models.CharField(max_length=64)
    value = models.JSONField()
    salt = models.CharField(max_length=32)
    digest = models.CharField(max_length=64)
    fingerprint = models.CharField(max_length=64)
    epoch = models.PositiveIntegerField()
    writer = models.CharField(max_length=64, blank=True)
    client_seq = models.BigIntegerField()
    received_at = models.DateTimeField()
    elapsed_ms = models.BigIntegerField(default=0)
    in_grace = models.BooleanField(default=False)
    answered = models.BooleanField(default=True)
    ledger_seq = models.PositiveIntegerField()
    ledger_head = models.CharField(max_length=64)

    class Meta:
        ordering = ("revision",)
        constraints = (
            models.UniqueConstraint(fields=("item_session", "revision"), name="revision_once"),
            models.UniqueConstraint(
                fields=("item_session", "key", "fingerprint"), name="save_once"
            ),
        )

    def __str__(self) -> str:
        return f"revision {self.revision}"


class Quarantine(models.Model):
    """An answer that could not be accepted: kept with its reason, not scored, not lost.

    Two people may admit it: one proposes with a reason, another agrees.
    """

    session = models.ForeignKey(
        AssessmentSession, on_delete=models.CASCADE, related_name="quarantined"
    )
    item_key = models.CharField(max_length=128)
    key = models.CharField(max_length=64)
    value = models.JSONField()
    salt = models.CharField(max_length=32, blank=True)
    reason = models.CharField(max_length=32)
    epoch = models.PositiveIntegerField(default=0)
    writer = models.CharField(max_length=64, blank=True)
    client_seq = models.BigIntegerField(default=0)
    received_at = models.DateTimeField()
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    proposed_at = models.DateTimeField(null=True)
    grounds = models.TextField(blank=True)
    admitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    admitted_at = models.DateTimeField(null=True)
    refused_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    refused_at = models.DateTimeField(null=True)
    refusal_grounds = models.TextField(blank=True)
    # When the candidate looked at it as a draft, and sent it anew or left it here.
    settled_at = models.DateTimeField(null=True)
    # When the device wrote it, as the device says; only an emergency export tells.
    written_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("received_at", "id")
        constraints = (
            models.CheckConstraint(
                name="quarantine_admitted_by_two",
                condition=Q(admitted_by__isnull=True)
                | Q(proposed_by__isnull=True)
                | ~Q(admitted_by=models.F("proposed_by")),
            ),
        )

    def __str__(self) -> str:
        return f"{self.item_key}: {self.reason}"
