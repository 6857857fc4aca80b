"""Tells from a session's ledger alone how the session stands: the story, folded into one state."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

TEST: Final = "test"


class Entry(Protocol):
    """What of a ledger entry is folded."""

    @property
    def kind(self) -> str: ...
    @property
    def at_ms(self) -> int: ...
    @property
    def payload(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Told:
    """What the ledger says of a session; answers by item: the revision and its salted digest.

    `deadline` is None while the clock stands; `position` is the item entered last.
    """

    state: str = "not_started"
    deadline: datetime | None = None
    finished_at: datetime | None = None
    paused_by: str = ""
    resume_permitted: bool = False
    position: str = ""
    epoch: int = 0
    help: bool = False
    answers: dict[str, tuple[int, str]] = field(default_factory=dict)
    flagged: frozenset[str] = frozenset()
    ended_parts: tuple[str, ...] = ()
    given_ms: int = 0


Step = Callable[[Told, Entry], Told]


def replay(entries: Iterable[Entry]) -> Told:
    """Fold a story, oldest entry first; kinds that change no state are passed over."""
    told = Told()
    for entry in entries:
        step = STEPS.get(entry.kind)
        told = told if step is None else step(told, entry)
    return told


def _at(entry: Entry) -> datetime:
    return _instant(entry.at_ms)


def _instant(ms: object) -> datetime:
    return datetime.fromtimestamp(int(str(ms)) / 1000, UTC)


def _when(entry: Entry, name: str) -> datetime | None:
    return _instant(entry.payload[name]) if name in entry.payload else None


def _text(entry: Entry, name: str) -> str:
    return str(entry.payload.get(name, ""))


def _number(entry: Entry, name: str) -> int:
    return int(str(entry.payload.get(name, 0)))


def _started(told: Told, entry: Entry) -> Told:
    return replace(told, state="in_progress", deadline=_when(entry, "deadline"))


def _paused(told: Told, entry: Entry) -> Told:
    by = _text(entry, "paused_by")
    permitted = by in {"candidate", "system"}
    return replace(told, state="paused", deadline=None, paused_by=by, resume_permitted=permitted)


def _permitted(told: Told, _entry: Entry) -> Told:
    return replace(told, resume_permitted=True)


def _resumed(told: Told, entry: Entry) -> Told:
    return replace(
        told,
        state="in_progress",
        deadline=_when(entry, "deadline"),
        paused_by="",
        resume_permitted=False,
    )


def _extended(told: Told, entry: Entry) -> Told:
    if _text(entry, "scope") != TEST:
        return told
    runs = told.state == "in_progress"
    ends = _when(entry, "deadline") if runs else None
    return replace(told, deadline=ends, given_ms=told.given_ms + _number(entry, "ms"))


def _moved(told: Told, entry: Entry) -> Told:
    runs = told.state == "in_progress"
    return replace(told, deadline=_when(entry, "deadline") if runs else None)


def _ended(told: Told, state: str, finished_at: datetime) -> Told:
    return replace(
        told,
        state=state,
        deadline=None,
        finished_at=finished_at,
        paused_by="",
        resume_permitted=told.resume_permitted and told.state == "paused",
    )


def _completed(told: Told, entry: Entry) -> Told:
    # Submitted in the grace, a test was over at its deadline.
    finished = _at(entry) if told.deadline is None else min(_at(entry), told.deadline)
    return _ended(told, "completed", finished)


def _expired(told: Told, entry: Entry) -> Told:
    return _ended(told, "expired", _when(entry, "finished") or _at(entry))


def _terminated(told: Told, entry: Entry) -> Told:
    return _ended(told, "terminated", _at(entry))


def _reopened(told: Told, _entry: Entry) -> Told:
    return replace(
        told, state="paused", finished_at=None, paused_by="proctor", resume_permitted=True
    )


def _entered(told: Told, entry: Entry) -> Told:
    return replace(told, position=_text(entry, "item"))


def _claimed(told: Told, entry: Entry) -> Told:
    return replace(told, epoch=_number(entry, "epoch"))


def _answered(told: Told, entry: Entry) -> Told:
    revision = (_number(entry, "revision"), _text(entry, "digest"))
    return replace(told, answers=told.answers | {_text(entry, "item"): revision})


def _flagged(told: Told, entry: Entry) -> Told:
    item = {_text(entry, "item")}
    kept = told.flagged | item if entry.payload.get("flagged") else told.flagged - item
    return replace(told, flagged=frozenset(kept))


def _part_ended(told: Told, entry: Entry) -> Told:
    return replace(told, ended_parts=(*told.ended_parts, _text(entry, "part")))


def _asked(told: Told, _entry: Entry) -> Told:
    return replace(told, help=True)


def _helped(told: Told, _entry: Entry) -> Told:
    return replace(told, help=False)


STEPS: Final[dict[str, Step]] = {
    "session.started": _started,
    "session.paused": _paused,
    "resume.permitted": _permitted,
    "session.resumed": _resumed,
    "time.extended": _extended,
    "window.moved": _moved,
    "session.completed": _completed,
    "session.expired": _expired,
    "session.terminated": _terminated,
    "session.reopened": _reopened,
    "item.entered": _entered,
    "item.flagged": _flagged,
    "lease.claimed": _claimed,
    "part.ended": _part_ended,
    "response.saved": _answered,
    "quarantine.admitted": _answered,
    "help.requested": _asked,
    "help.answered": _helped,
}
