"""Lockdown policies as rows: the ready-made ones, and changes that become new versions."""

from hashlib import sha256

from django.db import transaction
from django.db.models import Max

from integrity import chain
from integrity.models import LockdownPolicy
from integrity.policy import lockdown


def ready_made(policy: lockdown.Policy) -> LockdownPolicy:
    """Return the row of a ready-made policy; created where it is missing."""
    row, _ = LockdownPolicy.objects.get_or_create(
        name=policy.name,
        version=policy.version,
        defaults={
            "rules": lockdown.write_rules(policy.watched),
            "requires_javascript": policy.requires_javascript,
            "requires_fullscreen": policy.requires_fullscreen,
        },
    )
    return row


@transaction.atomic
def save(policy: LockdownPolicy) -> LockdownPolicy:
    """Save a policy: in place while nothing uses it, as the next version of its name afterwards.

    Running sessions keep the version that they began with.
    """
    if policy._state.adding or policy.is_used():  # noqa: SLF001 - Django's own way to copy a row
        policy.pk = None
        policy._state.adding = True  # noqa: SLF001
        policy.version = next_version(policy.name)
    policy.save()
    return policy


def next_version(name: str) -> int:
    same = LockdownPolicy.objects.filter(name=name)
    latest: int | None = same.aggregate(latest=Max("version"))["latest"]
    return (latest or 0) + 1


def digest(policy: LockdownPolicy) -> str:
    """Return the SHA-256 of all that a version says, but for the password of its file."""
    said = {
        "name": policy.name,
        "version": policy.version,
        "rules": policy.rules,
        "requires": [policy.requires_javascript, policy.requires_fullscreen],
        "browsers": policy.browsers,
        "shortcuts": policy.shortcuts,
        "seb": [policy.seb_mode, policy.seb_profile, policy.seb_exam_keys, policy.seb_file_key],
    }
    return sha256(chain.canonical(said)).hexdigest()
