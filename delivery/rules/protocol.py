"""Every message of the candidate's socket, in and out, as a named type."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, ClassVar, Self

from delivery.rules.clock import Reading
from delivery.rules.refusals import Reason, Refusal

LONGEST_FRAME = 400_000
_encode = json.JSONEncoder(separators=(",", ":")).encode
_quoted = json.encoder.encode_basestring_ascii
_TRUTH = ("false", "true")


def _malformed() -> Refusal:
    return Refusal(Reason.MALFORMED)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from the page; `read` refuses what does not fit its fields."""

    type: ClassVar[str]

    @classmethod
    def read(cls, frame: dict[str, Any]) -> Self:
        """Return the message; raises Refusal MALFORMED."""
        shape = _shape(cls)  # type: ignore[arg-type]  # a class is hashable
        # JSON gives no other kinds; and a bool is an int to Python, never one to us.
        values = tuple(map(frame.get, shape.names))
        if tuple(map(type, values)) == shape.kinds:
            return cls(*values)
        given = {name: frame[name] for name in shape.names if name in frame}
        fits = all(type(given[name]) is shape.kind_of[name] for name in given)
        if not fits or not shape.needed <= given.keys():
            raise _malformed()
        return cls(**given)


@dataclass(frozen=True, slots=True)
class Answer(Incoming):
    """A save; `value` lists the form's [name, value] pairs, `elapsed_ms` the time on the item."""

    type: ClassVar[str] = "answer"
    item: str
    value: list[list[str]]
    base_revision: int
    client_seq: int
    key: str
    elapsed_ms: int
    epoch: int
    writer: str


@dataclass(frozen=True, slots=True)
class SaveProgress(Incoming):
    """Asks for the truth; with `leave` 1 the candidate saves, leaves and continues later."""

    type: ClassVar[str] = "save_progress"
    leave: int


@dataclass(frozen=True, slots=True)
class Ping(Incoming):
    """A heartbeat; `sent` is the page's monotonic time in milliseconds, given back in the pong."""

    type: ClassVar[str] = "ping"
    sent: int


@dataclass(frozen=True, slots=True)
class Claim(Incoming):
    """A page says who it is: `writer` is made once per document.

    `known` are the writers of the same tab's earlier pages, one by one behind commas; with
    `take_over` 1 the candidate has said that this page replaces any other. `item` is shown on it.
    """

    type: ClassVar[str] = "claim"
    writer: str
    device: str
    known: str = ""
    take_over: int = 0
    item: str = ""


@dataclass(frozen=True, slots=True)
class Events(Incoming):
    """What the page noticed: `{name, monotonic_ms, detail}` each."""

    type: ClassVar[str] = "events"
    events: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class _Shape:
    """The fields of a kind of message: their names and types in order, and those it must have."""

    names: tuple[str, ...]
    kinds: tuple[type, ...]
    kind_of: dict[str, type]
    needed: frozenset[str]


@lru_cache(maxsize=64)
def _shape(kind: type[Incoming]) -> _Shape:
    known = {"str": str, "int": int, "list": list, "dict": dict}
    kinds = {one.name: known[str(one.type).split("[", 1)[0]] for one in fields(kind)}
    needed = frozenset(one.name for one in fields(kind) if one.default is MISSING)
    return _Shape(tuple(kinds), tuple(kinds.values()), kinds, needed)


INCOMING: dict[str, type[Incoming]] = {
    kind.type: kind for kind in (Answer, SaveProgress, Ping, Claim, Events)
}


def read(text: str) -> Incoming:
    """Read one frame; raises Refusal MALFORMED or TOO_LARGE."""
    if len(text) > LONGEST_FRAME:
        raise Refusal(Reason.TOO_LARGE, {"limit": str(LONGEST_FRAME)})
    try:
        frame = json.loads(text)
    except ValueError as error:
        raise _malformed() from error
    kind = INCOMING.get(frame.get("type", "")) if isinstance(frame, dict) else None
    if kind is None:
        raise _malformed()
    return kind.read(frame)


@lru_cache(maxsize=64)
def _names(kind: type[Incoming | Outgoing]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to the page."""

    type: ClassVar[str]

    def frame(self) -> str:
        """Return the message as one JSON text frame."""
        values = {name: getattr(self, name) for name in _names(self.__class__)}  # type: ignore[arg-type]
        return _encode({"type": self.type, **values})


@dataclass(frozen=True, slots=True)
class TimerSync(Outgoing):
    """The clock; instants in ISO 8601, `remaining_ms` -1 without any limit."""

    type: ClassVar[str] = "timer_sync"
    remaining_seconds: int
    remaining_ms: int
    deadline: str
    server_time: str
    version: int
    state: str
    reasons: Sequence[str]
    sentence: str
    bites: str
    scopes: Sequence[dict[str, Any]]
    sent: int = 0


def timer_sync(
    reading: Reading,
    *,
    state: str,
    version: int,
    reasons: Sequence[str],
    sentence: str,
    sent: int = 0,
) -> TimerSync:
    """Return the clock as the page needs it; `reasons` are the translated words."""
    left = -1 if reading.remaining_ms is None else reading.remaining_ms
    return TimerSync(
        remaining_seconds=left // 1000 if left >= 0 else -1,
        remaining_ms=left,
        deadline=_iso(reading.deadline),
        server_time=_iso(reading.at),
        version=version,
        state=state,
        reasons=list(reasons),
        sentence=sentence,
        bites=reading.bites,
        scopes=[
            {
                "id": scope.id,
                "kind": scope.kind.value,
                "title": scope.title,
                "remaining_ms": scope.remaining_ms,
                "deadline": _iso(scope.deadline),
                "soft": scope.soft,
            }
            for scope in reading.scopes
        ],
        sent=sent,
    )


def _iso(at: datetime | None) -> str:
    return at.isoformat(timespec="milliseconds") if at is not None else ""


@dataclass(frozen=True, slots=True)
class SavedMessage(Outgoing):
    """The acknowledgement, sent after the commit: what is named here is never lost."""

    type: ClassVar[str] = "saved"
    item: str
    key: str
    client_seq: int
    revision: int
    ledger_seq: int
    head: str
    answered: bool
    in_grace: bool
    saved_at: str

    def frame(self) -> str:
        """Return what `Outgoing.frame` does, spelled out: each answer is told so."""
        return (
            f'{{"type":"saved","item":{_quoted(self.item)},"key":{_quoted(self.key)},'
            f'"client_seq":{self.client_seq},"revision":{self.revision},'
            f'"ledger_seq":{self.ledger_seq},"head":"{self.head}",'
            f'"answered":{_TRUTH[self.answered]},"in_grace":{_TRUTH[self.in_grace]},'
            f'"saved_at":"{self.saved_at}"}}'
        )


@dataclass(frozen=True, slots=True)
class ItemMessage(Outgoing):
    """Which answer to an item is the newest saved one: the page may have been drawn before it."""

    type: ClassVar[str] = "item"
    item: str
    revision: int


@dataclass(frozen=True, slots=True)
class RefusedMessage(Outgoing):
    """A refusal in words; `kept_as` is the quarantine's number, 0 where nothing was kept."""

    type: ClassVar[str] = "refused"
    item: str
    key: str
    client_seq: int
    reason: str
    sentence: str
    kept_as: int


@dataclass(frozen=True, slots=True)
class SessionMessage(Outgoing):
    """How the session stands: where to go now, if anywhere, and the overlay that covers the page.

    `epoch` is the lease in force; in the answer to a claim it is the claiming page's own.
    """

    type: ClassVar[str] = "session"
    state: str
    version: int
    location: str = ""
    overlay: str = ""
    epoch: int = 0


@dataclass(frozen=True, slots=True)
class Due(Outgoing):
    """The time is up by the server's clock; how the session then stands follows."""

    type: ClassVar[str] = "due"


@dataclass(frozen=True, slots=True)
class MessageMessage(Outgoing):
    """A proctor's words, rendered."""

    type: ClassVar[str] = "message"
    message_id: int
    html: str


@dataclass(frozen=True, slots=True)
class Pong(Outgoing):
    """The heartbeat's answer."""

    type: ClassVar[str] = "pong"
    sent: int
    server_time: str
