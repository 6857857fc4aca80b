"""Compares the answers and results that are stored with what the ledger recorded of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from delivery.models import AssessmentSession, ItemSession, Quarantine, ResponseRevision
from delivery.people.erasing import PersonErased
from delivery.records.recorded import CHUNK, Lines, read_payload
from delivery.saving import responses
from delivery.session import scoring
from integrity.chain import BreakKind
from integrity.models import LedgerEntry
from integrity.proof.witnesses import Difference

ADMITTED: Final = "quarantine.admitted"
SAVED: Final = ("response.saved", ADMITTED)
KEPT_ASIDE: Final = "response.quarantined"
SCORED: Final = "session.scored"
REOPENED: Final = "session.reopened"
KINDS: Final = (*SAVED, KEPT_ASIDE, SCORED, REOPENED, PersonErased.kind)
LONGEST_SHOWN: Final = 400


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
    key: str
    answered: bool

    @property
    def digest(self) -> str:
        return responses.digest_under(self.salt, self.value)

    @property
    def is_erased(self) -> bool:
        return not self.salt


class Kept(NamedTuple):
    """One answer kept aside: what its entry names it by, and its digest ("" without a salt)."""

    item: str
    key: str
    reason: str
    digest: str

    @property
    def name(self) -> tuple[str, str, str]:
        return self.item, self.key, self.reason


@dataclass(slots=True)
class _Session:
    """All that is compared of one session."""

    row: AssessmentSession
    said: list[Said] = field(default_factory=list)
    stored: dict[tuple[str, int], Stored] = field(default_factory=dict)
    current: dict[str, tuple[int, Any]] = field(default_factory=dict)
    scores: dict[str, float | None] = field(default_factory=dict)
    aside: list[Kept] = field(default_factory=list)

    @property
    def stream(self) -> str:
        return self.row.stream

    @property
    def is_erased(self) -> bool:
        return any(one.kind == PersonErased.kind for one in self.said)


def differences(sessions: Sequence[AssessmentSession]) -> Iterator[Difference]:
    """Yield what is stored otherwise than recorded of some sessions' answers and results."""
    for session in _read(sessions):
        yield from _compare(session)


def _read(rows: Sequence[AssessmentSession]) -> list[_Session]:
    sessions = {row.pk: _Session(row) for row in rows}
    ids = list(sessions)
    _read_entries(sessions)
    revisions = ResponseRevision.objects.filter(item_session__session__in=ids)
    columns = ("item_session__key", "revision", "value", "salt", "ledger_seq", "key", "answered")
    for pk, *values in revisions.values_list("item_session__session", *columns).iterator(CHUNK):
        one = Stored(*values)
        sessions[pk].stored[one.item, one.revision] = one
    items = ItemSession.objects.filter(session__in=ids)
    answers = items.values_list("session", "key", "revision", "response", "score")
    for pk, key, revision, response, score in answers.iterator(CHUNK):
        sessions[pk].scores[key] = score
        if revision > 0:
            sessions[pk].current[key] = (revision, response)
    for kept in Quarantine.objects.filter(session__in=ids).iterator(CHUNK):
        digest = responses.digest_under(kept.salt, kept.value) if kept.salt else ""
        aside = Kept(kept.item_key, kept.key, kept.reason, digest)
        sessions[kept.session_id].aside.append(aside)
    return list(sessions.values())


def _read_entries(sessions: dict[UUID, _Session]) -> None:
    by_name = {session.stream: session for session in sessions.values()}
    entries = LedgerEntry.objects.filter(stream__name__in=list(by_name), kind__in=KINDS)
    columns = entries.values_list("stream__name", "seq", "kind", "payload").order_by("seq")
    for name, seq, kind, payload in columns.iterator(CHUNK):
        by_name[name].said.append(Said(seq, kind, read_payload(payload)))


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
    elif one.kind == SAVED[0] and _about(row) != (told := _told_about(one)):
        said, found = _shown(told), _shown(_about(row))
        lines = ((_("Key, answered"), said),), ((_("Key, answered"), found),)
        yield _difference(session, one.seq, at, *lines)


def _about(row: Stored) -> list[Any]:
    return [row.key, row.answered]


def _told_about(one: Said) -> list[Any]:
    return [one.payload.get("key"), one.payload.get("answered")]


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
    """Each answer kept aside has its entry, each entry its answer; a salt opens the digest."""
    left = list(session.aside)
    for one in session.said:
        if one.kind != KEPT_ASIDE:
            continue
        told = one.payload
        name = tuple(str(told.get(part)) for part in ("item", "key", "reason"))
        same = [kept for kept in left if kept.name == name]
        match = next((k for k in same if k.digest in ("", told.get("digest"))), None)
        if match is None:
            at = (str(told.get("item")), 0)
            found: Lines = ((_("Kept aside"), _("none")),)
            if same:
                found = ((_("Digest of what is stored"), same[0].digest),)
                left.remove(same[0])
            yield _difference(session, one.seq, at, _said(one), found)
        else:
            left.remove(match)
    for kept in left:
        shown = ((_("Kept aside"), kept.reason), (_("Digest of what is stored"), kept.digest))
        yield _difference(session, 0, (kept.item, 0), (), shown)


def _result(session: _Session) -> Iterator[Difference]:
    decided = [one for one in session.said if one.kind in (SCORED, REOPENED, ADMITTED)]
    if not decided or decided[-1].kind != SCORED:
        if session.row.scored_at is not None:
            unsaid: Lines = ((_("In the record"), _("no result")),)
            yield _of_result(session, 0, unsaid, _lines_of(dict(scoring.facts(session.row))))
        return
    said, found = decided[-1].payload, dict(scoring.facts(session.row))
    if session.row.scored_at is None or any(said.get(n) != value for n, value in found.items()):
        lines = _lines_of({name: str(said.get(name, "–")) for name in found})
        yield _of_result(session, decided[-1].seq, lines, _lines_of(found))
        return
    yield from _scores(session, decided[-1].seq)


def _lines_of(facts: dict[str, Any]) -> Lines:
    titles = {
        "score": _("Score"),
        "max_score": _("Most"),
        "outcomes_sha256": _("Digest of the outcomes"),
    }
    return tuple((title, str(facts[name])) for name, title in titles.items())


def _of_result(session: _Session, seq: int, said: Lines, found: Lines) -> Difference:
    return Difference(session.stream, seq, BreakKind.RESULT, _("Result"), said, found)


def _scores(session: _Session, seq: int) -> Iterator[Difference]:
    """What each item earned stands beside it, too."""
    for earned in session.row.outcomes.get("items", []):
        key = earned.get("key")
        stored = session.scores.get(key)
        if key in session.scores and stored != earned.get("score"):
            title = _("Score of item %(item)s") % {"item": key}
            said, found = str(earned.get("score")), str(stored)
            yield _of_result(session, seq, ((title, said),), ((title, found),))


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
