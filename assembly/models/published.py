"""What was published: immutable test versions with their pinned items, and frozen forms."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from assembly.models.drafts import ORDER_MODES, SELECT_MODES, AssessmentTest
from assembly.models.items import Asset, ImmutableError, ItemVersion, VersionState, digest


class AssessmentTestVersion(models.Model):
    """A published test, verbatim; only its retirement may be added."""

    test = models.ForeignKey(
        AssessmentTest, on_delete=models.PROTECT, related_name="versions", verbose_name=_("test")
    )
    number = models.PositiveIntegerField(_("version"))
    state = models.CharField(
        _("state"), max_length=10, choices=VersionState, default=VersionState.PUBLISHED
    )
    title = models.CharField(_("title"), max_length=500)
    xml = models.TextField(_("QTI"))
    sha256 = models.CharField(max_length=64, editable=False)
    select_mode = models.CharField(_("selection"), max_length=20, choices=SELECT_MODES)
    order_mode = models.CharField(_("order"), max_length=20, choices=ORDER_MODES)
    metadata = models.TextField(blank=True, editable=False)
    package_metadata = models.TextField(blank=True, editable=False)
    published_at = models.DateTimeField(_("published"))
    published_by = models.CharField(_("published by"), max_length=150)
    retired_at = models.DateTimeField(_("retired"), null=True, blank=True)

    class Meta:
        verbose_name = _("test version")
        verbose_name_plural = _("test versions")
        ordering = ["test", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["test", "number"], name="test_version_number_once"),
            models.CheckConstraint(
                condition=Q(state=VersionState.PUBLISHED, retired_at__isnull=True)
                | Q(state=VersionState.RETIRED, retired_at__isnull=False),
                name="test_version_state_sound",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:  # Django's own shape
        self.sha256 = digest(self.xml)
        stored = AssessmentTestVersion.objects.filter(pk=self.pk).first()
        kept = (
            "test_id",
            "number",
            "title",
            "sha256",
            "select_mode",
            "order_mode",
            "published_at",
            "published_by",
        )
        if stored and any(getattr(stored, name) != getattr(self, name) for name in kept):
            raise ImmutableError(f"{stored} is published: publish a new version instead.")
        super().save(*args, **kwargs)


class TestVersionItem(models.Model):
    """Which item version a published test means by an item ref."""

    version = models.ForeignKey(
        AssessmentTestVersion, on_delete=models.CASCADE, related_name="items"
    )
    ref = models.CharField(max_length=255)
    item_version = models.ForeignKey(ItemVersion, on_delete=models.PROTECT, related_name="used_by")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "ref"], name="test_version_ref_once")
        ]

    def __str__(self) -> str:
        return self.ref


class TestVersionAsset(models.Model):
    """Which file a published test means by an address in its instructions."""

    version = models.ForeignKey(
        AssessmentTestVersion, on_delete=models.CASCADE, related_name="files"
    )
    href = models.CharField(max_length=1000)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "href"], name="test_version_href_once")
        ]

    def __str__(self) -> str:
        return self.href


class TestForm(models.Model):
    """A frozen plan that several candidates share; the secret proves how it was drawn."""

    version = models.ForeignKey(
        AssessmentTestVersion, on_delete=models.PROTECT, related_name="forms"
    )
    name = models.CharField(_("name"), max_length=100)
    plan = models.JSONField(_("plan"))
    commitment = models.CharField(_("commitment"), max_length=64)
    secret = models.BinaryField(editable=False)
    created_at = models.DateTimeField(_("created"))
    created_by = models.CharField(_("created by"), max_length=150)

    class Meta:
        verbose_name = _("test form")
        verbose_name_plural = _("test forms")
        constraints = [
            models.UniqueConstraint(fields=["version", "name"], name="test_form_name_once")
        ]

    def __str__(self) -> str:
        return self.name
