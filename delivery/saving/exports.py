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
from delivery.saving import posted, responses
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
class Opened:
    """A file that belongs to a session of ours."""

    session: AssessmentSession
    made_at: str
    sha256: str
    answers: list[Held]

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


def read(source: bytes, sittings: QuerySet[Sitting]) -> Opened:
    """Open a file of a session in one of the sittings; raises Refusal."""
    try:
        envelope = sealing.open_envelope(source)
    except EnvelopeError as error:
        raise Refusal(Reason.EXPORT_UNREADABLE) from error
    found = _desk_of(envelope, sittings)
    entries = envelope.content.get("answers", [])
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise Refusal(Reason.EXPORT_UNREADABLE)
    rows = {row.key: row for row in found.rows}
    held = [_held(found, rows, one) for one in entries[:MOST] if one.get("item") in rows]
    held.sort(key=lambda one: one.number)
    return Opened(found.session, envelope.made_at, sha256(source).hexdigest(), held)


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


def _held(found: Desk, rows: dict[str, ItemSession], entry: dict[str, Any]) -> Held:
    row = rows[entry["item"]]
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


def _pairs(entry: dict[str, Any]) -> list[Any]:
    value = entry.get("value")
    if not isinstance(value, list):
        raise Refusal(Reason.EXPORT_UNREADABLE)
    return value


def _instant(ms: Any) -> datetime | None:
    if type(ms) is not int or not 0 <= ms < LAST_MS:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC)


def replay(opened: Opened, *, by: User, at: datetime) -> list[Replayed]:
    """Let each answer arrive now: what is known is found, what is late is quarantined."""
    who = interventions.actor(by)
    with transaction.atomic():
        found = desk.lock(opened.session.pk)
        outcomes = [responses.save([_save(found, one, who, at)])[0] for one in opened.answers]
        done = [Replayed(*pair) for pair in zip(opened.answers, outcomes, strict=True)]
        _note_written(done)
        saved = sum(one.is_saved for one in done)
        journal.record(
            facts.ExportOpened(
                **found.head(who, at),
                sha256=opened.sha256,
                answers=len(done),
                saved=saved,
                kept=len(done) - saved,
            )
        )
    return done


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
