"""Compares how sessions stand, and the time they were given, with what the ledger tells of both."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext as _

from delivery.facts import replay
from delivery.models import AssessmentSession, TimeAdjustment
from delivery.records.recorded import CHUNK, Lines, read_payload
from delivery.rules import clock
from delivery.session import drawing
from integrity import chain, words
from integrity.chain import BreakKind
from integrity.models import LedgerEntry, LockdownPolicy
from integrity.policy import policies
from integrity.proof.witnesses import Difference

CREATED: Final = "session.created"
SELECTED: Final = "item.selected"
EXTENDED: Final = "time.extended"
REOPENED: Final = "session.reopened"
ERASED: Final = "person.erased"
# Answers are compared by themselves; where a candidate last was is no evidence.
LEFT_OUT: Final = ("response.saved", "quarantine.admitted", "item.entered", "item.flagged")
KINDS: Final = tuple({*replay.STEPS, CREATED, SELECTED, ERASED} - set(LEFT_OUT))
ENDINGS: Final = ("session.completed", "session.expired", "session.terminated")


class Line(NamedTuple):
    """One entry as it is folded: what `replay` asks of one."""

    seq: int
    kind: str
    at_ms: int
    actor: str
    payload: dict[str, Any]


@dataclass(slots=True)
class _Story:
    """All that is compared of one session."""

    row: AssessmentSession
    lines: list[Line] = field(default_factory=list)
    given: list[TimeAdjustment] = field(default_factory=list)

    def last(self, *kinds: str) -> Line | None:
        return next((one for one in reversed(self.lines) if one.kind in kinds), None)

    @property
    def is_erased(self) -> bool:
        return self.last(ERASED) is not None


def differences(sessions: Sequence[AssessmentSession]) -> Iterator[Difference]:
    """Yield what stands otherwise than recorded of some sessions, as they are read now."""
    told: dict[int, str] = {}
    for story in _read(sessions):
        yield from _compare(story, told)


def _read(sessions: Sequence[AssessmentSession]) -> list[_Story]:
    stories = {session.stream: _Story(session) for session in sessions}
    by_id = {session.pk: stories[session.stream] for session in sessions}
    entries = LedgerEntry.objects.filter(stream__name__in=list(stories), kind__in=KINDS)
    columns = ("stream__name", "seq", "kind", "at_ms", "actor", "payload")
    found = entries.order_by("seq").values_list(*columns).iterator(CHUNK)
    written = words.of(*stories)
    for name, seq, kind, at_ms, actor, text in found:
        told = read_payload(text) | written[name].get(seq, {})
        stories[name].lines.append(Line(seq, kind, at_ms, actor, told))
    for row in TimeAdjustment.objects.filter(session__in=by_id).order_by("at", "pk"):
        by_id[row.session_id].given.append(row)
    return list(stories.values())


def _compare(story: _Story, told: dict[int, str]) -> Iterator[Difference]:
    if not story.lines or story.lines[0].kind != CREATED:
        nothing = ((_("In the record"), _("no entry speaks of this session")),)
        found = ((_("Stored session"), str(story.row.state)),)
        yield Difference(story.row.stream, 0, BreakKind.SESSION, _("Session"), nothing, found)
        return
    try:
        yield from _began(story, told)
        yield from _stands(story)
        yield from _time(story)
    except (ValueError, TypeError, OverflowError):
        return  # an entry that somebody edited may tell anything: the chain names it


def _began(story: _Story, told: dict[int, str]) -> Iterator[Difference]:
    """Whose session it is, with which form, under which policy."""
    row, line = story.row, story.lines[0]
    said, found = line.payload, dict[str, Any]()
    found["attempt"] = row.attempt_number
    found["test_sha256"] = row.sitting.test_version.sha256
    found["policy"] = str(row.lockdown or "")
    if "policy_sha256" in said:
        found["policy_sha256"] = _policy(row.lockdown, told)
    if story.last(SELECTED) is None:
        found["plan_sha256"] = drawing.digest_of(row.plan)
    people = [one.actor for one in story.lines if one.actor.startswith("candidate:")]
    expected = {name: said.get(name, "") for name in found}
    if people:
        expected["candidate"], found["candidate"] = people[0], f"candidate:{row.candidate_id}"
    policy = {"policy", "policy_sha256"}
    differing = {name for name in found if found[name] != expected[name]}
    if differing:
        kind = BreakKind.POLICY if differing <= policy else BreakKind.SESSION
        yield _difference(story, line.seq, kind, _("How it began"), expected, found)


def _policy(policy: LockdownPolicy | None, told: dict[int, str]) -> str:
    if policy is None:
        return ""
    if policy.pk not in told:
        told[policy.pk] = policies.digest(policy)
    return told[policy.pk]


def _stands(story: _Story) -> Iterator[Difference]:
    row, told = story.row, replay.replay(story.lines)
    started, ended = story.last("session.started"), story.last(*ENDINGS)
    said: dict[str, Any] = {
        "state": told.state,
        "finished_at": _ms(told.finished_at),
        "deadline": _ms(told.deadline),
        "paused_by": told.paused_by,
        "epoch": told.epoch,
        "started_at": started.at_ms if started else None,
        "receipt_code": ended.payload.get("receipt", "") if ended else "",
    }
    found: dict[str, Any] = {
        "state": str(row.state),
        "finished_at": _ms(row.finished_at),
        "deadline": _ms(row.deadline),
        "paused_by": str(row.paused_by),
        "epoch": row.epoch,
        "started_at": _ms(row.started_at),
        "receipt_code": row.receipt_code,
    }
    if any(not _same(said[name], found[name]) for name in said):
        seq = story.lines[-1].seq
        yield _difference(story, seq, BreakKind.SESSION, _("How it stands"), said, found)


def _ms(at: datetime | None) -> int | None:
    return None if at is None else chain.milliseconds(at)


def _same(said: Any, found: Any) -> bool:
    """Instants are recorded in whole milliseconds, rounded one way or the other."""
    if type(said) is int and type(found) is int:
        return abs(said - found) <= 1
    return bool(said == found)


def _time(story: _Story) -> Iterator[Difference]:
    """Time that was given: each gift by its entry, and their sum where nothing was reopened."""
    lines = [one for one in story.lines if one.kind == EXTENDED or _makes_good(one)]
    rows = list(story.given)
    for line in lines:
        match = next((row for row in rows if _is_that(row, line, story)), None)
        if match is None:
            near = next((row for row in rows if _ms(row.at) == line.at_ms), None)
            yield _gift(story, line, near)
            rows = [row for row in rows if row is not near]
        else:
            rows.remove(match)
    for row in rows:
        yield _gift(story, None, row)
    sums = {"adjusted_ms": replay.replay(story.lines).given_ms}
    if story.last(REOPENED) is None and sums["adjusted_ms"] != story.row.adjusted_ms:
        seq = story.lines[-1].seq
        found = {"adjusted_ms": story.row.adjusted_ms}
        yield _difference(story, seq, BreakKind.SESSION, _("Time given"), sums, found)


def _makes_good(line: Line) -> bool:
    return line.kind == REOPENED and "outage" in line.payload


def _is_that(row: TimeAdjustment, line: Line, story: _Story) -> bool:
    told = line.payload
    words = told.get("reason")
    return (
        row.ms == told.get("ms")
        and row.scope == told.get("scope", replay.TEST)
        and row.outage_id == told.get("outage")
        and _same(_ms(row.at), line.at_ms)
        and (words is None or story.is_erased or row.reason == words)
    )


def _gift(story: _Story, line: Line | None, row: TimeAdjustment | None) -> Difference:
    names = ("scope", "ms", "reason")
    said = {name: line.payload.get(name, "") for name in names} if line else {}
    found = {name: getattr(row, name) for name in names} if row else {}
    seq = line.seq if line else 0
    return _difference(story, seq, BreakKind.SESSION, _("Time given"), said, found)


def _difference(
    story: _Story,
    seq: int,
    kind: BreakKind,
    what: str,
    said: dict[str, Any],
    found: dict[str, Any],
) -> Difference:
    names = [name for name in (said or found) if not _same(said.get(name), found.get(name))]
    return Difference(
        stream=story.row.stream,
        seq=seq,
        kind=kind,
        what=what,
        said=_lines(said, names, _("nothing")),
        found=_lines(found, names, _("nothing")),
    )


def _lines(told: dict[str, Any], names: Sequence[str], none: str) -> Lines:
    if not told:
        return ((_("In the record"), none),)
    return tuple((name, _shown(name, told[name])) for name in names)


def _shown(name: str, value: Any) -> str:
    if value in (None, ""):
        return "–"
    if name.endswith("_at") or name == "deadline":
        return str((chain.EPOCH + value * chain.MILLISECOND).isoformat())
    return clock.span_of(value) if name.endswith("ms") and value >= 0 else str(value)
