"""How the candidate's pages write times, reasons, refusals and devices."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Final

from django.http import HttpRequest
from django.utils import formats, timezone
from django.utils.translation import gettext as _

from delivery.rules import clock, protocol, refusals
from delivery.rules.clock import Reading, ReasonPart
from delivery.rules.protocol import TimerSync
from delivery.rules.refusals import Refusal

BROWSERS: Final = (
    (" SEB/", "Safe Exam Browser"),
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
SYSTEMS: Final = (
    ("CrOS", "ChromeOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def sentence(refusal: Refusal) -> str:
    """Return a refusal's sentence in the reader's language."""
    return _(refusals.SENTENCES[refusal.reason]) % refusal.facts


def reason(part: ReasonPart) -> str:
    """Return one step of the clock's explanation in the reader's language."""
    return _(part.template) % part.facts


def reasons(reading: Reading) -> list[str]:
    """Return the explanation of a deadline, step by step."""
    return [reason(part) for part in reading.reasons]


def why(reading: Reading) -> str:
    """Return the explanation of a deadline as one sentence."""
    return clock.explain(reasons(reading))


def span(ms: int | None) -> str:
    """Write a span in words, or the absence of a limit."""
    if ms is None:
        return _("no time limit")
    hours, rest = divmod(ms // 1000, 3600)
    minutes, seconds = divmod(rest, 60)
    minutes_written = f"{minutes:02d}" if hours else str(minutes)
    parts = [
        (hours, _("%s h") % hours),
        (minutes, _("%s min") % minutes_written),
        (seconds, _("%s s") % seconds),
    ]
    return " ".join(text for value, text in parts if value) or _("%s s") % 0


def countdown(ms: int) -> str:
    """Write what is left as `H:MM:SS` or `M:SS`, rounded up as a candidate would count."""
    seconds = -(-ms // 1000)
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def time_of(at: datetime) -> str:
    """Write a time of day to the second."""
    # The one zone of this Invigil: nobody has another, and asking for theirs costs more than this.
    return _time_of(at.replace(microsecond=0), timezone.get_default_timezone())


@lru_cache(maxsize=256)
def _time_of(at: datetime, zone: tzinfo) -> str:
    """Write it once for all who are answered in the same second."""
    return at.astimezone(zone).strftime("%H:%M:%S")


def moment(at: datetime | None) -> str:
    """Write a date with its weekday and the time of day."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    return f"{formats.date_format(local, 'l, j F Y')}, {local:%H:%M}"


def device(request: HttpRequest) -> str:
    """Name the browser and the system as a person would: `Firefox on Windows`."""
    agent = request.headers.get("User-Agent", "")
    return device_of(agent)


def device_of(agent: str) -> str:
    """Name browser and system from a user agent."""
    browser = _first(agent, BROWSERS) or _("a browser")
    system = _first(agent, SYSTEMS)
    if not system:
        return browser
    return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}


def _first(agent: str, marks: Iterable[tuple[str, str]]) -> str:
    return next((name for mark, name in marks if mark in agent), "")


def number(value: float | None) -> str:
    """Write a score without needless decimals."""
    if value is None:
        return ""
    places = next(
        places for places in range(3) if places == 2 or round(value, places) == round(value, 2)
    )
    return formats.number_format(round(value, 2), decimal_pos=places)


def timer(reading: Reading, state: str, version: int, sent: int = 0) -> TimerSync:
    """Return the clock as socket, page and polling share it, in the reader's language."""
    told = reasons(reading)
    return protocol.timer_sync(
        reading,
        state=state,
        version=version,
        reasons=told,
        sentence=clock.explain(told),
        sent=sent,
    )
