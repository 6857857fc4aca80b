"""The facts of a sitting: one frozen dataclass each, as the ledger tells them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, TypedDict
from uuid import UUID

Flat = str | int | bool | list[str]
HEADER = frozenset({"kind", "session_id", "sitting_id", "actor", "at"})
PLAIN = frozenset({str, int, bool})


class Head(TypedDict):
    session_id: UUID
    sitting_id: int
    actor: str
    at: datetime


def head(session_id: UUID, sitting_id: int, actor: str, at: datetime) -> Head:
    """Return the head of a fact: whose session, who did it, when."""
    return Head(session_id=session_id, sitting_id=sitting_id, actor=actor, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What happened to a session, who did it and when; subclasses add the payload's fields.

    Fields that are None or "" stay out of the payload; instants enter as milliseconds since 1970.
    """

    kind: ClassVar[str]
    session_id: UUID
    sitting_id: int
    actor: str
    at: datetime

    @property
    def stream(self) -> str:
        return f"session:{self.session_id}"

    def payload(self) -> dict[str, Flat]:
        """Return the payload of the ledger entry."""
        own = [(n, getattr(self, n)) for n in self.__dataclass_fields__ if n not in HEADER]
        return {n: v if type(v) in PLAIN else _flat(v) for n, v in own if v not in (None, "")}


def _flat(value: Flat | datetime | tuple[str, ...]) -> Flat:
    if isinstance(value, datetime):
        return round(value.timestamp() * 1000)
    return list(value) if isinstance(value, tuple) else value


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCreated(Fact):
    """The genesis: the form is drawn, and bound to a secret nobody can change afterwards."""

    kind: ClassVar[str] = "session.created"
    attempt: int
    algorithm: str
    commitment: str
    plan_sha256: str
    test_sha256: str
    policy: str = ""
    policy_sha256: str = ""
    # A salted digest: whose session this is can be proved, until the person is erased.
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateAdmitted(Fact):
    kind: ClassVar[str] = "session.admitted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionStarted(Fact):
    kind: ClassVar[str] = "session.started"
    deadline: datetime | None
    why: str
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseClaimed(Fact):
    kind: ClassVar[str] = "lease.claimed"
    epoch: int
    device: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemEntered(Fact):
    kind: ClassVar[str] = "item.entered"
    item: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemSelected(Fact):
    """An adaptive section chose its next item; the estimate is in thousandths."""

    kind: ClassVar[str] = "item.selected"
    item: str
    section: str
    theta_milli: int
    error_milli: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemFlagged(Fact):
    kind: ClassVar[str] = "item.flagged"
    item: str
    flagged: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAttempted(Fact):
    """Responses were processed: an attempt at an item ended, unless `counted` is False.

    `spent_ms` is the time on the item until then; `pressed` the response of the item's own button.
    """

    kind: ClassVar[str] = "item.attempted"
    item: str
    attempt: int
    spent_ms: int
    pressed: str = ""
    counted: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemCommented(Fact):
    """The candidate wrote to those who mark; the words enter as a salted digest only."""

    kind: ClassVar[str] = "item.commented"
    item: str
    revision: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSaved(Fact):
    """An answer was kept; the value itself enters as a salted digest only."""

    kind: ClassVar[str] = "response.saved"
    item: str
    revision: int
    digest: str
    key: str
    answered: bool
    in_grace: bool | None = None
    number: int | None = None  # of the item, as the candidate counts
    waited_ms: int | None = None  # from its receipt until it was written


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseQuarantined(Fact):
    kind: ClassVar[str] = "response.quarantined"
    item: str
    reason: str
    digest: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmissionProposed(Fact):
    """Somebody asks that an answer from quarantine be admitted; another person decides."""

    kind: ClassVar[str] = "quarantine.proposed"
    quarantine: int
    item: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerAdmitted(Fact):
    """A second person agreed: the answer is the item's newest revision, and is scored anew."""

    kind: ClassVar[str] = "quarantine.admitted"
    quarantine: int
    item: str
    revision: int
    digest: str
    proposed_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScopeClosed(Fact):
    """The time of a section, a part or an item ran out, at its deadline."""

    kind: ClassVar[str] = "section.closed"
    scope: str
    deadline: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PartEnded(Fact):
    kind: ClassVar[str] = "part.ended"
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPaused(Fact):
    kind: ClassVar[str] = "session.paused"
    paused_by: str
    reason: str
    remaining_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumePermitted(Fact):
    kind: ClassVar[str] = "resume.permitted"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionResumed(Fact):
    kind: ClassVar[str] = "session.resumed"
    paused_ms: int
    deadline: datetime | None
    # From when the clock ran again, where that was noticed later; and why, where nobody acted.
    since: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeExtended(Fact):
    """Somebody gave or took time; `outage` is the number of the outage that it makes good."""

    kind: ClassVar[str] = "time.extended"
    scope: str
    ms: int
    percent: int | None
    reason: str
    deadline: datetime | None
    outage: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowMoved(Fact):
    """Staff moved the sitting's window while the session was open."""

    kind: ClassVar[str] = "window.moved"
    deadline: datetime | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSent(Fact):
    """A proctor wrote to the candidate; the words enter as a salted digest only."""

    kind: ClassVar[str] = "message.sent"
    message: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageAcknowledged(Fact):
    kind: ClassVar[str] = "message.acknowledged"
    message: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpRequested(Fact):
    kind: ClassVar[str] = "help.requested"


@dataclass(frozen=True, slots=True, kw_only=True)
class HelpAnswered(Fact):
    kind: ClassVar[str] = "help.answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Fact):
    """What every ending tells; `answers` is one digest over the answers that count."""

    answered: int
    total: int
    receipt: str
    answers: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCompleted(SessionEnded):
    kind: ClassVar[str] = "session.completed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionExpired(SessionEnded):
    """The time ended the session; `finished` is the deadline, not when it was noticed."""

    kind: ClassVar[str] = "session.expired"
    finished: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTerminated(SessionEnded):
    kind: ClassVar[str] = "session.terminated"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionReopened(Fact):
    kind: ClassVar[str] = "session.reopened"
    reason: str
    ms: int
    outage: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionScored(Fact):
    """The scores in decimal words: the ledger knows no floats."""

    kind: ClassVar[str] = "session.scored"
    score: str
    max_score: str
    outcomes_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLost(Fact):
    kind: ClassVar[str] = "connection.lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionBack(Fact):
    kind: ClassVar[str] = "connection.back"
    away_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFired(Fact):
    kind: ClassVar[str] = "policy.fired"
    rule: str
    action: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserChecked(Fact):
    """What the browser proved of itself, and by which way: a header, or its JavaScript API."""

    kind: ClassVar[str] = "browser.checked"
    assurance: str
    way: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrowserRefused(Fact):
    """The browser did not prove what the policy requires; hashes enter by their beginnings."""

    kind: ClassVar[str] = "browser.refused"
    way: str
    header: str
    expected: str
    arrived: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRefused(Fact):
    """A request did not fit an access rule: the network, the device."""

    kind: ClassVar[str] = "access.refused"
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesWaived(Fact):
    """A proctor freed one candidate from rules; an empty list takes every waiver back."""

    kind: ClassVar[str] = "rules.waived"
    rules: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsDropped(Fact):
    """The client sent more events than the limit; only how many is kept."""

    kind: ClassVar[str] = "events.dropped"
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientReported(Fact):
    """A claim of the client, kept under its own name with the client's monotonic time."""

    name: str
    monotonic_ms: int
    detail: str = ""

    @property
    def kind(self) -> str:  # type: ignore[override]  # the name of the event is its kind
        return self.name

    def payload(self) -> dict[str, Flat]:
        """Return the payload without the name, which is the entry's kind."""
        payload: dict[str, Flat] = {"monotonic_ms": self.monotonic_ms}
        return payload | ({"detail": self.detail} if self.detail else {})
