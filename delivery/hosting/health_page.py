"""The health page: what staff and proctors see of what the service stands on."""

from __future__ import annotations

from typing import Any, Final

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from delivery.sitting import outages, proctoring
from delivery.vitals import health
from delivery.vitals.health import Check, Level

WORDS: Final = {
    Level.GOOD: (_("good"), "good"),
    Level.POOR: (_("poor"), "attention"),
    Level.DOWN: (_("down"), "stop"),
    Level.UNUSED: (_("not used"), ""),
}


@require_safe
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    """Show every check with its words; the page looks again every five seconds."""
    user, at = request.user, timezone.now()
    if not isinstance(user, User) or not (user.is_staff or proctoring.is_proctor(user)):
        raise PermissionDenied
    found = health.checks(at)
    context = _verdict(found) | {
        "checks": [_told(check) for check in found],
        "outages": [] if found[0].level is Level.DOWN else outages.lately(at),
        "at": at,
    }
    return render(request, "proctor/health.html", context)


def _verdict(found: list[Check]) -> dict[str, Any]:
    if not health.is_ready(found):
        return {"tone": "stop", "verdict": _("Candidates cannot go on now.")}
    if any(check.level in (Level.POOR, Level.DOWN) for check in found):
        return {
            "tone": "attention",
            "verdict": _("Candidates can go on: answers are saved. Something needs your eye."),
        }
    return {"tone": "good", "verdict": _("Everything is well.")}


def _told(check: Check) -> dict[str, Any]:
    word, tone = WORDS[check.level]
    return {"title": check.title, "word": word, "tone": tone, "sentence": check.sentence}
