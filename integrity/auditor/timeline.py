"""A stream as a story: its entries in their words, grouped by minute, with the silences."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from django.template import TemplateSyntaxError
from django.template.loader import render_to_string, select_template
from django.utils.safestring import SafeString

from integrity import chain
from integrity.chain import Entry

MINUTE_MS = 60_000
LATEST_MS = chain.milliseconds(datetime(9999, 12, 30, tzinfo=UTC))
SILENCE_MS = 5 * MINUTE_MS
SAFE_KIND = re.compile(r"[a-z0-9]+([._][a-z0-9]+)*")
UNREADABLE = "auditor/kinds/_unreadable.html"
FALLBACK = "auditor/kinds/_any.html"


@dataclass(frozen=True, slots=True)
class Line:
    """One entry, its time and its sentence."""

    entry: Entry
    at: datetime
    sentence: SafeString


@dataclass(frozen=True, slots=True)
class Minute:
    """The lines of one minute; `silence_ms` is how long nothing happened before it, if long."""

    at: datetime
    is_new_day: bool
    silence_ms: int
    lines: tuple[Line, ...]


def tell(entries: Iterable[Entry]) -> list[Minute]:
    minutes: list[Minute] = []
    templates: dict[str, str] = {}
    before: Entry | None = None
    for number, group in groupby(entries, lambda entry: entry.at_ms // MINUTE_MS):
        lines = tuple(
            Line(entry, _time(entry.at_ms), _sentence(entry, templates)) for entry in group
        )
        at = _time(number * MINUTE_MS)
        gap = lines[0].entry.at_ms - before.at_ms if before else 0
        new_day = not minutes or minutes[-1].at.date() != at.date()
        minutes.append(Minute(at, new_day, gap if gap >= SILENCE_MS else 0, lines))
        before = lines[-1].entry
    return minutes


def _time(at_ms: int) -> datetime:
    """Return the time; a forged one beyond the calendar is shown as its edge."""
    return chain.EPOCH + min(max(at_ms, 0), LATEST_MS) * chain.MILLISECOND


def _sentence(entry: Entry, templates: dict[str, str]) -> SafeString:
    payload = _payload(entry)
    if payload is None:
        return render_to_string(UNREADABLE, {"entry": entry})
    if entry.kind not in templates:
        templates[entry.kind] = _template(entry.kind)
    # In a template, payload.items would be the payload's own "items" where it has one.
    context = {"entry": entry, "payload": payload, "pairs": list(payload.items())}
    try:
        return render_to_string(templates[entry.kind], context)
    except (
        TypeError,
        ValueError,
        OverflowError,
        TemplateSyntaxError,
    ):  # a forged payload fits no sentence
        return render_to_string(FALLBACK, context)


def _payload(entry: Entry) -> dict[str, Any] | None:
    try:
        payload = json.loads(entry.body)
    except ValueError:  # somebody edited it, and badly
        return None
    return payload if isinstance(payload, dict) else None


def _template(kind: str) -> str:
    if not SAFE_KIND.fullmatch(kind):
        return FALLBACK
    found = select_template([f"auditor/kinds/{kind}.html", FALLBACK])
    return str(found.template.name)
