"""A candidate's own page: where the session stands, its story, and what can be done now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.template.loader import select_template
from django.utils import timezone

from delivery.models import AssessmentSession, Message, TimeAdjustment
from delivery.proctor import forms, lines
from delivery.proctor.forms import Sheet
from delivery.rules import clock
from delivery.seat import preflight
from delivery.session import desk
from delivery.sitting import proctoring
from delivery.sitting.rolls import Row
from integrity.chain import Entry

SAVED = "response.saved"
NEWEST = 400


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the story: an entry with who did it, or a run of saves as their number."""

    entry: Entry
    who: str
    template: str
    saves: int


@dataclass(frozen=True, slots=True)
class Minute:
    at: datetime
    lines: tuple[Told, ...]


def read(row: Row, at: datetime) -> dict[str, Any]:
    """Return what the page shows of a row: facts, messages, given times and the story."""
    session = row.session
    page: dict[str, Any] = {
        "row": row,
        "line": lines.line(row, at),
        "sitting": row.enrolment.sitting,
        "candidate": row.enrolment.candidate,
        "session": session,
        "at": at,
        "now_ms": round(at.timestamp() * 1000),
        "waived": [forms.rule_words(rule) for rule in row.enrolment.waived_rules],
        "preflight": preflight.read(row.enrolment.preflight),
    }
    if session is None:
        return page
    entries = proctoring.story(session)
    return page | {
        "reading": _reading(session, at),
        "sent": Message.objects.filter(session=session).select_related("by").order_by("-sent_at"),
        "given": [(one, _signed(one.ms)) for one in _given(session)],
        "attempts": _other_attempts(session),
        "minutes": tell(entries[-NEWEST:]),
        "left_out": max(0, len(entries) - NEWEST),
    }


def _given(session: AssessmentSession) -> QuerySet[TimeAdjustment]:
    return TimeAdjustment.objects.filter(session=session).select_related("by").order_by("at")


def _signed(ms: int) -> str:
    return f"{'-' if ms < 0 else '+'} {clock.span_of(abs(ms))}"


def _reading(session: AssessmentSession, at: datetime) -> clock.Reading | None:
    if not session.is_open:
        return None
    return clock.read(desk.clock_of(session), at, timezone.get_current_timezone())


def _other_attempts(session: AssessmentSession) -> QuerySet[AssessmentSession]:
    same = AssessmentSession.objects.filter(
        sitting=session.sitting_id, candidate=session.candidate_id
    )
    return same.exclude(pk=session.pk).order_by("attempt_number")


def sheets(row: Row, offered: Sequence[Sheet], user: User, at: datetime) -> list[Sheet]:
    """Return those of the offered acts that are possible for this row now."""
    possible = []
    for sheet in offered:
        act = sheet.make(forms.so_far(sheet.form()))
        if proctoring.may(act, row, user, at):
            possible.append(sheet)
    return possible


def tell(entries: Sequence[Entry]) -> list[Minute]:
    """Tell a story newest first, by minute; a run of saves is one line."""
    names = _names(entry.actor for entry in entries)
    minutes = []
    for number, group in groupby(reversed(entries), lambda entry: entry.at_ms // 60_000):
        at = datetime.fromtimestamp(number * 60, UTC)
        minutes.append(Minute(at, tuple(_lines(list(group), names))))
    return minutes


def _lines(entries: Sequence[Entry], names: dict[str, str]) -> Iterable[Told]:
    for is_save, run in groupby(entries, lambda entry: entry.kind == SAVED):
        told = list(run)
        if is_save:
            yield Told(told[0], "", "", len(told))
            continue
        for entry in told:
            yield Told(entry, names.get(entry.actor, ""), _template(entry.kind), 0)


def _template(kind: str) -> str:
    found = select_template([f"auditor/kinds/{kind}.html", "auditor/kinds/_any.html"])
    return str(found.template.name)


def _names(actors: Iterable[str]) -> dict[str, str]:
    """Name the staff among the actors; the others' roles are plain from the entry itself."""
    keys = {actor for actor in actors if actor.startswith("user:")}
    users = User.objects.filter(pk__in=[int(key.removeprefix("user:")) for key in keys])
    return {f"user:{user.pk}": user.get_full_name() or user.get_username() for user in users}
