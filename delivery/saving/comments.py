"""Candidates' comments on items (QTI allow-comment): saved like an answer, told as a digest.

One that comes too late, or from a page that may not write any more, is kept aside with the reason,
as such answers are, and is never merged.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from assembly.qti.values import Raw
from delivery.facts import events, journal
from delivery.models import AssessmentSession, CandidateComment, ItemSession, Quarantine, State
from delivery.rules import admissibility, legible, navigation, refusals, writers
from delivery.rules.refusals import Permission, Reason, Refusal
from delivery.saving import responses
from delivery.session import desk, sessions
from delivery.session.desk import Desk

LONGEST: Final = 4000
# Stands before the reason of a comment in quarantine, which has answers otherwise.
ASIDE: Final = "comment."
LATE: Final = frozenset(
    {
        Reason.PAUSED,
        Reason.CLOSED,
        Reason.TERMINATED,
        Reason.OUT_OF_TIME,
        Reason.ITEM_CLOSED,
        Reason.PART_ENDED,
        Reason.LEASE_LOST,
    }
)


@dataclass(frozen=True, slots=True)
class Sender:
    """Which page sent a comment, and as its how manieth; a form without script says nothing."""

    writer: str = ""
    client_seq: int = 0
    epoch: int = 0
    device: str = ""


NOBODY: Final = Sender()


def may_comment(at_desk: Desk, key: str) -> Permission:
    """Ask whether the candidate may write to those who mark the item now."""
    answering = navigation.may_answer(at_desk.route, key)
    if not answering:
        return answering
    if not at_desk.outline.control(at_desk.planned(key)).allow_comment:
        return refusals.refuse(Reason.NO_COMMENTS)
    return answering


def of(session_id: UUID) -> dict[str, str]:
    """Return the comments of a session by item key; a comment taken back is not among them."""
    return dict(_comments(session_id).values_list("item_session__key", "text"))


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as staff read it, with the item's number in the candidate's test.

    `late` is why it was kept aside, "" for one that is part of the test.
    """

    number: int
    key: str
    text: str
    saved_at: datetime
    late: str = ""


def listed(session_id: UUID) -> list[Comment]:
    """Return the comments of a session in the order of its items, late ones after the others."""
    places = {row.key: row for row in ItemSession.objects.filter(session=session_id)}
    texts = {row.item_session_id: row for row in _comments(session_id)}
    told = [
        Comment(row.position + 1, row.key, texts[row.pk].text, texts[row.pk].saved_at)
        for row in places.values()
        if row.pk in texts
    ]
    told += [
        Comment(
            places[kept.item_key].position + 1,
            kept.item_key,
            kept.value["comment"],
            kept.received_at,
            kept.reason,
        )
        for kept in Quarantine.objects.filter(session=session_id, reason__startswith=ASIDE)
        # Of an erased person there is no text left.
        if kept.value.get("comment")
    ]
    return sorted(told, key=lambda one: one.number)


def _comments(session_id: UUID) -> QuerySet[CandidateComment]:
    return CandidateComment.objects.filter(item_session__session=session_id).exclude(text="")


def on(row: ItemSession) -> str:
    """Return the comment on one item, "" where there is none."""
    found = CandidateComment.objects.filter(item_session=row).first()
    return found.text if found else ""


def save(
    session_id: UUID, key: str, text: str, at: datetime, *, by: str, sender: Sender = NOBODY
) -> bool:
    """Keep a comment in the place of the last one; False where nothing changed.

    Raises Refusal; COMMENT_LATE is raised after the comment was kept aside.
    """
    text = legible.text(text.replace("\r\n", "\n").strip())
    if len(text) > LONGEST:
        raise Refusal(Reason.TOO_LARGE, {"limit": str(LONGEST)})
    with transaction.atomic():
        found = desk.lock(session_id)
        sessions.settle(found, at)
        row = found.item(key)
        before = CandidateComment.objects.filter(item_session=row).first()
        refusal = _why_not(found, key, at, sender)
        is_known = (before.text if before else "") == text or _is_overtaken(before, sender)
        if is_known and (refusal is None or refusal.reason in LATE):
            return False
        if refusal is None:
            _keep(found, row, before, text, at, by, sender)
            return True
        if not (text and refusal.reason in LATE and _keep_aside(found, key, text, at, by, refusal)):
            raise refusal
    raise Refusal(Reason.COMMENT_LATE)


def _is_overtaken(before: CandidateComment | None, sender: Sender) -> bool:
    """A message that was long on its way brings nothing back that its page has changed since."""
    if before is None:
        return False
    newer = writers.is_newer(sender.writer, sender.client_seq, before.writer, before.client_seq)
    return newer is False


def _why_not(found: Desk, key: str, at: datetime, sender: Sender) -> Refusal | None:
    if not found.outline.control(found.planned(key)).allow_comment:
        return Refusal(Reason.NO_COMMENTS)
    if found.session.state == State.EXPIRED:
        return Refusal(Reason.OUT_OF_TIME)
    running = _running(found, at).refusal
    if running is not None or _holds(found.session, sender):
        return running or may_comment(found, key).refusal
    return Refusal(Reason.LEASE_LOST)


def _running(found: Desk, at: datetime) -> Permission:
    """What was on its way at a pause counts, as an answer does."""
    paused_at = found.session.paused_at
    if paused_at is not None and at <= paused_at + admissibility.PAUSE_FLUSH:
        return refusals.GRANTED
    return sessions.running(found, at)


def _holds(session: AssessmentSession, sender: Sender) -> bool:
    return writers.may_write(
        is_holder=not sender.device or session.lease_device in ("", sender.device),
        writer=sender.writer,
        epoch=sender.epoch,
        holder=session.writer,
        held_epoch=session.epoch,
    )


def _keep_aside(
    found: Desk, key: str, text: str, at: datetime, by: str, refusal: Refusal
) -> Quarantine | None:
    """Keep a comment in quarantine, the same one once; None where no more is kept there."""
    session, name = found.session, sha256(text.encode()).hexdigest()
    kept = Quarantine.objects.filter(session=session)
    same = kept.filter(item_key=key, key=name, reason__startswith=ASIDE).first()
    if same is not None or kept.count() >= responses.MOST_QUARANTINED:
        return same
    value: dict[str, Raw] = {"comment": text}
    salt, digest = responses.salted(value)
    reason = f"{ASIDE}{refusal.reason}"
    journal.record(
        events.ResponseQuarantined(
            **found.head(by, at), item=key, reason=reason, digest=digest, key=name
        )
    )
    return Quarantine.objects.create(
        session=session,
        item_key=key,
        key=name,
        value=value,
        salt=salt,
        reason=reason,
        received_at=at,
    )


def _keep(
    found: Desk,
    row: ItemSession,
    before: CandidateComment | None,
    text: str,
    at: datetime,
    by: str,
    sender: Sender,
) -> None:
    salt = secrets.token_hex(16)
    digest = sha256(salt.encode() + text.encode()).hexdigest()
    revision = before.revision + 1 if before else 1
    told = {"text": text, "salt": salt, "revision": revision, "saved_at": at}
    page = {"writer": legible.text(sender.writer), "client_seq": sender.client_seq}
    CandidateComment.objects.update_or_create(item_session=row, defaults=told | page)
    head = found.head(by, at)
    journal.record(events.ItemCommented(**head, item=row.key, revision=revision, digest=digest))
