"""A stream as a story: its entries in their words, grouped by minute, with the silences."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from django.utils.safestring import SafeString

from integrity import chain
from integrity.chain import Entry
from integrity.telling import Teller

MINUTE_MS = 60_000
LATEST_MS = chain.milliseconds(datetime(9999, 12, 30, tzinfo=UTC))
SILENCE_MS = 5 * MINUTE_MS


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
    teller = Teller()
    before: Entry | None = None
    for number, group in groupby(entries, lambda entry: entry.at_ms // MINUTE_MS):
        lines = tuple(Line(entry, _time(entry.at_ms), teller.sentence(entry)) for entry in group)
        at = _time(number * MINUTE_MS)
        gap = lines[0].entry.at_ms - before.at_ms if before else 0
        new_day = not minutes or minutes[-1].at.date() != at.date()
        minutes.append(Minute(at, new_day, gap if gap >= SILENCE_MS else 0, lines))
        before = lines[-1].entry
    return minutes


def _time(at_ms: int) -> datetime:
    """Return the time; a forged one beyond the calendar is shown as its edge."""
    return chain.EPOCH + min(max(at_ms, 0), LATEST_MS) * chain.MILLISECOND
