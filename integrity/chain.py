"""The hash chain of a ledger stream: canonical JSON, sealing an entry, walking a run of entries."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from json.encoder import encode_basestring
from typing import Any, NamedTuple, Self

VERSION = 1
DOMAIN = b"invigil-ledger/1\n"
ZEROS = "0" * 64
LARGEST_INTEGER = 2**53 - 1
LONGEST_STREAM = 200
LONGEST_KIND = 64
LONGEST_ACTOR = 200

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)

# How many places a misplaced entry is searched in, once, when a walk has already broken.
SEARCHED_PLACES = 20_000

Scalar = str | int | bool
Payload = Mapping[str, Scalar | Sequence[Scalar]]

_encode = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
).encode


def gettext_noop(text: str) -> str:
    """Mark a text for translation; whoever shows it translates it."""
    return text


class PayloadError(ValueError):
    """A payload that cannot be written the same way by everybody."""


def canonical(value: object) -> bytes:
    """Return `value` as RFC 8785 writes it; ASCII keys and no floats are the caller's promise."""
    return _encode(value).encode()


def body(payload: Payload) -> str:
    """Return the payload's canonical JSON; raises PayloadError unless it is flat."""
    if not isinstance(payload, (dict, Mapping)):
        raise PayloadError("A ledger payload is an object.")
    for key, value in payload.items():
        if type(key) is not str or not key or not key.isascii():
            raise PayloadError(f"The ledger key {key!r} is not plain ASCII text.")
        if type(value) is str and value.isascii():
            continue
        if isinstance(value, (list, tuple)):
            for member in value:
                _check(key, member)
        else:
            _check(key, value)
    return _encode(payload)


def _check(key: str, value: object) -> None:
    if isinstance(value, str):
        if not value.isascii() and not _is_unicode(value):
            raise PayloadError(f"The ledger value {key!r} holds half a surrogate pair.")
    elif isinstance(value, int):
        if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            raise PayloadError(f"The ledger value {key!r} is beyond 2^53 - 1: {value}.")
    else:
        kind = type(value).__name__
        raise PayloadError(
            f"The ledger value {key!r} is a {kind}; only strings, integers, booleans and "
            "arrays of them are carried."
        )


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def milliseconds(at: datetime) -> int:
    """Return whole milliseconds since 1970, rounded down; `at` must be aware."""
    return (at - EPOCH) // MILLISECOND


class Position(NamedTuple):
    """Where a stream stands: the number and the hash of its last entry."""

    seq: int
    hash: str


START = Position(0, ZEROS)


class Entry(NamedTuple):
    """One sealed fact; `body` is the payload's canonical JSON, `at_ms` the server's time."""

    stream: str
    seq: int
    kind: str
    at_ms: int
    actor: str
    body: str
    prev: str
    hash: str

    @property
    def payload(self) -> dict[str, Any]:
        return json.loads(self.body)  # type: ignore[no-any-return]

    @property
    def at(self) -> datetime:
        return EPOCH + self.at_ms * MILLISECOND

    def to_json(self) -> str:
        """Return the entry as one line of canonical JSON, hash included."""
        return (
            f'{{"actor":{encode_basestring(self.actor)},"at_ms":{self.at_ms},'
            f'"hash":"{self.hash}","kind":{encode_basestring(self.kind)},"payload":{self.body},'
            f'"prev":"{self.prev}","seq":{self.seq},'
            f'"stream":{encode_basestring(self.stream)},"v":{VERSION}}}'
        )

    @classmethod
    def from_json(cls, line: str) -> Self:
        """Read one exported line; raises ValueError for anything that is not an entry."""
        data = json.loads(line)
        names = {"v", "hash", "payload", *cls._fields} - {"body"}
        if not isinstance(data, dict) or set(data) != names or data["v"] != VERSION:
            raise ValueError("This line is not a ledger entry of a version known here.")
        entry = cls(
            **{name: data[name] for name in cls._fields if name != "body"},
            body=body(data["payload"]),
        )
        if any(type(entry[index]) is not kind for index, kind in enumerate(_FIELD_TYPES)):
            raise ValueError("This line is not a ledger entry: a field has the wrong type.")
        return entry


_FIELD_TYPES = (str, int, str, int, str, str, str, str)


def digest(stream: str, seq: int, kind: str, at_ms: int, actor: str, body: str, prev: str) -> str:
    """Return the hash of an entry: SHA-256 over domain, previous hash and JCS(entry without hash).

    The JSON is spelled out instead of encoded because its eight keys never change.
    """
    text = (
        f'{{"actor":{encode_basestring(actor)},"at_ms":{at_ms},"kind":{encode_basestring(kind)},'
        f'"payload":{body},"prev":"{prev}","seq":{seq},'
        f'"stream":{encode_basestring(stream)},"v":{VERSION}}}'
    )
    return hashlib.sha256(DOMAIN + bytes.fromhex(prev) + text.encode()).hexdigest()


def _check_name(name: str, text: str, limit: int) -> None:
    if not text or len(text) > limit or not text.isprintable():
        raise ValueError(f"A ledger {name} is 1 to {limit} printable characters: {text!r}.")


def seal(
    after: Position, *, stream: str, kind: str, at_ms: int, actor: str, payload: Payload
) -> Entry:
    """Return the entry that follows `after`; raises PayloadError, or ValueError for a bad name."""
    _check_name("stream", stream, LONGEST_STREAM)
    _check_name("kind", kind, LONGEST_KIND)
    _check_name("actor", actor, LONGEST_ACTOR)
    seq = after.seq + 1
    text = body(payload)
    sealed = digest(stream, seq, kind, at_ms, actor, text, after.hash)
    return Entry(stream, seq, kind, at_ms, actor, text, after.hash, sealed)


class BreakKind(StrEnum):
    EDITED = "edited"  # the content no longer gives the hash
    REMOVED = "removed"  # a number is missing
    REORDERED = "reordered"  # a sound entry in the wrong place
    REPEATED = "repeated"  # a number that was already there
    LINK = "link"  # sound in itself, but it follows another entry than the one before it
    TRUNCATED = "truncated tail"  # the stream's head promises entries that are not there
    ADDED = "added"  # entries beyond the stream's head
    HEAD = "head"  # the stream's head is not the hash of its last entry
    ORPHANED = "orphaned"  # entries whose stream is gone
    REWRITTEN = "rewritten"  # a chain that is sound in itself, but not the one that was sealed
    FORGED = "forged checkpoint"  # its signature does not fit, or it does not follow the last
    REPLACED_KEY = "replaced key"  # signed by a key that nobody vouched for
    ANSWER = "answer differs"  # the chain is whole, but what is kept beside it is something else
    RESULT = "result differs"  # likewise, of what was scored
    SESSION = "session differs"  # likewise, of how a session began, stands or was given time
    POLICY = "policy differs"  # likewise, of the rules that were watched
    CONTENT = "content differs"  # likewise, of what was published


@dataclass(frozen=True, slots=True)
class Break:
    """The first place where a stream is not what was sealed."""

    kind: BreakKind
    seq: int

    @property
    def message(self) -> str:
        """Return the message id of its sentence, with a place for `seq`."""
        return _MESSAGES[self.kind]

    @property
    def sentence(self) -> str:
        return self.message % {"seq": self.seq}


_MESSAGES = {
    BreakKind.EDITED: gettext_noop(
        "Entry %(seq)s was edited: its content no longer gives its hash."
    ),
    BreakKind.REMOVED: gettext_noop("Entry %(seq)s was removed: the number is missing."),
    BreakKind.REORDERED: gettext_noop(
        "Entry %(seq)s was moved: a sound entry stands in the wrong place."
    ),
    BreakKind.REPEATED: gettext_noop("Entry %(seq)s appears twice."),
    BreakKind.LINK: gettext_noop(
        "Entry %(seq)s does not follow the entry before it: one of them was replaced."
    ),
    BreakKind.TRUNCATED: gettext_noop(
        "The end was cut off: entry %(seq)s and those after it are missing."
    ),
    BreakKind.ADDED: gettext_noop("Entry %(seq)s was added behind the end of the stream."),
    BreakKind.HEAD: gettext_noop(
        "The head of the stream is not the hash of its last entry, %(seq)s."
    ),
    BreakKind.ORPHANED: gettext_noop("Entry %(seq)s belongs to a stream that was removed."),
    BreakKind.REWRITTEN: gettext_noop(
        "Entry %(seq)s is not the one that was sealed: it or one before it was edited, and "
        "everything after that was hashed again."
    ),
    BreakKind.FORGED: gettext_noop(
        "The checkpoint over %(seq)s heads is not the one that was signed."
    ),
    BreakKind.REPLACED_KEY: gettext_noop(
        "The checkpoint over %(seq)s heads is signed by a key that is not ours."
    ),
    BreakKind.ANSWER: gettext_noop(
        "The answer that is stored is not the one that entry %(seq)s recorded."
    ),
    BreakKind.RESULT: gettext_noop(
        "The result that is stored is not the one that entry %(seq)s recorded."
    ),
    BreakKind.SESSION: gettext_noop(
        "What is stored of the session is not what the record tells up to entry %(seq)s."
    ),
    BreakKind.POLICY: gettext_noop(
        "The lockdown policy that is stored is not the one that entry %(seq)s recorded."
    ),
    BreakKind.CONTENT: gettext_noop(
        "The content that is stored is not what entry %(seq)s recorded as published."
    ),
}


class Walk:
    """Follows one stream entry by entry, holding nothing but the last position."""

    def __init__(self, stream: str, start: Position = START) -> None:
        self.stream = stream
        self.position = start
        self.broken: Break | None = None

    def take(self, entry: Entry) -> Break | None:
        """Check the next entry; after the first break the rest is not looked at."""
        if self.broken is None:
            self.broken = self._judge(entry)
            self.position = Position(entry.seq, entry.hash)
        return self.broken

    def _judge(self, entry: Entry) -> Break | None:
        expected = self.position.seq + 1
        if entry.seq > expected:
            return Break(BreakKind.REMOVED, expected)
        if entry.seq < expected:
            return Break(BreakKind.REPEATED, entry.seq)
        if entry.stream != self.stream:
            return Break(BreakKind.EDITED, expected)
        if not _is_sound(entry):
            places = range(1, SEARCHED_PLACES)
            moved = any(_is_sound(entry._replace(seq=place)) for place in places)
            return Break(BreakKind.REORDERED if moved else BreakKind.EDITED, expected)
        if entry.prev != self.position.hash:
            return Break(BreakKind.LINK, expected)
        return None

    def end(self, head: Position) -> Break | None:
        """Compare the last entry with the head that the stream claims."""
        if self.broken is None:
            last = self.position
            if last.seq < head.seq:
                self.broken = Break(BreakKind.TRUNCATED, last.seq + 1)
            elif last.seq > head.seq:
                self.broken = Break(BreakKind.ADDED, head.seq + 1)
            elif last.hash != head.hash:
                self.broken = Break(BreakKind.HEAD, last.seq)
        return self.broken


def _is_sound(entry: Entry) -> bool:
    try:
        return digest(*entry[:-1]) == entry.hash
    except ValueError:  # prev is not hexadecimal, or the text is not Unicode
        return False


def verify(entries: Iterable[Entry], *, start: Position = START) -> Break | None:
    """Return the first break in a run of entries of one stream, or None.

    A run is handed over in the order in which it was kept; numbers that come too early
    are told apart from numbers that are missing by looking at what follows.
    """
    walk: Walk | None = None
    rest = iter(entries)
    for entry in rest:
        walk = walk or Walk(entry.stream, start)
        broken = walk.take(entry)
        if broken and broken.kind is BreakKind.REMOVED:
            later = any(other.seq == broken.seq for other in rest)
            return Break(BreakKind.REORDERED, broken.seq) if later else broken
        if broken:
            return broken
    return None
