"""All that is known of a session or a sitting, as the files of an evidence bundle for an appeal.

What the ledger holds as salted digests is disclosed here with its salts, so that the bundle's
verifier can compare both. Who the candidate is stays a digest unless somebody asks for the name.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _

from delivery.models import (
    AssessmentSession,
    Candidate,
    CandidateComment,
    Message,
    Quarantine,
    ResponseRevision,
    Sitting,
    TimeAdjustment,
)
from delivery.people import erasing
from delivery.records import dossier_pages, receipts, result_documents
from delivery.records.exhibits import Shared
from delivery.rules import clock
from delivery.session import desk
from delivery.session.desk import Desk
from integrity import ledger, words
from integrity.chain import Entry
from integrity.policy import lockdown
from integrity.proof.evidence import Contents

SESSION: Final = "session:"
SITTING: Final = "sitting:"
File = tuple[str, bytes]


def of_stream(stream: str, *, named: bool = False) -> Contents | None:
    """Return what belongs to a session's or a sitting's stream; None for any other stream."""
    kind, _colon, key = stream.partition(":")
    if f"{kind}:" == SESSION:
        return _of_session(key, named=named)
    if f"{kind}:" == SITTING and key.isdecimal():
        sitting = Sitting.objects.filter(pk=int(key)).first()
        return of_sitting(sitting, named=named) if sitting else None
    return None


def _of_session(key: str, *, named: bool) -> Contents | None:
    try:
        found = AssessmentSession.objects.select_related("candidate").get(pk=UUID(key))
    except (ValueError, AssessmentSession.DoesNotExist):
        return None
    return of_sessions([found], named=named)


def of_sitting(sitting: Sitting, *, named: bool = False) -> Contents:
    """Return all sessions of a sitting, with the sitting's own stream."""
    sessions = AssessmentSession.objects.filter(sitting=sitting).select_related("candidate")
    contents = of_sessions(list(sessions.order_by("created_at")), named=named)
    return Contents((f"{SITTING}{sitting.pk}", *contents.streams[1:]), contents.files)


def of_sessions(sessions: Iterable[AssessmentSession], *, named: bool = False) -> Contents:
    """Return the files of some sessions of one sitting; each is read when its turn comes."""
    listed = list(sessions)
    streams = [f"{SITTING}{one.sitting_id}" for one in listed[:1]]
    streams += [one.stream for one in listed]
    streams += sorted({f"candidate:{one.candidate_id}" for one in listed})
    return Contents(tuple(streams), _files([one.pk for one in listed], named=named))


def _files(ids: Iterable[UUID], *, named: bool) -> Iterator[File]:
    shared = Shared()
    yield from dossier_pages.styles()
    for session_id in ids:
        yield from _Session(desk.read(session_id), named=named).files(shared)


@dataclass(frozen=True, slots=True)
class _Session:
    """One session's folder."""

    desk: Desk
    named: bool

    def files(self, shared: Shared) -> Iterator[File]:
        session = self.desk.session
        entries = ledger.read(session.stream)
        folder = f"sessions/{session.pk}"
        history = list(self._responses())
        yield f"{folder}/responses.disclosed.json", _json([*history, *self._kept_aside(entries)])
        yield f"{folder}/messages.disclosed.json", _json(list(self._messages(entries)))
        yield f"{folder}/comments.disclosed.json", _json(list(self._comments(entries)))
        yield f"{folder}/person.disclosed.json", _json(list(self._person(entries)))
        yield f"{folder}/reasons.disclosed.json", _json(list(self._reasons()))
        yield f"{folder}/form.json", _json(self._form())
        yield f"{folder}/timing.json", _json(self._timing(entries))
        written = words.of(session.stream)[session.stream]
        acts = [_told(one, written.get(one.seq, {})) for one in entries if _is_act(one)]
        yield f"{folder}/acts.json", _json(acts)
        yield (
            f"{folder}/incidents.json",
            _json([_told(one) for one in entries if _is_incident(one)]),
        )
        receipt = receipts.of(session) if session.is_ended else None
        if receipt is not None:
            yield f"{folder}/receipt.json", receipt.file().encode()
        yield f"{folder}/results.xml", self._results()
        pages = dossier_pages.Pages(self.desk, folder, entries, history, shared)
        yield from pages.files()

    def _responses(self) -> Iterator[dict[str, Any]]:
        """Every acknowledged answer, opened: salt and value give the digest in its entry."""
        mine = ResponseRevision.objects.filter(item_session__session=self.desk.session)
        for row in mine.select_related("item_session").order_by("ledger_seq"):
            yield {
                "stream": self.desk.session.stream,
                "entry": row.ledger_seq,
                "field": "digest",
                "salt": row.salt,
                "value": row.value,
                "item": row.item_session.key,
                "revision": row.revision,
                "received_at": row.received_at.isoformat(),
                "elapsed_ms": row.elapsed_ms,
                "in_grace": row.in_grace,
                "answered": row.answered,
                "writer": f"{row.writer}/{row.epoch}/{row.client_seq}",
                "head": row.ledger_head,
                "erased": not row.salt,
            }

    def _kept_aside(self, entries: list[Entry]) -> Iterator[dict[str, Any]]:
        """Answers that were not accepted; each entry tells its item, key and reason."""
        seqs = {_aside(one.payload): one.seq for one in entries if one.kind.endswith("quarantined")}
        for row in Quarantine.objects.filter(session=self.desk.session):
            place = {"item": row.item_key, "key": row.key, "reason": row.reason}
            entry = seqs.get(_aside(place))
            if entry is None or not row.salt:
                continue
            yield place | {
                "stream": self.desk.session.stream,
                "entry": entry,
                "field": "digest",
                "salt": row.salt,
                "value": row.value,
                "received_at": row.received_at.isoformat(),
                "accepted": False,
            }

    def _messages(self, entries: list[Entry]) -> Iterator[dict[str, Any]]:
        sent = {
            one.payload.get("message"): one.seq for one in entries if one.kind == "message.sent"
        }
        for row in Message.objects.filter(session=self.desk.session, pk__in=list(sent)):
            yield {
                "stream": self.desk.session.stream,
                "entry": sent[row.pk],
                "field": "digest",
                "salt": row.salt,
                "text": row.text,
                "sent_at": row.sent_at.isoformat(),
                "acknowledged_at": _iso(row.acknowledged_at),
                "erased": not row.salt,
            }

    def _reasons(self) -> Iterator[dict[str, Any]]:
        """What staff wrote as reasons, opened."""
        for row in words.rows([self.desk.session.stream]):
            yield {
                "stream": row.stream,
                "entry": row.seq,
                "field": f"{row.field}{words.DIGEST}",
                "salt": row.salt,
                "text": row.text,
            }

    def _comments(self, entries: list[Entry]) -> Iterator[dict[str, Any]]:
        told = [one for one in entries if one.kind == "item.commented"]
        seqs = {(one.payload["item"], one.payload["revision"]): one.seq for one in told}
        mine = CandidateComment.objects.filter(item_session__session=self.desk.session)
        for row in mine.select_related("item_session"):
            entry = seqs.get((row.item_session.key, row.revision))
            if entry is not None:
                yield {
                    "stream": self.desk.session.stream,
                    "entry": entry,
                    "field": "digest",
                    "salt": row.salt,
                    "text": row.text,
                    "item": row.item_session.key,
                    "saved_at": row.saved_at.isoformat(),
                }

    def _person(self, entries: list[Entry]) -> Iterator[dict[str, Any]]:
        """Who sat the test, where somebody asked for it; else only the digest is in the stream."""
        who = self.desk.session.candidate
        if not self.named or not entries or "person" not in entries[0].payload or not who.salt:
            return
        yield {
            "stream": self.desk.session.stream,
            "entry": 1,
            "field": "person",
            "salt": who.salt,
            "value": {"name": who.name, "number": who.number},
        }

    def _form(self) -> dict[str, Any]:
        """The form as delivered: which items in which order, and how each was drawn."""
        session = self.desk.session
        return {
            "session": str(session.pk),
            "attempt": session.attempt_number,
            "sitting": session.sitting.title,
            "test": self.desk.outline.test.identifier,
            "test_sha256": session.sitting.test_version.sha256,
            "policy": str(session.lockdown or ""),
            "plan": session.plan,
            "items": [self._item(number, key) for number, key in enumerate(self._keys(), start=1)],
        }

    def _keys(self) -> list[str]:
        return [item.key for item in self.desk.plan.items]

    def _item(self, number: int, key: str) -> dict[str, Any]:
        row = self.desk.item(key)
        return {
            "number": number,
            "key": key,
            "item": self.desk.definition(key).identifier,
            "item_sha256": row.item_version.sha256,
            "choice_orders": row.qti.get("choice_orders", {}),
            "template_variables": row.qti.get("templates", {}),
            "seed": row.qti.get("seed"),
            "attempts": row.num_attempts,
            "elapsed_ms": row.elapsed_ms,
            "score": row.score,
            "max_score": row.max_score,
        }

    def _timing(self, entries: list[Entry]) -> dict[str, Any]:
        session, zone = self.desk.session, timezone.get_current_timezone()
        given = TimeAdjustment.objects.filter(session=session).order_by("at")
        began = [one.payload.get("why", "") for one in entries if one.kind == "session.started"]
        return {
            "created_at": _iso(session.created_at),
            "started_at": _iso(session.started_at),
            "finished_at": _iso(session.finished_at),
            "state": session.state,
            "why": began,
            "deadline": clock.read(self.desk.clock, session.finished_at, zone).sentence
            if session.finished_at
            else "",
            "base_ms": session.base_ms,
            "multiplier": str(session.time_multiplier),
            "fixed_ms": session.fixed_ms,
            "unlimited": session.unlimited,
            "adjusted_ms": session.adjusted_ms,
            "paused_ms": session.paused_ms,
            "spent": session.timing.get("spent", {}),
            "given": [
                {"at": _iso(one.at), "scope": one.scope, "ms": one.ms, "reason": one.reason}
                for one in given
            ],
        }

    def _results(self) -> bytes:
        """The results document, under the person's digest unless the name is asked for."""
        who = self.desk.session.candidate
        if not self.named:
            pseudonym = Candidate(pk=who.pk, name=_("Candidate"), number=_pseudonym(who))
            self.desk.session.candidate = pseudonym
        try:
            return result_documents.of(self.desk)
        finally:
            self.desk.session.candidate = who


def _pseudonym(who: Candidate) -> str:
    if not who.salt:
        return f"candidate:{who.pk}"
    return erasing.identity_under(who.salt, name=who.name, number=who.number)


def _aside(told: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(told.get(name) for name in ("item", "key", "reason"))


def _is_act(entry: Entry) -> bool:
    return entry.actor.startswith(("user:", "system", "clock"))


def _is_incident(entry: Entry) -> bool:
    incidents = ("policy.fired", "events.dropped", "connection.lost", "access.refused")
    return entry.kind in lockdown.SIGNALS or entry.kind in (*incidents, "browser.refused")


def _told(entry: Entry, written: Mapping[str, str] = MappingProxyType({})) -> dict[str, Any]:
    return {
        "entry": entry.seq,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "kind": entry.kind,
        "told": {**entry.payload, **written},
    }


def _iso(at: Any) -> str:
    return at.isoformat() if at else ""


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode() + b"\n"
