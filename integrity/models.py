"""The rows of integrity: ledger streams and their sealed entries, and lockdown policies."""

from functools import lru_cache
from typing import Any

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrity import chain
from integrity.policy import browsers, lockdown, seb, shortcuts


class LedgerStream(models.Model):
    """A chain of entries; its row is locked while entries are appended."""

    name = models.CharField(_("name"), max_length=chain.LONGEST_STREAM, unique=True)
    head = models.CharField(_("head"), max_length=64, default=chain.ZEROS)
    length = models.BigIntegerField(_("length"), default=0)

    class Meta:
        verbose_name = _("ledger stream")
        verbose_name_plural = _("ledger streams")

    def __str__(self) -> str:
        return self.name


class LedgerEntry(models.Model):
    """A sealed fact; written by `ledger` alone, and never changed: the database refuses it."""

    # The unique constraint's index serves the foreign key too, and a stream cannot be removed.
    stream = models.ForeignKey(
        LedgerStream, models.PROTECT, related_name="entries", db_index=False, db_constraint=False,
        verbose_name=_("stream"),
    )  # fmt: skip
    seq = models.BigIntegerField(_("number"))
    kind = models.CharField(_("kind"), max_length=chain.LONGEST_KIND)
    at_ms = models.BigIntegerField(_("time in milliseconds"))
    actor = models.CharField(_("actor"), max_length=chain.LONGEST_ACTOR)
    payload = models.TextField(_("payload"))
    prev = models.CharField(_("previous hash"), max_length=64)
    hash = models.CharField(_("hash"), max_length=64)

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        constraints = [
            models.UniqueConstraint(fields=["stream", "seq"], name="one_entry_per_number"),
        ]

    def __str__(self) -> str:
        return f"{self.stream_id}/{self.seq} {self.kind}"


class SealedHead(models.Model):
    """A leaf of the tree: where a stream stood when it was sealed. Append-only, too."""

    place = models.BigIntegerField(_("place in the tree"), unique=True)
    stream = models.CharField(_("stream"), max_length=chain.LONGEST_STREAM)
    seq = models.BigIntegerField(_("number"))
    head = models.CharField(_("head"), max_length=64)
    at_ms = models.BigIntegerField(_("time in milliseconds"))

    class Meta:
        verbose_name = _("sealed head")
        verbose_name_plural = _("sealed heads")
        constraints = [
            models.UniqueConstraint(fields=["stream", "seq"], name="one_seal_per_head"),
        ]

    def __str__(self) -> str:
        return f"{self.place}: {self.stream}/{self.seq}"


class LedgerWords(models.Model):
    """Words whose salted digest an entry holds; they go when the person is erased."""

    stream = models.CharField(max_length=200)
    seq = models.BigIntegerField()
    field = models.CharField(max_length=64)
    salt = models.CharField(max_length=32)
    text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stream", "seq", "field"], name="one_text_per_digest"),
        ]

    def __str__(self) -> str:
        return f"{self.stream}/{self.seq}: {self.field}"


class Checkpoint(models.Model):
    """The signed root over the first `size` sealed heads; append-only, too."""

    size = models.BigIntegerField(_("sealed heads"), unique=True)
    previous = models.BigIntegerField(_("sealed heads before"))
    root = models.CharField(_("root"), max_length=64)
    key = models.CharField(_("key"), max_length=300)
    note = models.TextField(_("signed note"))
    # Hashes in hexadecimal, separated by spaces.
    proof = models.TextField(_("proof of consistency with the checkpoint before"), blank=True)
    frontier = models.TextField(_("frontier"))
    at_ms = models.BigIntegerField(_("time in milliseconds"))

    class Meta:
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")

    def __str__(self) -> str:
        return f"{self.size} {self.root[:12]}"


class Anchor(models.Model):
    """How far a place outside has been told of our checkpoints, and what went wrong last."""

    target = models.CharField(_("target"), max_length=300, unique=True)
    size = models.BigIntegerField(_("sealed heads"), default=0)
    at_ms = models.BigIntegerField(_("time in milliseconds"))
    error = models.TextField(_("what went wrong"), blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)

    class Meta:
        verbose_name = _("anchor")
        verbose_name_plural = _("anchors")

    def __str__(self) -> str:
        return self.target


class TimeStamp(models.Model):
    """A time-stamping authority's answer to a checkpoint's note, as it came."""

    target = models.CharField(_("target"), max_length=300)
    size = models.BigIntegerField(_("sealed heads"))
    at_ms = models.BigIntegerField(_("time in milliseconds"))
    answer = models.BinaryField()

    class Meta:
        verbose_name = _("time stamp")
        verbose_name_plural = _("time stamps")
        constraints = [
            models.UniqueConstraint(fields=["target", "size"], name="one_stamp_per_checkpoint"),
        ]

    def __str__(self) -> str:
        return f"{self.size} {self.target}"


class PolicyInUseError(Exception):
    """A lockdown policy that something refers to was about to change."""


class SebFile(models.Model):
    """An uploaded configuration of Safe Exam Browser, handed out as it came; never changed."""

    content = models.BinaryField()
    key = models.CharField(_("Config Key"), max_length=64)

    class Meta:
        verbose_name = _("Safe Exam Browser file")
        verbose_name_plural = _("Safe Exam Browser files")

    def __str__(self) -> str:
        return self.key


# Every page reads its policy: what was normal once is normal.
_shortcuts = lru_cache(maxsize=256)(shortcuts.read)


def usual_shortcuts() -> list[str]:
    """Return the shortcuts of a new policy."""
    return list(shortcuts.USUAL)


class LockdownPolicy(models.Model):
    """What is watched and what follows; once used, a change is a new version."""

    name = models.CharField(_("name"), max_length=100)
    version = models.PositiveIntegerField(_("version"), default=1)
    rules = models.JSONField(_("rules"), default=dict, blank=True)
    requires_javascript = models.BooleanField(_("requires JavaScript"), default=False)
    requires_fullscreen = models.BooleanField(_("requires full screen"), default=False)
    browsers = models.TextField(_("browsers"), blank=True)
    shortcuts = models.JSONField(_("shortcuts"), default=usual_shortcuts, blank=True)
    seb_mode = models.CharField(
        _("Safe Exam Browser"), max_length=8, default=seb.Mode.NONE,
        choices=[
            (seb.Mode.NONE.value, _("not asked for")),
            (seb.Mode.OPTIONAL.value, _("offered, and shown to proctors where it is used")),
            (seb.Mode.REQUIRED.value, _("required")),
        ],
    )  # fmt: skip
    seb_profile = models.JSONField(default=dict, blank=True)
    seb_exam_keys = models.TextField(_("Browser Exam Keys"), blank=True)
    seb_password = models.CharField(_("password of the file"), max_length=100, blank=True)
    # In a row of its own: every page reads the policy, and the file is large.
    seb_file = models.ForeignKey(SebFile, models.PROTECT, null=True, blank=True, related_name="+")
    seb_file_key = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        verbose_name = _("lockdown policy")
        verbose_name_plural = _("lockdown policies")
        ordering = ["name", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["name", "version"], name="one_policy_per_version"),
        ]

    def __str__(self) -> str:
        return gettext("%(name)s, version %(version)s") % {
            "name": self.name,
            "version": self.version,
        }

    def policy(self) -> lockdown.Policy:
        return lockdown.Policy(
            name=self.name,
            version=self.version,
            watched=lockdown.read_rules(self.rules),
            requires_javascript=self.requires_javascript,
            requires_fullscreen=self.requires_fullscreen,
            browsers=browsers.read(self.browsers),
            shortcuts=_shortcuts(tuple(self.shortcuts)),
            seb_mode=seb.Mode(self.seb_mode),
            seb_profile=seb.Profile.read(self.seb_profile),
            seb_exam_keys=seb.read_exam_keys(self.seb_exam_keys),
            seb_password=self.seb_password,
            seb_file_key=self.seb_file_key,
        )

    def is_used(self) -> bool:
        """Return whether any row of any application refers to this version."""
        accessors = [relation.get_accessor_name() for relation in self._meta.related_objects]
        return any(getattr(self, name).exists() for name in accessors if name)

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk and self._differs() and self.is_used():
            raise PolicyInUseError(
                f"The policy {self} is in use and stays as it is: save a new version instead."
            )
        super().save(*args, **kwargs)

    def _differs(self) -> bool:
        stored = LockdownPolicy.objects.filter(pk=self.pk).first()
        return stored is not None and stored.policy() != self.policy()
