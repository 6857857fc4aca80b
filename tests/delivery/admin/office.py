"""Staff at their desk in the admin, and what they find there."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from delivery.models import AssessmentSession, Sitting
from delivery.session import scoring, sessions
from tests import factories
from tests.factories import after

ADMIN = "/admin/delivery/"


def clerk(*codenames: str) -> Client:
    """Return staff with these permissions alone."""
    user = User.objects.create_user("clerk", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(user)
    return client


def finished(sitting: Sitting, name: str, right: int) -> AssessmentSession:
    """Return a scored session with so many of three answers right."""
    session = factories.session(sitting, factories.candidate(name))
    for number, item in enumerate(("Q1", "Q2", "Q3")):
        factories.answer(session, item, "A" if number < right else "B")
    sessions.complete(session.pk, after(60), by="candidate:1", confirmed=True)
    return scoring.score(session.pk, after(61))


def form_of(sitting: Sitting, **changes: Any) -> dict[str, Any]:
    def local(at: datetime | None) -> str:
        return timezone.localtime(at).strftime("%Y-%m-%dT%H:%M:%S") if at else ""

    closes_at = changes.pop("closes_at", sitting.closes_at)
    return {
        "title": sitting.title,
        "test_version": sitting.test_version_id,
        "opens_at": local(sitting.opens_at),
        "closes_at": local(closes_at),
        "attempt_limit": sitting.attempt_limit,
        "grace_seconds": sitting.grace_seconds,
        "extend_past_window": "on",
        "takeover": sitting.takeover,
        "release": sitting.release,
        **changes,
    }
