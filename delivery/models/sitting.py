"""Who may sit what, and when: sittings, candidates, enrolments and launch links."""

from __future__ import annotations

import secrets
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from assembly.models import AssessmentTestVersion
from integrity.models import LockdownPolicy
from integrity.policy import networks


def new_secret() -> str:
    """Return 32 random bytes in hex: the secret that every form of a sitting is drawn from."""
    return secrets.token_hex(32)


def valid_networks(text: str) -> None:
    """Refuse a list of networks with a line that is none."""
    try:
        networks.read(text)
    except networks.NetworkError as error:
        raise ValidationError(_("“%(line)s” is not a network.") % {"line": error.line}) from error


class Sitting(models.Model):
    """A published test offered in a window to enrolled candidates under a policy."""

    class Release(models.TextChoices):
        NEVER = "never", _("never")
        SUBMISSION = "submission", _("as soon as the session is scored")
        CLOSING = "closing", _("when the sitting's window has closed")
        MANUAL = "manual", _("when staff release them")

    class Takeover(models.TextChoices):
        ALLOW = "allow", _("the candidate may take over")
        ASK = "ask", _("the proctor decides")
        DENY = "deny", _("never")

    title = models.CharField(_("title"), max_length=200)
    test_version = models.ForeignKey(
        AssessmentTestVersion, on_delete=models.PROTECT, related_name="sittings"
    )
    opens_at = models.DateTimeField(_("opens at"), null=True, blank=True)
    closes_at = models.DateTimeField(_("closes at"), null=True, blank=True, db_index=True)
    duration_seconds = models.PositiveIntegerField(_("duration in seconds"), null=True, blank=True)
    attempt_limit = models.PositiveSmallIntegerField(
        _("attempts"), default=1, validators=[MinValueValidator(1)]
    )
    lockdown = models.ForeignKey(LockdownPolicy, on_delete=models.PROTECT, null=True, blank=True)
    linear = models.BooleanField(_("linear only (no return in any part)"), default=False)
    admission = models.BooleanField(_("a proctor admits each candidate"), default=False)
    leaving = models.BooleanField(_("candidates may save, leave and continue later"), default=False)
    extend_past_window = models.BooleanField(
        _("pauses and extensions by proctors move the window"), default=True
    )
    grace_seconds = models.PositiveSmallIntegerField(_("network grace in seconds"), default=5)
    takeover = models.CharField(
        _("second tab or device"), max_length=10, choices=Takeover, default=Takeover.ALLOW
    )
    silence_seconds = models.PositiveIntegerField(
        _("stop the clock after so many seconds without contact"),
        null=True,
        blank=True,
        validators=[MinValueValidator(20)],
    )
    silence_pauses = models.PositiveSmallIntegerField(
        _("stop it so many times at most"), default=3, validators=[MinValueValidator(1)]
    )
    silence_minutes = models.PositiveSmallIntegerField(
        _("stop it for so many minutes in all at most"),
        default=15,
        validators=[MinValueValidator(1)],
    )
    offline_pages = models.BooleanField(
        _("pages of the current part are kept ready for when the network is down"), default=False
    )
    release = models.CharField(
        _("results are shown"), max_length=12, choices=Release, default=Release.CLOSING
    )
    released_at = models.DateTimeField(_("results released at"), null=True, blank=True)
    looking_back = models.BooleanField(
        _("with their results, candidates see their items again where the test allows it"),
        default=True,
    )
    networks = models.TextField(_("networks"), blank=True, validators=[valid_networks])
    room_codes = models.TextField(_("codes of the sitting and its rooms"), blank=True)
    one_device = models.BooleanField(_("each session stays on one device"), default=False)
    rules_may_terminate = models.BooleanField(
        _("a lockdown rule may end a candidate's test"), default=False
    )
    # When the window had closed and the last session had ended: then all of it was sealed.
    closed_at = models.DateTimeField(null=True, editable=False)
    form_secret = models.CharField(max_length=64, default=new_secret, editable=False)
    proctors = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="sittings", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("-opens_at", "title")
        constraints = (
            models.CheckConstraint(
                name="sitting_window_in_order",
                condition=Q(opens_at__isnull=True)
                | Q(closes_at__isnull=True)
                | Q(opens_at__lt=models.F("closes_at")),
                violation_error_message=_("The window must open before it closes."),
            ),
        )

    def __str__(self) -> str:
        return self.title


class Candidate(models.Model):
    """A person who sits tests; one-to-one with a Django user that has no password."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="candidate"
    )
    number = models.CharField(_("candidate number"), max_length=64, unique=True)
    name = models.CharField(_("name"), max_length=200)
    email = models.EmailField(_("e-mail"), blank=True)
    # NULL, not blank: many candidates may have no code, but no two the same one.
    access_code_hmac = models.CharField(  # noqa: DJ001
        max_length=64, unique=True, null=True, editable=False
    )
    time_multiplier = models.DecimalField(
        _("time multiplier"),
        max_digits=4,
        decimal_places=2,
        default=Decimal(1),
        validators=[MinValueValidator(1)],
    )
    fixed_minutes = models.PositiveSmallIntegerField(_("fixed extra minutes"), default=0)
    unlimited = models.BooleanField(_("unlimited time"), default=False)
    assistive = models.BooleanField(_("uses assistive software"), default=False)
    # What of an AfA PNP profile is not time: see delivery.people.needs.to_json.
    preferences = models.JSONField(_("preferences"), default=dict, blank=True)
    # Under it the ledger knows who this is; erasing a person takes it away.
    salt = models.CharField(max_length=32, blank=True, editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ("name", "number")

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


class Enrolment(models.Model):
    """A candidate's right to sit a sitting, made by the roster."""

    sitting = models.ForeignKey(Sitting, on_delete=models.CASCADE, related_name="enrolments")
    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="enrolments")
    room = models.CharField(_("room"), max_length=64, blank=True)
    extra_attempts = models.PositiveSmallIntegerField(_("extra attempts"), default=0)
    # Names of signals, and "seb", "fullscreen", "javascript", "network", "device", "code".
    waived_rules = models.JSONField(default=list, blank=True)
    # What the start page found out about the candidate's browser, as it says itself.
    preflight = models.JSONField(default=dict, blank=True)
    admitted_at = models.DateTimeField(null=True, blank=True)
    admitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("sitting", "candidate"), name="enrolment_once"),
        )

    def __str__(self) -> str:
        return f"{self.candidate}: {self.sitting}"


class LaunchLink(models.Model):
    """A one-time link that signs a candidate in to one sitting; only its digest is kept."""

    enrolment = models.ForeignKey(Enrolment, on_delete=models.CASCADE, related_name="launch_links")
    token_hmac = models.CharField(max_length=64, unique=True)
    # The Config Key of the configuration of Safe Exam Browser that carried the link.
    config_key = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.enrolment} until {self.expires_at:%Y-%m-%d %H:%M}"
