"""When a session ends and why: one pure answer from the limits, the pauses and the window."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Final

TEST: Final = "test"
WINDOW: Final = "window"


def _(text: str) -> str:
    """Mark a text for translation; it is translated where it is shown."""
    return text


class Kind(StrEnum):
    """What a limited scope is (QTI ASI: time limits stand at test, part, section and item)."""

    PART = "part"
    SECTION = "section"
    ITEM = "item"


@dataclass(frozen=True, slots=True)
class Scope:
    """A part, section or item with a max-time and the time spent in it, in milliseconds.

    A soft scope allows late submission: it is shown, but it never ends anything.
    """

    id: str
    kind: Kind
    title: str
    limit_ms: int
    spent_ms: int = 0
    extra_ms: int = 0
    soft: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """All that decides a session's time; durations in milliseconds.

    `base_ms` is the smaller of the test's max-time and the sitting's duration, None without either.
    `since` is when the current position began to count, None while the clock stands.
    """

    started_at: datetime
    base_ms: int | None = None
    multiplier: Decimal = Decimal(1)
    fixed_ms: int = 0
    unlimited: bool = False
    adjusted_ms: int = 0
    paused_ms: int = 0
    paused_at: datetime | None = None
    closes_at: datetime | None = None
    window_ms: int = 0
    window_waits: bool = False
    grace_ms: int = 0
    since: datetime | None = None
    scopes: tuple[Scope, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class ReasonPart:
    """One step of the explanation: a translatable text and what fills it."""

    code: str
    template: str
    facts: dict[str, str]

    @property
    def text(self) -> str:
        return self.template % self.facts


@dataclass(frozen=True, slots=True)
class ScopeReading:
    """What is left of one limited scope."""

    id: str
    kind: Kind
    title: str
    remaining_ms: int
    deadline: datetime
    soft: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """The clock at one instant; `deadline` is None without any limit.

    While the clock stands, `deadline` is what it would be if the session went on now.
    """

    at: datetime
    running: bool
    deadline: datetime | None
    remaining_ms: int | None
    accept_until: datetime | None
    reasons: tuple[ReasonPart, ...]
    bites: str
    scopes: tuple[ScopeReading, ...]

    @property
    def sentence(self) -> str:
        """Explain the deadline in one English sentence."""
        return explain([part.text for part in self.reasons])


def explain(texts: list[str]) -> str:
    """Join the texts of a reading's reasons: the deadline, then what it is made of."""
    if not texts:
        return ""
    head, *steps = texts
    limits = [step for step in steps if not step.startswith(("+", "-", "="))]
    sums = [step for step in steps if step.startswith(("+", "-", "="))]
    return "; ".join([" ".join([head, *sums]), *limits])


def milliseconds(span: timedelta) -> int:
    """Return a span in whole milliseconds, rounded down."""
    return span // timedelta(milliseconds=1)


def scaled(ms: int, clock: Clock) -> int:
    """Return a max-time under the candidate's accommodation (AfA PNP: time-multiplier)."""
    return int(ms * clock.multiplier)


def standing_ms(clock: Clock, at: datetime) -> int:
    """Return for how long the clock has been standing in the pause that lasts, else 0."""
    return 0 if clock.paused_at is None else max(0, milliseconds(at - clock.paused_at))


def test_deadline(clock: Clock, at: datetime) -> datetime | None:
    """Return when the test's own time ends, None without a limit."""
    if clock.base_ms is None or clock.unlimited:
        return None
    given = scaled(clock.base_ms, clock) + clock.fixed_ms + clock.adjusted_ms
    return clock.started_at + timedelta(
        milliseconds=given + clock.paused_ms + standing_ms(clock, at)
    )


def window_deadline(clock: Clock, at: datetime) -> datetime | None:
    """Return when the sitting's window ends for this session, None for an open one."""
    if clock.closes_at is None:
        return None
    waited = standing_ms(clock, at) if clock.window_waits else 0
    return clock.closes_at + timedelta(milliseconds=clock.window_ms + waited)


def scope_deadline(clock: Clock, scope: Scope, at: datetime) -> datetime | None:
    """Return when the scope's time ends, None where the accommodation lifts it."""
    if clock.unlimited:
        return None
    left = timedelta(milliseconds=scaled(scope.limit_ms, clock) + scope.extra_ms - scope.spent_ms)
    return (at if clock.since is None else clock.since) + left


def deadline(clock: Clock, at: datetime) -> datetime | None:
    """Return when the session ends: the sooner of the test's time and the window."""
    test, window = test_deadline(clock, at), window_deadline(clock, at)
    if test is None or window is None:
        return window if test is None else test
    return min(test, window)


def due(clock: Clock, at: datetime) -> datetime | None:
    """Return when something must happen next: the end of all or of a hard scope, with grace."""
    ends = [deadline(clock, at)]
    ends += [scope_deadline(clock, scope, at) for scope in clock.scopes if not scope.soft]
    known = [end for end in ends if end is not None]
    return min(known) + timedelta(milliseconds=clock.grace_ms) if known else None


def is_over(clock: Clock, at: datetime) -> bool:
    """Tell whether the time is up; at the deadline itself it is not (QTI: accrued > max)."""
    end = deadline(clock, at)
    return end is not None and at > end


def accepts(clock: Clock, at: datetime) -> bool:
    """Tell whether a save or submission received `at` still counts: deadline plus grace."""
    end = deadline(clock, at)
    return end is None or at <= end + timedelta(milliseconds=clock.grace_ms)


def is_clear(clock: Clock, at: datetime) -> bool:
    """Tell whether nothing is over at all, not even without the grace."""
    return not is_over(clock, at) and not (clock.scopes and expired_scope(clock, at, grace=False))


def expired_scope(clock: Clock, at: datetime, *, grace: bool) -> tuple[Scope, datetime] | None:
    """Return the hard scope whose time ran out first before `at`, with its deadline."""
    allowed = timedelta(milliseconds=clock.grace_ms if grace else 0)
    over = [
        (end, scope)
        for scope in clock.scopes
        if not scope.soft
        and (end := scope_deadline(clock, scope, at)) is not None
        and at > end + allowed
    ]
    if not over:
        return None
    end, scope = min(over, key=lambda pair: pair[0])
    return scope, end


def read(clock: Clock, at: datetime, zone: tzinfo = UTC) -> Reading:
    """Read the clock at one instant; `zone` is for the words only."""
    end = deadline(clock, at)
    scopes = tuple(_read_scope(clock, scope, at) for scope in clock.scopes if not clock.unlimited)
    hard = [(scope.deadline, scope.id) for scope in scopes if not scope.soft]
    test, window = test_deadline(clock, at), window_deadline(clock, at)
    ends = [(when, name) for when, name in ((test, TEST), (window, WINDOW)) if when is not None]
    bites = min([*hard, *ends])[1] if hard or ends else ""
    return Reading(
        at=at,
        running=clock.paused_at is None,
        deadline=end,
        remaining_ms=None if end is None else max(0, milliseconds(end - at)),
        accept_until=None if end is None else end + timedelta(milliseconds=clock.grace_ms),
        reasons=tuple(_reasons(clock, at, zone)),
        bites=bites,
        scopes=scopes,
    )


def _read_scope(clock: Clock, scope: Scope, at: datetime) -> ScopeReading:
    end = scope_deadline(clock, scope, at) or at
    return ScopeReading(
        id=scope.id,
        kind=scope.kind,
        title=scope.title,
        remaining_ms=max(0, milliseconds(end - at)),
        deadline=end,
        soft=scope.soft,
    )


def _reasons(clock: Clock, at: datetime, zone: tzinfo) -> list[ReasonPart]:
    test, window = test_deadline(clock, at), window_deadline(clock, at)
    ends = [end for end in (test, window) if end is not None]
    if not ends:
        code = "unlimited" if clock.unlimited else "untimed"
        return [ReasonPart(code, _("There is no time limit"), {})]
    day = clock.started_at
    parts = [ReasonPart("deadline", _("%(at)s"), {"at": moment_of(min(ends), day, zone)})]
    if test is not None:
        if window is None or test <= window:
            parts += _steps(clock, at, zone)
        else:
            parts.append(_limit(clock, test, zone))
    if window is not None:
        words = moment_of(window, day, zone)
        parts.append(_window(words, bites=test is None or window < test))
    return parts


def _steps(clock: Clock, at: datetime, zone: tzinfo) -> list[ReasonPart]:
    base = clock.base_ms or 0
    extra = scaled(base, clock) - base
    percent = f"{(clock.multiplier - 1) * 100:.0f}"
    paused = clock.paused_ms + standing_ms(clock, at)
    steps = [
        ReasonPart("start", _("= start %(at)s"), {"at": time_of(clock.started_at, zone)}),
        ReasonPart("base", _("+ %(span)s"), {"span": span_of(base)}),
        ReasonPart(
            "multiplier",
            _("+ %(percent)s %% extra (%(span)s)"),
            {"percent": percent, "span": span_of(extra)},
        ),
        ReasonPart("fixed", _("+ %(span)s extra"), {"span": span_of(clock.fixed_ms)}),
        ReasonPart("paused", _("+ %(span)s paused"), {"span": span_of(paused)}),
    ]
    spans = (1, 1, extra, clock.fixed_ms, paused)
    parts = [step for step, ms in zip(steps, spans, strict=True) if ms]
    if clock.adjusted_ms:
        sign = (
            _("+ %(span)s given by a proctor")
            if clock.adjusted_ms > 0
            else _("- %(span)s taken by a proctor")
        )
        parts.append(ReasonPart("adjusted", sign, {"span": span_of(abs(clock.adjusted_ms))}))
    return parts


def _limit(clock: Clock, test: datetime, zone: tzinfo) -> ReasonPart:
    facts = {"span": span_of(scaled(clock.base_ms or 0, clock)), "at": time_of(test, zone)}
    return ReasonPart(
        "limit", _("the time limit of %(span)s would end at %(at)s and does not limit"), facts
    )


def _window(words: str, *, bites: bool) -> ReasonPart:
    template = (
        _("the window closes at %(at)s")
        if bites
        else _("the window closing at %(at)s does not limit")
    )
    return ReasonPart("window", template, {"at": words})


def moment_of(at: datetime, day: datetime, zone: tzinfo) -> str:
    """Write a time, with the date in front where it is not on the same day as `day`."""
    local, time = at.astimezone(zone), time_of(at, zone)
    same = local.date() == day.astimezone(zone).date()
    return time if same else f"{local:%Y-%m-%d} {time}"


def time_of(at: datetime, zone: tzinfo) -> str:
    """Write a time of day; seconds only where there are any."""
    local = at.astimezone(zone)
    return local.strftime("%H:%M:%S" if local.second else "%H:%M")


def span_of(ms: int) -> str:
    """Write a span as `60 min`, `1 h 05 min`, `32:10` (minutes and seconds) or `32 s`."""
    seconds = ms // 1000
    minutes, rest = divmod(seconds, 60)
    if rest:
        return f"{minutes}:{rest:02d}" if minutes else f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours > 1:
        return f"{hours} h {minutes:02d} min" if minutes else f"{hours} h"
    return f"{hours * 60 + minutes} min"
