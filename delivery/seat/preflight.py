"""What the start page found out about a candidate's browser, as it says itself; proctors see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from delivery.models import Enrolment
from delivery.rules import legible

CHECKS: Final[dict[str, str | Promise]] = {
    "browser": _("Browser"),
    "server": _("The server answers"),
    "clock": _("The device's clock is right"),
    "socket": _("Live connection"),
    "storage": _("Keeps answers while offline"),
    "fullscreen": _("Full screen"),
    "screens": _("One screen"),
    "seb": _("Safe Exam Browser"),
}
LONGEST: Final = 120


@dataclass(frozen=True, slots=True)
class Tick:
    """One check: whether it was fine, and what was seen."""

    words: str
    fine: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a browser said of itself, and when."""

    at: datetime
    device: str
    ticks: tuple[Tick, ...]

    @property
    def fine(self) -> bool:
        return all(tick.fine for tick in self.ticks)


def keep(enrolment: Enrolment, found: Mapping[str, Any], *, device: str, at: datetime) -> None:
    """Keep the newest preflight of an enrolment; what is not a known check is left out."""
    checks = {}
    for name in CHECKS:
        match found.get(name):
            case {"fine": bool(fine), **rest}:
                detail = legible.text(str(rest.get("detail", ""))[:LONGEST])
                checks[name] = {"fine": fine, "detail": detail}
    kept = {"at": at.isoformat(), "device": device[:LONGEST], "checks": checks}
    Enrolment.objects.filter(pk=enrolment.pk).update(preflight=kept)


def read(kept: Mapping[str, Any]) -> Preflight | None:
    """Return the preflight of an enrolment in words, None where its page was never opened."""
    if not kept:
        return None
    ticks = tuple(
        Tick(str(CHECKS[name]), found["fine"], found["detail"])
        for name, found in kept["checks"].items()
    )
    return Preflight(datetime.fromisoformat(kept["at"]), kept["device"], ticks)
