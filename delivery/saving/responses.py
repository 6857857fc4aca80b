"""Saves answers: a batch is decided save by save and written in one commit."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.db import transaction

from assembly.qti.values import RawResponses
from delivery.facts import events
from delivery.models import ItemSession, Quarantine
from delivery.rules import admissibility, clock, legible, outline
from delivery.rules.admissibility import Facing
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import batches, handing, judging
from delivery.saving.batches import Aside, Batch, Revision, Row, Sent
from delivery.saving.standings import Seat
from integrity import chain
from integrity.rowsets import MovedError, Written

MOST_QUARANTINED: Final = 500
SALT_BYTES: Final = 16


# Nobody changes one; to freeze it costs as much again as to make it, and each answer makes one.
@dataclass(slots=True, kw_only=True)
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
Decided = Revision | Refused | Aside


def save(saves: Sequence[Save], at: datetime | None = None) -> list[Outcome]:
    """Save a batch in one transaction; the outcomes come in the order of the saves.

    `at` is now, where somebody knows how long the saves have waited.
    """
    saves = [one if is_legible(one) else _legible(one) for one in saves]
    sent = sent_by(saves)
    if batches.may_look():
        for see in (batches.recall, batches.look):
            with contextlib.suppress(MovedError):
                return _save(see(sent, at), saves)
    with transaction.atomic():
        return _save(batches.read(sent, at), saves)


def sent_by(saves: Sequence[Save]) -> list[Sent]:
    """Return what a batch asks for: of each save its session, its item and its key."""
    return [(one.session_id, one.item, one.key) for one in saves]


def decided(batch: Batch, saves: Sequence[Save]) -> list[Decided]:
    """Decide save by save what becomes of each; nothing is written."""
    salts = _salts(len(saves))
    return [_decide(batch, one, salt) for one, salt in zip(saves, salts, strict=True)]


def _save(batch: Batch, saves: Sequence[Save]) -> list[Outcome]:
    found = decided(batch, saves)
    asides = [entry for entry in found if isinstance(entry, Aside)]
    strays = [aside for one in saves for aside in _strays(batch, one)]
    batches.keep_aside(batch, [*asides, *strays], most=MOST_QUARANTINED)
    batches.write(batch)
    return [_outcome(entry) for entry in found]


def is_legible(one: Save) -> bool:
    """Tell whether the database can store all of its text."""
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


def fingerprint_of(raw: RawResponses) -> str:
    """Return the digest that tells one value from another under the same key."""
    return sha256(chain.canonical(dict(raw))).hexdigest()


def _decide(batch: Batch, one: Save, salt: str) -> Decided:
    row = batch.rows.get((one.session_id, one.item))
    if row is None:
        return _refuse(one, Refusal(Reason.NO_SUCH_ITEM))
    canonical = chain.canonical(one.raw)
    fingerprint = sha256(canonical).hexdigest()
    before = batch.earlier.get((row.id, one.key, fingerprint))
    if before is not None:
        return before
    try:
        judged = judging.judge(row.item_version_id, one.raw, canonical)
    except Refusal as refusal:
        return _refuse(one, refusal)
    if not (judged.offered and handing.are_here(one.session_id, one.raw)):
        return _aside(row.seat, one, Refusal(Reason.NOT_OFFERED))
    facing = _facing(row, one, batch.zone, answered=judged.answered)
    permission = admissibility.may_save(facing)
    if permission.refusal is not None:
        return _aside(row.seat, one, permission.refusal)
    revision = _accept(batch, row, one, canonical, facing, salt)
    revision.fingerprint = fingerprint
    batch.earlier[row.id, one.key, fingerprint] = revision
    return revision


def _facing(row: Row, one: Save, zone: tzinfo, *, answered: bool) -> Facing:
    """Gather what the pure question needs, as of when the save was received."""
    seat, standing = row.seat, row.seat.standing
    return Facing(
        state=standing.state,
        started=standing.started,
        clock=standing.clock,
        paused_at=standing.paused_at,
        finished_at=standing.finished_at,
        scored=standing.scored,
        route=standing.around(row.key, _letter_of(row)),
        epoch=standing.epoch,
        is_holder=not one.device or seat.lease_device in ("", one.device),
        holder=seat.writer,
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
        zone=zone,
        in_time=clock.is_clear(standing.clock, one.received_at),
    )


def _letter_of(row: Row) -> str:
    closed = row.state == ItemSession.State.CLOSED
    return outline.letter(answered=row.answered, flagged=row.flagged, closed=closed)


def _refuse(one: Save, refusal: Refusal) -> Refused:
    return Refused(one.item, one.key, one.client_seq, refusal)


def _aside(seat: Seat, one: Save, refusal: Refusal) -> Aside:
    salt, digest = salted(one.raw)
    row = Quarantine(
        session_id=seat.id,
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
    fact = events.ResponseQuarantined(
        **_head(seat, one), item=one.item, reason=refusal.reason, digest=digest, key=one.key
    )
    return Aside(row, fact, refusal)


def _strays(batch: Batch, one: Save) -> Iterator[Aside]:
    """Yield what the item never asked for; what is too large for an answer is forgotten."""
    row = batch.rows.get((one.session_id, one.item))
    if not one.strays or row is None:
        return
    if len(chain.canonical(dict(one.strays))) <= judging.LONGEST_ANSWER:
        refusal = Refusal(Reason.STRAY_FIELDS)
        yield _aside(row.seat, replace(one, raw=one.strays, strays={}), refusal)


def _refused(aside: Aside) -> Refused:
    row = aside.row
    return Refused(row.item_key, row.key, row.client_seq, aside.refusal, row.pk)


def _accept(
    batch: Batch, row: Row, one: Save, canonical: bytes, facing: Facing, salt: str
) -> Revision:
    seat, answered = row.seat, facing.answered
    seat.answered += int(answered) - int(row.answered)
    seat.last_save_at = seat.last_seen_at = one.received_at
    row.revision += 1
    row.response, row.answered, row.saved_at = (
        Written(canonical.decode()),
        answered,
        one.received_at,
    )
    row.epoch, row.writer, row.client_seq = one.epoch, one.writer, one.client_seq
    revision = Revision(
        row=row,
        revision=row.revision,
        key=one.key,
        value=row.response,
        salt=salt,
        digest=sha256(salt.encode() + canonical).hexdigest(),
        epoch=one.epoch,
        writer=one.writer,
        client_seq=one.client_seq,
        received_at=one.received_at,
        elapsed_ms=max(0, one.elapsed_ms),
        in_grace=seat.standing.ended or facing.paused_at is not None or not facing.in_time,
        answered=answered,
    )
    batch.facts.append(_saved_fact(seat, one, revision, batch.at))
    batch.revisions.append(revision)
    batch.changed[row.id] = row
    return revision


def _salts(count: int) -> list[str]:
    """Return new salts, drawn at once."""
    drawn = secrets.token_hex(SALT_BYTES * count)
    return [drawn[start : start + 2 * SALT_BYTES] for start in range(0, len(drawn), 2 * SALT_BYTES)]


def salted(raw: RawResponses) -> tuple[str, str]:
    """Return a new salt and the digest under it: erasing the row leaves the ledger whole."""
    salt = secrets.token_hex(SALT_BYTES)
    return salt, digest_under(salt, raw)


def digest_under(salt: str, raw: RawResponses) -> str:
    """Return the digest that the ledger has of an answer."""
    return sha256(salt.encode() + chain.canonical(raw)).hexdigest()


def _saved_fact(
    seat: Seat, one: Save, revision: Revision, at: datetime | None
) -> events.ResponseSaved:
    return events.ResponseSaved(
        **_head(seat, one),
        item=one.item,
        revision=revision.revision,
        digest=revision.digest,
        key=one.key,
        answered=revision.answered,
        in_grace=revision.in_grace or None,
        number=revision.row.position + 1,
        waited_ms=None if at is None else max(0, clock.milliseconds(at - one.received_at)),
    )


def _head(seat: Seat, one: Save) -> events.Head:
    return events.head(seat.id, seat.standing.sitting_id, one.by, one.received_at)


def _outcome(entry: Decided) -> Outcome:
    if isinstance(entry, Refused):
        return entry
    return _refused(entry) if isinstance(entry, Aside) else acknowledge(entry)


def acknowledge(revision: Revision) -> Saved:
    """Return what tells that an answer is kept; nobody is told before the commit."""
    return Saved(
        item=revision.row.key,
        key=revision.key,
        client_seq=revision.client_seq,
        revision=revision.revision,
        ledger_seq=revision.ledger_seq,
        head=revision.ledger_head,
        answered=revision.answered,
        in_grace=revision.in_grace,
        saved_at=revision.received_at,
    )
