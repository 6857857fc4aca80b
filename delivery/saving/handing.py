"""Files handed in as answers: the bytes are kept once, the answer names them by their hash."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import ClassVar
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Sum

from assembly.qti import interactions_other
from assembly.qti.values import RawResponses
from delivery.facts import journal
from delivery.facts.events import Fact
from delivery.models import AnswerFile
from delivery.rules import legible, navigation, refusals
from delivery.rules.refusals import GRANTED, Permission, Reason
from delivery.session import desk, sessions

UNKNOWN = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHandedIn(Fact):
    """A file arrived for an answer, which names it by its hash; the digest is salted."""

    kind: ClassVar[str] = "file.handed_in"
    item: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Handed:
    """A file as it came: its bytes and what the browser says about them."""

    name: str
    media_type: str
    content: bytes


def may_hand_in(size: int, so_far: int) -> Permission:
    """Ask whether a file of a size may be added to what a session holds, in bytes."""
    if size > settings.ANSWER_FILE_BYTES:
        return refusals.refuse(Reason.FILE_TOO_LARGE, limit=_words(settings.ANSWER_FILE_BYTES))
    if size + so_far > settings.ANSWER_FILES_BYTES:
        return refusals.refuse(Reason.FILES_TOO_MANY, limit=_words(settings.ANSWER_FILES_BYTES))
    return GRANTED


def _words(size: int) -> str:
    return f"{size / 1_000_000:g} MB"


def keep(session_id: UUID, key: str, handed: Handed, at: datetime, *, by: str) -> str:
    """Keep a file for an answer and return how the answer names it; raises Refusal."""
    digest, size = sha256(handed.content).hexdigest(), len(handed.content)
    name = legible.text(handed.name)[:200] or "file"
    media_type = (handed.media_type or UNKNOWN)[:100]
    with transaction.atomic():
        found = desk.lock(session_id)
        sessions.settle(found, at)
        sessions.running(found, at).demand()
        navigation.may_answer(found.route, key).demand()
        held = AnswerFile.objects.filter(session=session_id)
        if not held.filter(sha256=digest).exists():
            so_far = held.aggregate(all=Sum("size"))["all"] or 0
            may_hand_in(size, so_far).demand()
            held.create(
                session_id=session_id,
                sha256=digest,
                media_type=media_type,
                name=name,
                size=size,
                content=handed.content,
                received_at=at,
            )
            salted = sha256(secrets.token_bytes(16) + handed.content).hexdigest()
            head = found.head(by, at)
            journal.record(FileHandedIn(**head, item=key, size=size, digest=salted))
    return interactions_other.reference(digest, media_type, size, name)


def are_here(session_id: UUID, raw: RawResponses) -> bool:
    """Tell whether every file that an answer names was handed in to its session."""
    named = set(_named(raw))
    if not named:
        return True
    held = AnswerFile.objects.filter(session=session_id, sha256__in=named)
    return held.count() == len(named)


def names_any(raw: RawResponses) -> bool:
    """Tell whether an answer names a file."""
    return next(_named(raw), None) is not None


def _named(raw: RawResponses) -> Iterator[str]:
    for value in raw.values():
        for text in [value] if isinstance(value, str) else value or ():
            if digest := interactions_other.referred(text):
                yield digest


def listed(session_id: UUID) -> list[AnswerFile]:
    """Return the files of a session without their bytes, in the order in which they came."""
    return list(AnswerFile.objects.filter(session=session_id).defer("content"))


def read(session_id: UUID, digest: str) -> AnswerFile | None:
    return AnswerFile.objects.filter(session=session_id, sha256=digest).first()
