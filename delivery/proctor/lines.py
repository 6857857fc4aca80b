"""The board's rows as words: what the page shows, what the script ticks, what it filters by."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy, pgettext_lazy

from delivery.models import AssessmentSession
from delivery.rules import clock, refusals
from delivery.rules.refusals import Reason, Refusal
from delivery.rules.watch import Concern, Connection, Standing
from delivery.seat import leases
from delivery.sitting.proctoring import Affected, Result
from delivery.sitting.rolls import Row
from integrity.policy import lockdown
from integrity.policy.seb import Assurance

STANDINGS = {
    Standing.IN_PROGRESS: gettext_lazy("In progress"),
    Standing.PAUSED: gettext_lazy("Paused"),
    Standing.NOT_STARTED: gettext_lazy("Not started"),
    Standing.COMPLETED: gettext_lazy("Completed"),
    Standing.EXPIRED: gettext_lazy("Expired"),
    Standing.TERMINATED: gettext_lazy("Terminated"),
    Standing.ABSENT: gettext_lazy("Absent"),
}
TONES = {
    Standing.IN_PROGRESS: "good",
    Standing.PAUSED: "attention",
    Standing.TERMINATED: "stop",
}
CONNECTIONS = {
    Connection.ONLINE: pgettext_lazy("connection", "Online"),
    Connection.UNSTABLE: pgettext_lazy("connection", "Unstable"),
    Connection.OFFLINE: pgettext_lazy("connection", "Offline"),
    Connection.NEVER: pgettext_lazy("connection", "No live page"),
}
# How sure it is that the session runs in Safe Exam Browser; an ordinary browser says nothing.
BROWSERS: dict[str, Any] = {
    Assurance.USER_AGENT: gettext_lazy("SEB by name only"),
    Assurance.CONFIG_KEY: gettext_lazy("SEB: Config Key"),
    Assurance.BROWSER_EXAM_KEY: gettext_lazy("SEB: Browser Exam Key"),
}
CONCERNS = {
    Concern.HELP: gettext_lazy("Asks for help"),
    Concern.WAITING: gettext_lazy("Waits for you"),
    Concern.LITTLE_TIME: gettext_lazy("Little time"),
}
# The refusals' own sentences speak to the candidate; these say the same to the proctor.
SAYS = {
    Reason.NOT_STARTED: gettext_lazy("Has not started yet."),
    Reason.PAUSED: gettext_lazy("Is paused; the clock stands."),
    Reason.CLOSED: gettext_lazy("Has ended already."),
    Reason.TERMINATED: gettext_lazy("Was terminated already."),
    Reason.OUT_OF_TIME: gettext_lazy("The time is up."),
    Reason.WINDOW_CLOSED: gettext_lazy("The sitting's window has closed."),
    Reason.NOT_RUNNING: gettext_lazy("Is not running."),
    Reason.NOT_PAUSED: gettext_lazy("Is not paused."),
    Reason.NOT_FINISHED: gettext_lazy("Has not ended."),
    Reason.NOTHING_TO_EXTEND: gettext_lazy("Has no time limit that could be extended."),
}
ATTENTION = ~Concern.LITTLE_TIME & ~Concern.UNSTABLE


@dataclass(frozen=True, slots=True)
class Line:
    """One row as it is shown; instants are milliseconds since 1970, texts are translated."""

    key: int
    target: str
    url: str
    name: str
    number: str
    room: str
    attempt: int
    standing: str
    standing_word: str
    tone: str
    note: str
    concerns: tuple[str, ...]
    attention: bool
    urgent: bool
    answered: int
    total: int
    left: str
    left_ms: int | None
    ends_ms: int | None
    little: bool
    saved: str
    saved_ms: int | None
    connection: str
    connection_word: str
    incidents: int
    newest: str
    assurance: str
    browser: str
    need: int
    stamp: str
    find: str


def line(row: Row, at: datetime) -> Line:
    """Put one row into words."""
    words = {**_who(row), **_standing(row), **_work(row.session)}
    saved_at = None if row.session is None else row.session.last_save_at
    candidate = row.enrolment.candidate
    return Line(
        **words,
        stamp=_stamp(words),
        find=f"{candidate.name} {candidate.number} {row.enrolment.room}".casefold(),
        left=left_of(row),
        saved="" if saved_at is None else ago(saved_at, at),
    )


def _who(row: Row) -> dict[str, Any]:
    candidate = row.enrolment.candidate
    return {
        "key": row.enrolment.pk,
        "target": str(row.target),
        "url": url_of(row),
        "name": candidate.name,
        "number": candidate.number,
        "room": row.enrolment.room,
        "attempt": row.session.attempt_number if row.session else 1,
    }


def _standing(row: Row) -> dict[str, Any]:
    running = row.standing is Standing.IN_PROGRESS
    open_now = running or row.standing is Standing.PAUSED
    return {
        "standing": row.standing.value,
        "standing_word": str(STANDINGS[row.standing]),
        "tone": TONES.get(row.standing, ""),
        "note": note_of(row),
        "concerns": tuple(str(word) for flag, word in CONCERNS.items() if flag in row.concern),
        "attention": bool(row.concern & ATTENTION),
        "urgent": bool(row.concern & (Concern.HELP | Concern.WAITING)),
        "left_ms": row.remaining_ms,
        "ends_ms": _epoch(row.deadline) if running else None,
        "little": Concern.LITTLE_TIME in row.concern,
        "connection": row.connection.value if open_now else "",
        "connection_word": str(CONNECTIONS[row.connection]) if open_now else "",
        "need": row.need,
    }


def _work(session: AssessmentSession | None) -> dict[str, Any]:
    return {
        "answered": session.answered if session else 0,
        "total": session.total if session else 0,
        "saved_ms": _epoch(session.last_save_at) if session else None,
        "incidents": session.incidents if session else 0,
        "newest": incident(session.last_incident) if session and session.incidents else "",
        "assurance": session.assurance if session else "",
        "browser": str(BROWSERS.get(session.assurance, "")) if session else "",
    }


def _stamp(words: dict[str, Any]) -> str:
    """Return what changes exactly when the row must be drawn anew; ticking parts stay out."""
    fixed = {name: value for name, value in words.items() if name != "left_ms"}
    paused = words["left_ms"] if words["standing"] == Standing.PAUSED else None
    return f"{zlib.crc32(repr((fixed, paused)).encode()):08x}"


def _epoch(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1000)


def url_of(row: Row) -> str:
    """Return the page of a row's candidate."""
    if row.session is not None:
        return reverse("proctor:session", args=[row.session.pk])
    return reverse("proctor:enrolment", args=[row.enrolment.pk])


def left_of(row: Row) -> str:
    """Return the time left in words; an open session without a limit says so."""
    if row.standing not in (Standing.IN_PROGRESS, Standing.PAUSED):
        return ""
    return gettext("no limit") if row.remaining_ms is None else left(row.remaining_ms)


def left(ms: int) -> str:
    """Write what is left: `1 h 05 min` from an hour on, else `32:10` or `32 s`."""
    if ms < 60_000:
        return f"{ms // 1000} s"
    hours, rest = divmod(ms, 3_600_000)
    return f"{hours} h {rest // 60_000:02d} min" if hours else clock.span_of(ms // 1000 * 1000)


def ago(then: datetime, at: datetime) -> str:
    """Write an age, in its largest unit."""
    seconds = max(0, int((at - then).total_seconds()))
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def incident(name: str) -> str:
    """Return the words of an incident by the name under which it was reported."""
    signal = lockdown.SIGNALS.get(name)
    return gettext(signal.title) if signal else name.replace("_", " ").replace(".", " ")


def note_of(row: Row) -> str:
    """Return why a row stands where it does, in a few words."""
    session = row.session
    if session is None or row.standing in (Standing.NOT_STARTED, Standing.ABSENT):
        return _note_before(row)
    if row.standing is Standing.PAUSED:
        return _note_paused(session)
    if row.standing is Standing.IN_PROGRESS and leases.is_asked(session):
        return gettext("Asks to go on elsewhere: %(device)s") % dict(session.takeover)
    if session.finished_at is not None:
        ended = clock.time_of(session.finished_at, timezone.get_current_timezone())
        return " · ".join(part for part in (ended, session.end_reason) if part)
    return ""


def _note_before(row: Row) -> str:
    if not row.enrolment.sitting.admission or row.absent:
        return ""
    return gettext("Admitted") if row.enrolment.admitted_at else gettext("Not admitted")


def _note_paused(session: AssessmentSession) -> str:
    if session.resume_permitted:
        return gettext("May go on")
    by = dict(AssessmentSession.PausedBy.choices).get(session.paused_by, "")
    by = gettext("by %(whom)s") % {"whom": by}
    return " · ".join(part for part in (by, session.pause_reason) if part)


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One row of a preview, in words."""

    target: str
    name: str
    number: str
    before: str
    after: str
    why_not: str
    seen: str


def foreseen(found: Affected) -> Foreseen:
    """Put one row of a preview into words."""
    row, candidate = found.row, found.row.enrolment.candidate
    refusal = found.permission.refusal
    return Foreseen(
        target=str(row.target),
        name=candidate.name,
        number=candidate.number,
        before="" if found.before_ms is None else left(found.before_ms),
        after="" if found.after_ms is None else left(found.after_ms),
        why_not="" if refusal is None else sentence(refusal, row),
        seen=f"{row.target}:{row.adjusted_ms}",
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row of a result, in words."""

    name: str
    number: str
    done: bool
    why_not: str


def outcome(found: Result) -> Outcome:
    """Put one row of a result into words."""
    candidate = found.row.enrolment.candidate
    why_not = "" if found.refusal is None else sentence(found.refusal, found.row)
    return Outcome(candidate.name, candidate.number, found.done, why_not)


def sentence(refusal: Refusal, row: Row) -> str:
    """Say a refusal to the proctor, with who was faster where that is known."""
    if refusal.reason is Reason.ALREADY_PAUSED and row.session and row.session.paused_by:
        return gettext("Is already paused %(note)s.") % {
            "note": _note_paused(row.session).rstrip(".")
        }
    own = SAYS.get(refusal.reason)
    return str(own) if own else gettext(refusals.SENTENCES[refusal.reason]) % refusal.facts
