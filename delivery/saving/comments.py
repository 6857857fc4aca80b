"""Candidates' comments on items (QTI allow-comment): saved like an answer, told as a digest."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.db import transaction

from delivery.facts import events, journal
from delivery.models import CandidateComment, ItemSession
from delivery.rules import legible, navigation, refusals
from delivery.rules.refusals import Permission, Reason, Refusal
from delivery.session import desk, sessions
from delivery.session.desk import Desk

LONGEST: Final = 4000


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
    found = CandidateComment.objects.filter(item_session__session=session_id).exclude(text="")
    return dict(found.values_list("item_session__key", "text"))


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment as staff read it, with the item's number in the candidate's test."""

    number: int
    key: str
    text: str
    saved_at: datetime


def listed(session_id: UUID) -> list[Comment]:
    """Return the comments of a session in the order of its items."""
    found = CandidateComment.objects.filter(item_session__session=session_id).exclude(text="")
    rows = found.select_related("item_session").order_by("item_session__position")
    return [
        Comment(row.item_session.position + 1, row.item_session.key, row.text, row.saved_at)
        for row in rows
    ]


def on(row: ItemSession) -> str:
    """Return the comment on one item, "" where there is none."""
    found = CandidateComment.objects.filter(item_session=row).first()
    return found.text if found else ""


def save(session_id: UUID, key: str, text: str, at: datetime, *, by: str) -> bool:
    """Keep a comment in the place of the last one; False where nothing changed. Raises Refusal."""
    text = legible.text(text.replace("\r\n", "\n").strip())
    if len(text) > LONGEST:
        raise Refusal(Reason.TOO_LARGE, {"limit": str(LONGEST)})
    with transaction.atomic():
        found = desk.lock(session_id)
        sessions.settle(found, at)
        sessions.running(found, at).demand()
        may_comment(found, key).demand()
        row = found.item(key)
        if on(row) == text:
            return False
        _keep(found, row, text, at, by)
    return True


def _keep(found: Desk, row: ItemSession, text: str, at: datetime, by: str) -> None:
    salt = secrets.token_hex(16)
    digest = sha256(salt.encode() + text.encode()).hexdigest()
    before = CandidateComment.objects.filter(item_session=row).first()
    revision = before.revision + 1 if before else 1
    CandidateComment.objects.update_or_create(
        item_session=row,
        defaults={"text": text, "salt": salt, "revision": revision, "saved_at": at},
    )
    head = found.head(by, at)
    journal.record(events.ItemCommented(**head, item=row.key, revision=revision, digest=digest))
