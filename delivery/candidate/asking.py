"""What sockets ask the database: ten thousand ask the same few things, often in the same moment."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from channels.db import database_sync_to_async
from django.utils import timezone

from assembly import bank
from assembly.qti.item import AssessmentItem
from delivery.candidate import backend, door, frames, gate
from delivery.models import AssessmentSession
from delivery.queries import plans, sight
from delivery.queries.gathering import Gathering
from delivery.rules.protocol import SessionMessage
from delivery.seat import presence
from delivery.session import desk, expiry
from delivery.session.desk import Desk
from integrity.policy.seb import Mode

# A session, and the key of the sign-in that asks for it.
Asked = tuple[UUID, str | None]
# A page that reloads is back within this; only a longer silence is a fact.
DEBOUNCE_SECONDS: Final = 4.0


def _read(session_ids: list[UUID]) -> dict[UUID, Desk]:
    return _desks_of(sight.of_many(session_ids))


def _desks_of(sessions: list[AssessmentSession]) -> dict[UUID, Desk]:
    """Return desks with what a frame needs of them, so that the loop asks the database nothing."""
    at, found = timezone.now(), {}
    for session in sessions:
        found[session.pk] = Desk(session, None)
        if not session.is_ended:
            found[session.pk].reading(at)
    return found


def _close(session_ids: list[UUID]) -> dict[UUID, Desk]:
    return _desks_of(expiry.close(session_ids, timezone.now()))


def _note_seen(session_ids: list[UUID]) -> dict[UUID, None]:
    presence.seen_all(session_ids, timezone.now())
    return dict.fromkeys(session_ids)


def _note_lost(silent: list[tuple[UUID, datetime]]) -> dict[tuple[UUID, datetime], None]:
    # Of two pages of one session the one that was there last counts.
    presence.lost_unless_back(dict(sorted(silent, key=itemgetter(1))))
    return dict.fromkeys(silent)


desks: Final = Gathering(_read)
messages: Final = Gathering(frames.unread_of_many)
heartbeats: Final = Gathering(_note_seen)
_silences: Final = Gathering(_note_lost)


async def note_silence(session_id: UUID, since: datetime) -> None:
    """After a while, note that no page of the session was heard since `since`."""
    await asyncio.sleep(DEBOUNCE_SECONDS)
    await _silences.ask((session_id, since))


# One prepares its statements while another's are carried out, and a third may wait for a late save.
# Not the thread that all share: who asks for something else need not wait for them.
CLOSERS: Final = ThreadPoolExecutor(3, thread_name_prefix="closers")


async def close(session_ids: list[UUID]) -> dict[UUID, Desk]:
    """Look whether time has decided something about sessions, and return how they then stand."""
    closing = database_sync_to_async(_close, thread_sensitive=False, executor=CLOSERS)
    found: dict[UUID, Desk] = await closing(session_ids)
    return found


@database_sync_to_async
def report(
    session_id: UUID, reported: list[dict[str, Any]], by: str, at: datetime
) -> SessionMessage | None:
    """Record what a page noticed, and return what the candidate sees where a rule fires."""
    events = frames.client_events(reported)
    follows = presence.client_events(session_id, events, at, by=by)
    if follows is None:
        return None
    found = desk.read(session_id)
    return frames.rule(found.session, follows, found, at)


def _open(asked: list[Asked]) -> dict[Asked, Desk | None]:
    return {one: _opened(*one) for one in asked}


def _opened(session_id: UUID, session_key: str | None) -> Desk | None:
    """Return how a session stands, to a sign-in of its owner alone.

    The sign-in must have shown the browser that the session needs, too.
    """
    request = backend.signed_in(session_key)
    gate.recognise(request, session_id)
    found: Desk | None = getattr(request, "desk", None)
    if found is None:
        return None
    lockdown = found.session.lockdown
    needs_browser = lockdown is not None and lockdown.seb_mode == Mode.REQUIRED
    if needs_browser and not door.may_listen(request.session, found.session, timezone.now()):
        return None
    found.reading(timezone.now())
    # An answer asks for both, in the loop.
    bank.pins(found.sitting.test_version_id)
    plans.known(found.session)
    return found


openings: Final = Gathering(_open)


def known_version(session_id: UUID, test_version_id: int, key: str) -> int | None:
    """Return the version of an item of a session, where this process has read the plan."""
    planned, pins = plans.item_of(session_id, key), bank.known_pins(test_version_id)
    return None if planned is None or pins is None else pins[planned.ref]


def known_item(session_id: UUID, test_version_id: int, key: str) -> AssessmentItem | None:
    """Return an item of a session that this process has read, without asking anybody."""
    version = known_version(session_id, test_version_id, key)
    return None if version is None else bank.known_item(version)


@database_sync_to_async
def item(item_version_id: int) -> AssessmentItem:
    return bank.item(item_version_id)


@database_sync_to_async
def item_versions(session_id: UUID) -> dict[str, int]:
    """Return the session's items by their keys."""
    rows = AssessmentSession.objects.filter(pk=session_id)
    return dict(rows.values_list("item_sessions__key", "item_sessions__item_version_id"))
