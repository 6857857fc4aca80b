"""Saves answers: a batch is decided save by save and written in one commit."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from assembly import bank
from assembly.qti import item_session
from assembly.qti.errors import QtiError
from assembly.qti.values import RawResponses
from delivery.facts import events, journal
from delivery.facts.events import Fact
from delivery.models import AssessmentSession, ItemSession, Quarantine, ResponseRevision
from delivery.queries import lookups, setwise
from delivery.rules import admissibility, clock, legible
from delivery.rules.admissibility import Facing
from delivery.rules.clock import Clock
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import handing
from delivery.session import desk
from integrity import chain

LONGEST_ANSWER: Final = 100_000
MOST_QUARANTINED: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Save:
    """One answer on its way; `received_at` is when the server had it, `by` the ledger's actor.

    `writer` is the page's own id and `client_seq` counts its saves; both empty without JavaScript.
    `strays` was posted beside the answer and belongs to nothing that the item asks.
    `device` is the name that the server gave the device, "" where it is not known.
    """

    session_id: UUID
    item: str
    raw: RawResponses
    key: str
    received_at: datetime
    by: str
    base_revision: int = 0
    client_seq: int = 0
    elapsed_ms: int = 0
    epoch: int = 0
    writer: str = ""
    device: str = ""
    strays: RawResponses = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Saved:
    """What the acknowledgement names; it is given only after the commit."""

    item: str
    key: str
    client_seq: int
    revision: int
    ledger_seq: int
    head: str
    answered: bool
    in_grace: bool
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an answer was not accepted; `kept_as` is its number in quarantine, if it is kept."""

    item: str
    key: str
    client_seq: int
    refusal: Refusal
    kept_as: int | None = None

    @property
    def sentence(self) -> str:
        return self.refusal.sentence


Outcome = Saved | Refused


@dataclass(slots=True)
class _Batch:
    """What one commit reads first and writes last."""

    sessions: dict[UUID, AssessmentSession]
    rows: dict[tuple[UUID, str], ItemSession]
    earlier: dict[tuple[int, str, str], ResponseRevision]
    at: datetime | None
    facts: list[Fact] = field(default_factory=list)
    revisions: list[ResponseRevision] = field(default_factory=list)
    quarantined: list[Quarantine] = field(default_factory=list)
    changed: dict[int, ItemSession] = field(default_factory=dict)


def save(saves: Sequence[Save], at: datetime | None = None) -> list[Outcome]:
    """Save a batch in one transaction; the outcomes come in the order of the saves.

    `at` is now, where somebody knows how long the saves have waited.
    """
    saves = [one if _is_legible(one) else _legible(one) for one in saves]
    with transaction.atomic():
        batch = _read(saves, at)
        decided = [_decide(batch, one) for one in saves]
        for one in saves:
            _keep_strays(batch, one)
        _write(batch)
    return [entry if isinstance(entry, Refused) else _acknowledge(entry) for entry in decided]


def _is_legible(one: Save) -> bool:
    return legible.is_text(one.item + one.key + one.writer) and _are_text(one)


def _are_text(one: Save) -> bool:
    return legible.are_text(one.raw) and legible.are_text(one.strays)


def _legible(one: Save) -> Save:
    # One page's unstorable text would otherwise fail the whole batch.
    return replace(
        one,
        item=legible.text(one.item),
        key=legible.text(one.key),
        writer=legible.text(one.writer),
        raw=legible.responses(one.raw),
        strays=legible.responses(one.strays),
    )


def _read(saves: Sequence[Save], at: datetime | None) -> _Batch:
    wanted = list({one.session_id for one in saves})
    found = lookups.SESSIONS.all(wanted)
    sittings = {
        one.pk: one for one in lookups.SITTINGS.all(list({one.sitting_id for one in found}))
    }
    for session in found:
        session.sitting = sittings[session.sitting_id]
    keys = list({one.item for one in saves})
    by_key = {(row.session_id, row.key): row for row in lookups.ROWS.all(wanted, keys)}
    by_id = {row.pk: row for row in by_key.values()}
    earlier = lookups.EARLIER.all(list(by_id), list({one.key for one in saves}))
    for one in earlier:
        one.item_session = by_id[one.item_session_id]
    known = {(one.item_session_id, one.key, one.fingerprint): one for one in earlier}
    return _Batch({session.pk: session for session in found}, by_key, known, at)


def fingerprint_of(raw: RawResponses) -> str:
    """Return the digest that tells one value from another under the same key."""
    return sha256(chain.canonical(dict(raw))).hexdigest()


def _decide(batch: _Batch, one: Save) -> ResponseRevision | Refused:
    session, row = batch.sessions.get(one.session_id), batch.rows.get((one.session_id, one.item))
    if session is None or row is None:
        return _refuse(one, Refusal(Reason.NO_SUCH_ITEM))
    try:
        fingerprint = fingerprint_of(one.raw)
        before = batch.earlier.get((row.pk, one.key, fingerprint))
        if before is not None:
            return before
        answered = _bind(row, one)
    except Refusal as refusal:
        return _refuse(one, refusal)
    offered = not item_session.impossible(bank.item(row.item_version_id), one.raw)
    if not (offered and handing.are_here(session.pk, one.raw)):
        return _quarantine(batch, session, one, Refusal(Reason.NOT_OFFERED))
    facing = _facing(session, row, one, answered=answered)
    permission = admissibility.may_save(facing)
    if permission.refusal is not None:
        return _quarantine(batch, session, one, permission.refusal)
    return _accept(batch, session, row, one, fingerprint, facing)


def _bind(row: ItemSession, one: Save) -> bool:
    """Tell whether the well-formed answer answers anything; raises Refusal for what is not."""
    size = len(chain.canonical(dict(one.raw)))
    if size > LONGEST_ANSWER:
        raise Refusal(Reason.TOO_LARGE, {"limit": str(LONGEST_ANSWER)})
    try:
        return item_session.is_answered(bank.item(row.item_version_id), one.raw)
    except QtiError as error:
        if error.reason == "wrong_type":
            raise Refusal(Reason.NOT_VALID, {"problem": str(error)}) from error
        raise Refusal(Reason.MALFORMED) from error


def _facing(session: AssessmentSession, row: ItemSession, one: Save, *, answered: bool) -> Facing:
    """Gather what the pure question needs, as of when the save was received."""
    now = desk.clock_of(session)
    return Facing(
        state=session.state,
        started=session.started_at is not None,
        clock=now,
        paused_at=session.paused_at,
        finished_at=session.finished_at,
        scored=session.scored_at is not None,
        route=desk.route_around(session, row),
        epoch=session.epoch,
        is_holder=not one.device or session.lease_device in ("", one.device),
        revision=row.revision,
        row_answered=row.answered,
        row_epoch=row.epoch,
        row_writer=row.writer,
        row_seq=row.client_seq,
        item=one.item,
        received_at=one.received_at,
        base_revision=one.base_revision,
        client_seq=one.client_seq,
        save_epoch=one.epoch,
        writer=one.writer,
        answered=answered,
        zone=timezone.get_current_timezone(),
    )


def _refuse(one: Save, refusal: Refusal) -> Refused:
    return Refused(one.item, one.key, one.client_seq, refusal)


def _quarantine(batch: _Batch, session: AssessmentSession, one: Save, refusal: Refusal) -> Refused:
    kept = Quarantine.objects.filter(session=session)
    same = kept.filter(item_key=one.item, key=one.key, value=dict(one.raw)).first()
    if same is not None:
        return Refused(one.item, one.key, one.client_seq, refusal, same.pk)
    if kept.count() >= MOST_QUARANTINED:
        return _refuse(one, refusal)
    salt, digest = salted(one.raw)
    row = Quarantine.objects.create(
        session=session,
        item_key=one.item,
        key=one.key,
        value=dict(one.raw),
        salt=salt,
        reason=refusal.reason,
        epoch=one.epoch,
        writer=one.writer,
        client_seq=one.client_seq,
        received_at=one.received_at,
    )
    batch.facts.append(
        events.ResponseQuarantined(
            **_head(session, one),
            item=one.item,
            reason=refusal.reason,
            digest=digest,
            key=one.key,
        )
    )
    return Refused(one.item, one.key, one.client_seq, refusal, row.pk)


def _keep_strays(batch: _Batch, one: Save) -> None:
    """Keep aside what the item never asked for; what is too large for an answer is forgotten."""
    session = batch.sessions.get(one.session_id)
    known = (one.session_id, one.item) in batch.rows
    if not one.strays or session is None or not known:
        return
    if len(chain.canonical(dict(one.strays))) <= LONGEST_ANSWER:
        refusal = Refusal(Reason.STRAY_FIELDS)
        _quarantine(batch, session, replace(one, raw=one.strays, strays={}), refusal)


def _accept(
    batch: _Batch,
    session: AssessmentSession,
    row: ItemSession,
    one: Save,
    fingerprint: str,
    facing: Facing,
) -> ResponseRevision:
    answered = facing.answered
    session.answered += int(answered) - int(row.answered)
    session.last_save_at = session.last_seen_at = one.received_at
    row.revision += 1
    row.response, row.answered, row.saved_at = dict(one.raw), answered, one.received_at
    row.epoch, row.writer, row.client_seq = one.epoch, one.writer, one.client_seq
    salt, digest = salted(one.raw)
    revision = ResponseRevision(
        item_session=row,
        revision=row.revision,
        key=one.key,
        value=dict(one.raw),
        salt=salt,
        digest=digest,
        fingerprint=fingerprint,
        epoch=one.epoch,
        writer=one.writer,
        client_seq=one.client_seq,
        received_at=one.received_at,
        elapsed_ms=max(0, one.elapsed_ms),
        in_grace=_in_grace(session, facing.clock, one.received_at),
        answered=answered,
    )
    batch.facts.append(_saved_fact(session, one, revision, batch.at))
    batch.revisions.append(revision)
    batch.changed[row.pk] = row
    batch.earlier[row.pk, one.key, fingerprint] = revision
    return revision


def _in_grace(session: AssessmentSession, now: Clock, received_at: datetime) -> bool:
    if session.is_ended or session.paused_at is not None:
        return True
    return clock.is_over(now, received_at) or bool(
        clock.expired_scope(now, received_at, grace=False)
    )


def salted(raw: RawResponses) -> tuple[str, str]:
    """Return a new salt and the digest under it: erasing the row leaves the ledger whole."""
    salt = secrets.token_hex(16)
    return salt, digest_under(salt, raw)


def digest_under(salt: str, raw: RawResponses) -> str:
    """Return the digest that the ledger has of an answer."""
    return sha256(salt.encode() + chain.canonical(raw)).hexdigest()


def _saved_fact(
    session: AssessmentSession, one: Save, revision: ResponseRevision, at: datetime | None
) -> events.ResponseSaved:
    return events.ResponseSaved(
        **_head(session, one),
        item=one.item,
        revision=revision.revision,
        digest=revision.digest,
        key=one.key,
        answered=revision.answered,
        in_grace=revision.in_grace or None,
        number=revision.item_session.position + 1,
        waited_ms=None if at is None else max(0, clock.milliseconds(at - one.received_at)),
    )


def _head(session: AssessmentSession, one: Save) -> events.Head:
    return events.head(session.pk, session.sitting_id, one.by, one.received_at)


def _write(batch: _Batch) -> None:
    sealed = journal.record_all(batch.facts)
    saved = [
        seal
        for fact, seal in zip(batch.facts, sealed, strict=True)
        if isinstance(fact, events.ResponseSaved)
    ]
    for revision, seal in zip(batch.revisions, saved, strict=True):
        revision.ledger_seq, revision.ledger_head = seal.seq, seal.head
    if not batch.revisions:
        return
    setwise.insert(batch.revisions)
    written = ["revision", "response", "answered", "saved_at", "epoch", "writer", "client_seq"]
    setwise.update(batch.changed.values(), written)
    touched = {row.session_id: batch.sessions[row.session_id] for row in batch.changed.values()}
    setwise.update(touched.values(), ["answered", "last_save_at", "last_seen_at"])


def _acknowledge(revision: ResponseRevision) -> Saved:
    return Saved(
        item=revision.item_session.key,
        key=revision.key,
        client_seq=revision.client_seq,
        revision=revision.revision,
        ledger_seq=revision.ledger_seq,
        head=revision.ledger_head,
        answered=revision.answered,
        in_grace=revision.in_grace,
        saved_at=revision.received_at,
    )
