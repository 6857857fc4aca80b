"""The item bank: items, their immutable versions, and the files they show."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class ImmutableError(Exception):
    """Published content was about to be changed."""


class VersionState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    RETIRED = "retired", _("Retired")


class Item(models.Model):
    """An item through all its versions; the identifier is the standard's and never changes."""

    identifier = models.CharField(_("identifier"), max_length=255, unique=True)
    title = models.CharField(_("title"), max_length=500, blank=True)
    notes = models.TextField(
        _("notes"), blank=True, help_text=_("For authors only. Candidates never see this.")
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ["identifier"]

    def __str__(self) -> str:
        return self.title or self.identifier

    def newest(self) -> ItemVersion | None:
        return self.versions.order_by("-number").first()


class Asset(models.Model):
    """A file by its content's hash, kept in the database: one backup, every process sees it."""

    sha256 = models.CharField(max_length=64, unique=True)
    media_type = models.CharField(max_length=100)
    size = models.PositiveBigIntegerField()
    content = models.BinaryField()

    class Meta:
        verbose_name = _("asset")
        verbose_name_plural = _("assets")
        constraints = [models.CheckConstraint(condition=~Q(sha256=""), name="asset_has_hash")]

    def __str__(self) -> str:
        return f"{self.media_type} {self.sha256[:12]}"


class ItemVersion(models.Model):
    """One wording of an item, verbatim; from its publication on it never changes."""

    item = models.ForeignKey(
        Item, on_delete=models.PROTECT, related_name="versions", verbose_name=_("item")
    )
    number = models.PositiveIntegerField(_("version"))
    state = models.CharField(
        _("state"), max_length=10, choices=VersionState, default=VersionState.DRAFT
    )
    title = models.CharField(_("title"), max_length=500, blank=True)
    xml = models.TextField(_("QTI"))
    sha256 = models.CharField(max_length=64, db_index=True, editable=False)
    interactions = models.CharField(_("interactions"), max_length=500, blank=True)
    max_score = models.FloatField(_("maximum score"), null=True, blank=True)
    language = models.CharField(_("language"), max_length=35, blank=True)
    metadata = models.TextField(_("metadata"), blank=True, editable=False)
    # Of a package that held items and no test, which would keep it otherwise.
    package_metadata = models.TextField(blank=True, editable=False)
    irt_a = models.FloatField(_("discrimination (a)"), null=True, blank=True)
    irt_b = models.FloatField(_("difficulty (b)"), null=True, blank=True)
    irt_c = models.FloatField(_("guessing (c)"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"))
    created_by = models.CharField(_("created by"), max_length=150, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    assets = models.ManyToManyField(Asset, through="ItemVersionAsset", related_name="item_versions")

    class Meta:
        verbose_name = _("item version")
        verbose_name_plural = _("item versions")
        ordering = ["item", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["item", "number"], name="item_version_number_once"),
            models.CheckConstraint(condition=Q(number__gte=1), name="item_version_number_positive"),
            models.CheckConstraint(
                condition=Q(state__in=VersionState.values), name="item_version_state_known"
            ),
            models.CheckConstraint(
                condition=Q(irt_a__isnull=True) | Q(irt_a__gt=0),
                name="item_version_discrimination_positive",
            ),
            models.CheckConstraint(
                condition=Q(irt_c__isnull=True) | Q(irt_c__gte=0, irt_c__lt=1),
                name="item_version_guessing_below_one",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item.identifier} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:  # Django's own shape
        self.sha256 = digest(self.xml)
        frozen = ItemVersion.objects.filter(pk=self.pk).exclude(state=VersionState.DRAFT).first()
        if frozen and (frozen.sha256 != self.sha256 or self.state == VersionState.DRAFT):
            raise ImmutableError(
                f"{self} is {frozen.get_state_display()}: make a new version instead."
            )
        super().save(*args, **kwargs)


class ItemVersionAsset(models.Model):
    """Which file a version means by an address in its XML."""

    item_version = models.ForeignKey(ItemVersion, on_delete=models.CASCADE, related_name="files")
    href = models.CharField(max_length=1000)
    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="+")
    # What the manifest told of a stimulus.
    metadata = models.TextField(blank=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["item_version", "href"], name="item_version_href_once")
        ]

    def __str__(self) -> str:
        return self.href


def digest(xml: str) -> str:
    return sha256(xml.encode()).hexdigest()
