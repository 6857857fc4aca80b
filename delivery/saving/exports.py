"""Emergency files: opened, shown, and replayed as if their answers arrived now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet

from assembly import bank, wording
from delivery.facts import journal
from delivery.facts import recovery_events as facts
from delivery.models import AssessmentSession, ItemSession, Quarantine, Sitting
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import comments, posted, responses
from delivery.saving.comments import Sender
from delivery.saving.responses import Outcome, Save, Saved
from delivery.session import desk, interventions
from delivery.session.desk import Desk
from integrity.proof import sealing
from integrity.proof.sealing import Envelope, EnvelopeError

MOST: Final = 500
LONGEST_NAME: Final = 64
LAST_MS: Final = 32_503_680_000_000  # the year 3000


@dataclass(frozen=True, slots=True)
class Held:
    """One answer of a file beside the stored one, in words, with when the device wrote it."""

    item: str
    number: int
    title: str
    written_at: datetime | None
    said: list[str]
    saved: list[str]
    entry: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Remark:
    """One comment of a file beside the stored one, with when the device wrote it."""

    item: str
    number: int
    title: str
    written_at: datetime | None
    text: str
    saved: str
    sender: Sender


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that belongs to a session of ours."""

    session: AssessmentSession
    made_at: str
    sha256: str
    answers: list[Held]
    remarks: list[Remark]

    @property
    def made(self) -> datetime | None:
        """Return when the device says that it made the file, where that is a time."""
        try:
            told = datetime.fromisoformat(self.made_at)
        except ValueError:
            return None
        return told if told.tzinfo is not None else told.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of one answer of a file."""

    held: Held
    outcome: Outcome

    @property
    def is_saved(self) -> bool:
        return isinstance(self.outcome, Saved)


@dataclass(frozen=True, slots=True)
class Remarked:
    """What came of one comment of a file; without a refusal it is saved."""

    remark: Remark
    refusal: Refusal | None


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came of a file."""

    answers: list[Replayed]
    remarks: list[Remarked]


def read(source: bytes, sittings: QuerySet[Sitting]) -> Opened:
    """Open a file of a session in one of the sittings; raises Refusal."""
    try:
        envelope = sealing.open_envelope(source)
    except EnvelopeError as error:
        raise Refusal(Reason.EXPORT_UNREADABLE) from error
    found = _desk_of(envelope, sittings)
    rows = {row.key: row for row in found.rows}
    held = [_held(found, rows[one["item"]], one) for one in _listed(envelope, "answers", rows)]
    held.sort(key=lambda one: one.number)
    texts = comments.of(found.session.pk)
    told = [
        _remark(found, rows[one["item"]], one, texts) for one in _listed(envelope, "comments", rows)
    ]
    told.sort(key=lambda one: one.number)
    return Opened(found.session, envelope.made_at, sha256(source).hexdigest(), held, told)


def _listed(envelope: Envelope, name: str, rows: dict[str, ItemSession]) -> list[dict[str, Any]]:
    """Return what a file holds of items that the session has."""
    entries = envelope.content.get(name, [])
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise Refusal(Reason.EXPORT_UNREADABLE)
    return [one for one in entries[:MOST] if one.get("item") in rows]


def _desk_of(envelope: Envelope, sittings: QuerySet[Sitting]) -> Desk:
    """Return the desk that the file is bound to: its session, and that session's candidate."""
    try:
        known = AssessmentSession.objects.filter(sitting__in=sittings.order_by())
        session = known.get(pk=UUID(envelope.session))
    except (ValueError, AssessmentSession.DoesNotExist) as error:
        raise Refusal(Reason.EXPORT_FOREIGN) from error
    if str(session.candidate_id) != envelope.candidate:
        raise Refusal(Reason.EXPORT_FOREIGN)
    return desk.read(session.pk)


def _held(found: Desk, row: ItemSession, entry: dict[str, Any]) -> Held:
    item = bank.item(row.item_version_id)
    raw = posted.read(item, _pairs(entry)).raw
    return Held(
        item=row.key,
        number=found.route.index(row.key) + 1,
        title=item.title,
        written_at=_instant(entry.get("written_ms")),
        said=wording.answer(item, raw),
        saved=wording.answer(item, row.response),
        entry=entry,
    )


def _remark(found: Desk, row: ItemSession, entry: dict[str, Any], texts: dict[str, str]) -> Remark:
    text = entry.get("comment")
    if not isinstance(text, str):
        raise Refusal(Reason.EXPORT_UNREADABLE)
    sender = Sender(
        writer=_name(entry.get("writer")),
        client_seq=_whole(entry.get("client_seq")),
        epoch=_whole(entry.get("epoch"), most=2**31),
    )
    return Remark(
        item=row.key,
        number=found.route.index(row.key) + 1,
        title=bank.item(row.item_version_id).title,
        written_at=_instant(entry.get("written_ms")),
        text=text,
        saved=texts.get(row.key, ""),
        sender=sender,
    )


def _pairs(entry: dict[str, Any]) -> list[Any]:
    value = entry.get("value")
    if not isinstance(value, list):
        raise Refusal(Reason.EXPORT_UNREADABLE)
    return value


def _instant(ms: Any) -> datetime | None:
    if type(ms) is not int or not 0 <= ms < LAST_MS:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC)


def replay(opened: Opened, *, by: User, at: datetime) -> Arrived:
    """Let all of it arrive now: what is known is found, what is late is kept aside."""
    who = interventions.actor(by)
    with transaction.atomic():
        found = desk.lock(opened.session.pk)
        outcomes = [responses.save([_save(found, one, who, at)])[0] for one in opened.answers]
        done = [Replayed(*pair) for pair in zip(opened.answers, outcomes, strict=True)]
        _note_written(done)
        told = [Remarked(one, _why_not(found, one, who, at)) for one in opened.remarks]
        saved = sum(one.is_saved for one in done)
        journal.record(
            facts.ExportOpened(
                **found.head(who, at),
                sha256=opened.sha256,
                answers=len(done),
                saved=saved,
                kept=len(done) - saved,
                comments=len(told) or None,
            )
        )
    return Arrived(done, told)


def _why_not(found: Desk, remark: Remark, by: str, at: datetime) -> Refusal | None:
    """Save a comment as one that is sent; return why it was not, which may be that it is late."""
    try:
        comments.save(found.session.pk, remark.item, remark.text, at, by=by, sender=remark.sender)
    except Refusal as refusal:
        return refusal
    return None


def _save(found: Desk, held: Held, by: str, at: datetime) -> Save:
    entry, definition = held.entry, found.definition(held.item)
    read = posted.read(definition, _pairs(entry))
    return Save(
        session_id=found.session.pk,
        item=held.item,
        raw=read.raw,
        strays=read.strays,
        key=_name(entry.get("key")) or _key_of(held),
        received_at=at,
        by=by,
        base_revision=_whole(entry.get("base_revision")),
        client_seq=_whole(entry.get("client_seq")),
        epoch=_whole(entry.get("epoch"), most=2**31),
        writer=_name(entry.get("writer")),
    )


def _key_of(held: Held) -> str:
    """Return a key for an answer whose page gave none: the same file gives the same one."""
    return sha256(repr(held.entry).encode()).hexdigest()


def _whole(value: Any, *, most: int = 2**53) -> int:
    return value if type(value) is int and 0 <= value < most else 0


def _name(value: Any) -> str:
    """A name that were cut could be another's."""
    return value if type(value) is str and len(value) <= LONGEST_NAME else ""


def _note_written(done: list[Replayed]) -> None:
    for one in done:
        kept_as = getattr(one.outcome, "kept_as", None)
        if kept_as is not None:
            Quarantine.objects.filter(pk=kept_as).update(written_at=one.held.written_at)
