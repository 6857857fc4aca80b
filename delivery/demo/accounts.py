"""The staff, the proctor and the auditor of the demo, with passwords made for this machine."""

import secrets
from typing import Final

from django.contrib.auth.models import Group, Permission, User

from delivery.demo.signins import SignIn

ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
STAFF_APPS: Final = ("assembly", "delivery")
ROLES: Final = (
    ("staff", "Staff", "/admin/", "author items and tests, sittings, rosters, results"),
    ("proctor", "Proctor", "/proctor/", "the board of today's exam"),
    ("auditor", "Auditor", "/auditor/", "the ledger of every session"),
)


def make() -> tuple[SignIn, ...]:
    """Make the three users, or give those that stand a new password."""
    return tuple(_make(*role) for role in ROLES)


def _make(name: str, group: str, page: str, hint: str) -> SignIn:
    password = "-".join(_letters(4) for _ in range(3))
    user, _ = User.objects.get_or_create(username=name)
    user.is_staff = name == "staff"
    user.set_password(password)
    user.save()
    user.groups.add(_group(group))
    if group == "Proctor":
        # A chief proctor: they may reopen what has ended.
        user.user_permissions.add(Permission.objects.get(codename="change_assessmentsession"))
    return SignIn(page, name, password, hint)


def _letters(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


def _group(name: str) -> Group:
    """The group; staff may do in the admin what concerns tests and sittings, and read policies."""
    group, made = Group.objects.get_or_create(name=name)
    if made and name == "Staff":
        own = Permission.objects.filter(content_type__app_label__in=STAFF_APPS)
        policies = Permission.objects.filter(content_type__model="lockdownpolicy")
        group.permissions.set(own | policies)
    return group
