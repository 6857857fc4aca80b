"""Compares the answers and results that are stored with what the ledger recorded of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from delivery.models import AssessmentSession, ItemSession, Quarantine, ResponseRevision
from delivery.people.erasing import PersonErased
from delivery.saving import responses
from delivery.session import scoring
from integrity.chain import BreakKind
from integrity.models import LedgerEntry
from integrity.witnesses import Difference

SESSIONS_AT_ONCE: Final = 100
CHUNK: Final = 1_000
PREFIX: Final = "session:"
SAVED: Final = ("response.saved", "quarantine.admitted")
KEPT_ASIDE: Final = "response.quarantined"
SCORED: Final = "session.scored"
KINDS: Final = (*SAVED, KEPT_ASIDE, SCORED, PersonErased.kind)
LONGEST_SHOWN: Final = 400

Lines = tuple[tuple[str, str], ...]


class Said(NamedTuple):
    """One entry that speaks of an answer or a result."""

    seq: int
    kind: str
    payload: dict[str, Any]


class Stored(NamedTuple):
    """One revision as its row has it."""

    item: str
    revision: int
    value: Any
    salt: str
    ledger_seq: int

    @property
    def digest(self) -> str:
        return responses.digest_under(self.salt, self.value)

    @property
    def is_erased(self) -> bool:
        return not self.salt


@dataclass(slots=True)
class _Session:
    """All that is compared of one session."""

    row: AssessmentSession
    said: list[Said] = field(default_factory=list)
    stored: dict[tuple[str, int], Stored] = field(default_factory=dict)
    current: dict[str, tuple[int, Any]] = field(default_factory=dict)
    aside: dict[str, str] = field(default_factory=dict)

    @property
    def stream(self) -> str:
        return self.row.stream

    @property
    def is_erased(self) -> bool:
        return any(one.kind == PersonErased.kind for one in self.said)


def differences(streams: Sequence[str] | None = None) -> Iterator[Difference]:
    """Yield what is stored otherwise than recorded, session by session, in bounded memory."""
    found = AssessmentSession.objects.order_by("pk").values_list("pk", flat=True)
    if streams is not None:
        found = found.filter(pk__in=ids(streams))
    keys = iter(list(found))
    while batch := list(islice(keys, SESSIONS_AT_ONCE)):
        for session in _read(batch):
            yield from _compare(session)


def ids(streams: Sequence[str]) -> list[UUID]:
    """Return the sessions whose streams are among some."""
    found = []
    for name in streams:
        try:
            found.append(UUID(name.removeprefix(PREFIX)))
        except ValueError:
            continue
    return found


def _read(ids: Sequence[UUID]) -> list[_Session]:
    rows = AssessmentSession.objects.filter(pk__in=ids).defer("plan", "timing")
    sessions = {row.pk: _Session(row) for row in rows.order_by("pk")}
    _read_entries(sessions)
    revisions = ResponseRevision.objects.filter(item_session__session__in=ids)
    columns = ("item_session__key", "revision", "value", "salt", "ledger_seq")
    for pk, *values in revisions.values_list("item_session__session", *columns).iterator(CHUNK):
        one = Stored(*values)
        sessions[pk].stored[one.item, one.revision] = one
    items = ItemSession.objects.filter(session__in=ids, revision__gt=0)
    answers = items.values_list("session", "key", "revision", "response")
    for pk, key, revision, response in answers.iterator(CHUNK):
        sessions[pk].current[key] = (revision, response)
    for kept in Quarantine.objects.filter(session__in=ids).exclude(salt="").iterator(CHUNK):
        digest = responses.digest_under(kept.salt, kept.value)
        sessions[kept.session_id].aside[f"{kept.item_key}/{kept.key}/{kept.reason}"] = digest
    return list(sessions.values())


def _read_entries(sessions: dict[UUID, _Session]) -> None:
    by_name = {session.stream: session for session in sessions.values()}
    entries = LedgerEntry.objects.filter(stream__name__in=list(by_name), kind__in=KINDS)
    columns = entries.values_list("stream__name", "seq", "kind", "payload").order_by("seq")
    for name, seq, kind, payload in columns.iterator(CHUNK):
        by_name[name].said.append(Said(seq, kind, read_payload(payload)))


def read_payload(text: str) -> dict[str, Any]:
    """Return the payload; one that somebody edited may be anything, and is the chain's to name."""
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _compare(session: _Session) -> Iterator[Difference]:
    spoken = set()
    for one in session.said:
        if one.kind in SAVED:
            at = (str(one.payload.get("item")), int(one.payload.get("revision", 0)))
            spoken.add(at)
            yield from _answer(session, one, session.stored.get(at))
    for at, row in session.stored.items():
        if at not in spoken:
            yield _difference(session, row.ledger_seq, at, (), _found(row))
    yield from _current(session)
    yield from _aside(session)
    yield from _result(session)


def _answer(session: _Session, one: Said, row: Stored | None) -> Iterator[Difference]:
    at = (str(one.payload.get("item")), int(one.payload.get("revision", 0)))
    if row is None:
        yield _difference(session, one.seq, at, _said(one), ((_("Stored answer"), _("none")),))
    elif row.is_erased and session.is_erased:
        return
    elif row.digest != one.payload.get("digest") or row.ledger_seq != one.seq:
        yield _difference(session, one.seq, at, _said(one), _found(row))


def _current(session: _Session) -> Iterator[Difference]:
    """The answer that counts is the newest revision's."""
    newest: dict[str, Stored] = {}
    for row in session.stored.values():
        if row.item not in newest or row.revision > newest[row.item].revision:
            newest[row.item] = row
    for key, row in newest.items():
        revision, value = session.current.get(key, (0, None))
        if (revision, value) != (row.revision, row.value):
            said: Lines = (
                (_("Newest revision"), str(row.revision)),
                (_("Its answer"), _shown(row.value)),
            )
            found: Lines = ((_("Revision that counts"), str(revision)),
                     (_("Answer that counts"), _shown(value)))  # fmt: skip
            yield _difference(session, row.ledger_seq, (key, row.revision), said, found)
    for key, (revision, value) in session.current.items():
        if key not in newest:
            alone = ((_("Answer that counts"), _shown(value)),)
            yield _difference(session, 0, (key, revision), (), alone)


def _aside(session: _Session) -> Iterator[Difference]:
    """What was kept aside is looked at where its row still has a salt."""
    for one in session.said:
        name = "/".join(str(one.payload.get(part)) for part in ("item", "key", "reason"))
        found = session.aside.get(name)
        if one.kind == KEPT_ASIDE and found not in (None, one.payload.get("digest")):
            at = (str(one.payload.get("item")), 0)
            lines = ((_("Digest of what is stored"), str(found)),)
            yield _difference(session, one.seq, at, _said(one), lines)


def _result(session: _Session) -> Iterator[Difference]:
    scored = [one for one in session.said if one.kind == SCORED]
    if session.row.scored_at is None or not scored:
        return
    said, found = scored[-1].payload, dict(scoring.facts(session.row))
    if all(said.get(name) == value for name, value in found.items()):
        return
    titles = {
        "score": _("Score"),
        "max_score": _("Most"),
        "outcomes_sha256": _("Digest of the outcomes"),
    }
    yield Difference(
        stream=session.stream,
        seq=scored[-1].seq,
        kind=BreakKind.RESULT,
        what=_("Result"),
        said=tuple((title, str(said.get(name, "–"))) for name, title in titles.items()),
        found=tuple((title, str(found[name])) for name, title in titles.items()),
    )


def _difference(
    session: _Session, seq: int, at: tuple[str, int], said: Lines, found: Lines
) -> Difference:
    nothing = ((_("In the record"), _("no entry speaks of this answer")),)
    return Difference(
        stream=session.stream,
        seq=seq,
        kind=BreakKind.ANSWER,
        what=_("Item %(item)s, revision %(revision)s") % {"item": at[0], "revision": at[1]},
        said=said or nothing,
        found=found,
    )


def _said(one: Said) -> Lines:
    return ((_("Digest in the record"), str(one.payload.get("digest", "–"))),)


def _found(row: Stored) -> Lines:
    digest = _("none: the answer was erased") if row.is_erased else row.digest
    return (
        (_("Digest of what is stored"), digest),
        (_("Stored answer"), _shown(row.value)),
        (_("Entry that it names"), str(row.ledger_seq)),
    )


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
