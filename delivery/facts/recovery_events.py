"""The facts of losing and finding again: who asks for the lease, drafts, quarantine, offline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from delivery.facts.events import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeoverAsked(Fact):
    """Another page or device asks the proctor to be let in."""

    kind: ClassVar[str] = "takeover.asked"
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeoverAllowed(Fact):
    """The lease was freed for the device that asked, or for whichever comes next."""

    kind: ClassVar[str] = "takeover.allowed"
    reason: str
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeoverRefused(Fact):
    kind: ClassVar[str] = "takeover.refused"
    reason: str
    device: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftSettled(Fact):
    """The candidate looked at an answer that was not saved: sent it anew, or left it aside."""

    kind: ClassVar[str] = "draft.settled"
    quarantine: int
    item: str
    used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTurnedDown(Fact):
    """Somebody looked at an answer in quarantine and left it out; it stays kept."""

    kind: ClassVar[str] = "quarantine.refused"
    quarantine: int
    item: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportOpened(Fact):
    """Staff opened a candidate's emergency file and put its answers where they belong."""

    kind: ClassVar[str] = "export.opened"
    sha256: str
    answers: int
    saved: int
    kept: int
    comments: int | None = None  # beside the answers


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineSpan(Fact):
    """A page went on without the server: how long as it says itself, and what it did meanwhile."""

    kind: ClassVar[str] = "offline_span"
    since_ms: int
    away_ms: int
    answers: int
    visited: tuple[str, ...] = ()
