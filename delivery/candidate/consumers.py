"""The candidate's socket: answers in, acknowledgements, clock and commands out.

The socket informs and the database decides: whatever is lost here is asked for again over HTTP.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
from contextlib import suppress
from datetime import datetime
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from autobahn.exception import Disconnected
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.utils import timezone

from assembly import bank
from assembly.qti.item import AssessmentItem
from delivery.candidate import door, frames, vigil, words
from delivery.facts import hub, journal
from delivery.models import AssessmentSession
from delivery.queries import sight
from delivery.queries.gathering import Gathering
from delivery.rules import protocol
from delivery.rules.protocol import (
    Answer,
    Claim,
    Events,
    Incoming,
    Outgoing,
    Ping,
    SaveProgress,
    SessionMessage,
)
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import lane, tally
from delivery.saving.lane import SaveFailedError
from delivery.seat import leases, presence
from delivery.session import desk, expiry, sessions
from delivery.session.desk import Desk
from integrity.seb import Mode

logger = logging.getLogger(__name__)

SYNC_SECONDS: Final = 30.0
ASK_TOGETHER: Final = 0.5
HEARTBEAT_SECONDS: Final = 10.0
# A page that reloads is back within this; only a longer silence is a fact.
DEBOUNCE_SECONDS: Final = 4.0
# At the instant itself a save still counts; right after it, nothing does.
AFTER_SECONDS: Final = 0.002
AGAIN_SECONDS: Final = 0.02
DUE: Final = protocol.Due()
NOT_YOURS: Final = 4404
TOO_FAST: Final = 4429
NO_HINTS: Final = 4503
MOST_A_MINUTE: Final = 600
# These change nothing that a candidate's page shows of itself.
SILENT: Final = frozenset(
    {"item.entered", "item.flagged", "item.attempted", "item.selected", "response.quarantined"}
)


class CandidateConsumer(AsyncWebsocketConsumer):
    """One page of one candidate."""

    session_id: UUID
    by: str
    writer: str
    epoch: int
    device: str
    items: dict[str, int]
    # How the session stood when this page was last told.
    seen: tuple[str, bool, int]

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Call the handler without Channels' thread hop per message: it costs half the time."""
        handler = getattr(self, message["type"].replace(".", "_"), None)
        if handler is None:
            logger.warning("No handler for the message %s.", message["type"])
            return
        await handler(message)

    async def connect(self) -> None:
        self.session_id = self.scope["url_route"]["kwargs"]["session_id"]
        self.writer, self.epoch, self.items = "", 0, {}
        self.device = door.device_in(self.scope.get("cookies", {}))
        self.tasks: list[asyncio.Task[None]] = []
        self.alarm: asyncio.TimerHandle | None = None
        # The version of the session's end that the page was told of.
        self.ended = -1
        self.heard = self.window_began = asyncio.get_running_loop().time()
        self.in_window = 0
        user = self.scope.get("user")
        key, sign_in = getattr(user, "pk", None), self.scope.get("session")
        candidate = await _candidate_of(self.session_id, key, sign_in)
        if candidate is None:
            await self.close(code=NOT_YOURS)
            return
        self.by = f"candidate:{candidate}"
        group = journal.session_group(self.session_id)
        if not await hub.join(self.channel_layer, group, self.channel_name, self._hear_at_once):
            # Over HTTP the page asks by itself until a socket can hear of a pause again.
            await self.close(code=NO_HINTS)
            return
        await self.accept()
        tally.here.sockets["candidate"] += 1
        await self._tell_all()
        self.tasks.append(asyncio.create_task(self._stream_clock()))
        vigil.begin(self)

    async def disconnect(self, code: int) -> None:
        if not hasattr(self, "by"):
            return
        tally.here.sockets["candidate"] -= 1
        vigil.end(self)
        for task in self.tasks:
            task.cancel()
        if self.alarm is not None:
            self.alarm.cancel()
        group = journal.session_group(self.session_id)
        await hub.leave(self.channel_layer, group, self.channel_name)
        now = timezone.now()
        if self.writer:
            await database_sync_to_async(leases.left)(self.session_id, self.writer, now)
        vigil.later(_note_silence(self.session_id, now))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        if not self._may_speak():
            await self.close(code=TOO_FAST)
            return
        try:
            message = protocol.read(text_data or "")
        except Refusal as refusal:
            await self._tell(frames.refused("", "", 0, refusal))
            return
        try:
            await self._hear(message)
        except Refusal as refusal:
            item, key = getattr(message, "item", ""), getattr(message, "key", "")
            seq = getattr(message, "client_seq", 0)
            await self._tell(frames.refused(item, key, seq, refusal))

    def _may_speak(self) -> bool:
        """Bound how much one page can ask for; a page of ours stays far below."""
        now = asyncio.get_running_loop().time()
        if now - self.window_began > 60:
            self.window_began, self.in_window = now, 0
        self.in_window += 1
        return self.in_window <= MOST_A_MINUTE

    async def _hear(self, message: Incoming) -> None:
        match message:
            case Answer():
                await self._save(message)
            case Ping():
                await self._pong(message)
            case Claim():
                await self._claim(message)
            case Events():
                await self._events(message)
            case SaveProgress():
                await self._progress(message)

    async def _save(self, answer: Answer) -> None:
        at = timezone.now()
        definition = await self._definition(answer.item)
        save = frames.save_of(answer, definition, self.session_id, self.by, at, self.device)
        try:
            result = await lane.saved(save)
        except SaveFailedError:
            # Nothing was committed, so nothing is said: the page sends it again.
            return
        for told in frames.outcomes(save, result):
            await self._tell(told)

    async def _definition(self, key: str) -> AssessmentItem:
        """Return an item of this session; what is not in it does not exist."""
        if key not in self.items:
            self.items = await _item_versions(self.session_id)
        if key not in self.items:
            raise Refusal(Reason.NO_SUCH_ITEM)
        version = self.items[key]
        # Only what this process has not read yet is worth a thread.
        item: AssessmentItem = bank.known_item(version) or await _item(version)
        return item

    async def _pong(self, ping: Ping) -> None:
        at = timezone.now()
        told = protocol.Pong(sent=ping.sent, server_time=at.isoformat(timespec="milliseconds"))
        await self._tell(told)
        loop_time = asyncio.get_running_loop().time()
        if loop_time - self.heard >= HEARTBEAT_SECONDS / 2:
            self.heard = loop_time
            await _heartbeats.ask(self.session_id)

    async def _claim(self, asked: Claim) -> None:
        agent = dict(self.scope["headers"]).get(b"user-agent", b"").decode("latin-1")
        asker = frames.asker_of(asked, self.device, words.device_of(agent))
        told = await database_sync_to_async(frames.claimed)(
            self.session_id, asked, asker, self.by, timezone.now()
        )
        self.writer, self.epoch = asker.writer, told.epoch
        await self._tell(told)

    async def _events(self, asked: Events) -> None:
        report = database_sync_to_async(_report)
        told = await report(self.session_id, asked.events, self.by, timezone.now())
        if told is not None:
            await self._tell(told)

    async def _progress(self, asked: SaveProgress) -> None:
        """Tell the truth; with `leave`, stop the clock first, which the group then hears."""
        if asked.leave:
            await database_sync_to_async(sessions.pause)(
                self.session_id, paused_by="candidate", reason="", by=self.by, at=timezone.now()
            )
            return
        await self._tell_clock(await self._desk())

    def _hear_at_once(self, message: dict[str, Any]) -> bool:
        """Take words that went to many: their order among other hints does not matter."""
        if message.get("what") != "message.sent":
            return False
        vigil.later(self._tell_messages())
        return True

    async def session_changed(self, message: dict[str, Any]) -> None:
        """A hint that something changed: read it again and say what this page must know."""
        what = message.get("what", "")
        if what in SILENT:
            if what == "item.entered":
                self._set_alarm(await self._desk())
            return
        if what == "message.sent":
            await self._tell_messages()
            return
        if what == "session.expired" and self.ended >= 0:
            return  # the page's own alarm was quicker
        found = await self._desk()
        self._set_alarm(found)
        self.seen = vigil.standing(found)
        if what == "lease.claimed":
            await self._tell_lease(found)
            return
        at = timezone.now()
        if found.session.is_ended:
            await self._tell_ended(found)
            return
        if what in frames.MOVING:
            await self._tell(await database_sync_to_async(frames.moved)(found, at))
        elif what == "help.answered":
            await self._tell(frames.unmoved(found.session))
        await self._tell_clock(found)

    async def look(self) -> None:
        """See what no hint can tell now: where the session stands, who writes, what was written."""
        found = await self._desk()
        before, self.seen = self.seen, vigil.standing(found)
        await self._tell_messages()
        if before == self.seen:
            return
        await self._tell_lease(found)
        if before[:2] != self.seen[:2]:
            await self._tell(await database_sync_to_async(frames.moved)(found, timezone.now()))
        await self._tell_clock(found)

    async def _tell_lease(self, found: Desk) -> None:
        if self.epoch and found.session.epoch != self.epoch:
            await self._tell(frames.elsewhere(found.session))

    async def _tell_all(self) -> None:
        found = await self._desk()
        self.seen = vigil.standing(found)
        await self._tell_clock(found)
        await self._tell(frames.unmoved(found.session))
        await self._tell_messages()
        await _heartbeats.ask(self.session_id)

    async def _tell_messages(self) -> None:
        for message in await _messages.ask(self.session_id):
            await self._tell(message)

    async def _tell_clock(self, found: Desk) -> None:
        self._set_alarm(found)
        await self._tell(frames.timer(found, timezone.now()))

    async def _stream_clock(self) -> None:
        """Send the clock every 30 s, spread so that a thousand pages do not ask at once."""
        while True:
            wait = SYNC_SECONDS * random.uniform(0.8, 1.0)  # noqa: S311 - only spreads
            # On the same half seconds everywhere, so that those who wake together ask together.
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(math.ceil((now + wait) / ASK_TOGETHER) * ASK_TOGETHER - now)
            await self._tell_clock(await self._desk())

    def _set_alarm(self, found: Desk) -> None:
        """Wake when something is due; whoever wakes first closes, all others find it closed."""
        if self.alarm is not None:
            self.alarm.cancel()
            self.alarm = None
        due = found.session.due_at
        if due is None or not found.session.is_open:
            return
        self.ended = -1
        wait = (due - timezone.now()).total_seconds() + AFTER_SECONDS
        loop = asyncio.get_running_loop()
        self.alarm = loop.call_later(max(AGAIN_SECONDS, wait), self._ring)

    def _ring(self) -> None:
        self.tasks = [task for task in self.tasks if not task.done()]
        self.tasks.append(asyncio.create_task(self._close_due()))

    async def _close_due(self) -> None:
        """Tell the page at once, then let the database decide and tell what it decided."""
        await self._tell(DUE)
        found = await _closings.ask(self.session_id)
        if found.session.is_ended:
            await self._tell_ended(found)
        self._set_alarm(found)

    async def _tell_ended(self, found: Desk) -> None:
        """Tell the end once: the alarm and the hint of the one who closed both lead here."""
        if self.ended != found.session.version:
            self.ended = found.session.version
            await self._tell(frames.ended(found.session))
            await self._tell_clock(found)

    async def _desk(self) -> Desk:
        return await _desks.ask(self.session_id)

    async def _tell(self, message: Outgoing) -> None:
        # A page that has just gone asks again when it is back.
        with suppress(Disconnected):
            await self.send(text_data=message.frame())


def _read(session_ids: list[UUID]) -> dict[UUID, Desk]:
    """Read desks with what a frame needs of them, so that the loop asks the database nothing."""
    at, found = timezone.now(), {}
    for session in sight.of_many(session_ids):
        found[session.pk] = Desk(session, None)
        found[session.pk].reading(at)
    return found


def _close(session_ids: list[UUID]) -> dict[UUID, Desk]:
    expiry.close(session_ids, timezone.now())
    return _read(session_ids)


def _note_seen(session_ids: list[UUID]) -> dict[UUID, None]:
    presence.seen_all(session_ids, timezone.now())
    return dict.fromkeys(session_ids)


def _note_lost(silent: list[tuple[UUID, datetime]]) -> dict[tuple[UUID, datetime], None]:
    # Of two pages of one session the one that was there last counts.
    presence.lost_unless_back(dict(sorted(silent, key=itemgetter(1))))
    return dict.fromkeys(silent)


# Ten thousand sockets ask the same few things, often in the same moment.
_desks: Final = Gathering(_read)
_messages: Final = Gathering(frames.unread_of_many)
_closings: Final = Gathering(_close)
_heartbeats: Final = Gathering(_note_seen)
_silences: Final = Gathering(_note_lost)


def _report(
    session_id: UUID, reported: list[dict[str, Any]], by: str, at: datetime
) -> SessionMessage | None:
    events = frames.client_events(reported)
    follows = presence.client_events(session_id, events, at, by=by)
    if follows is None:
        return None
    found = desk.read(session_id)
    return frames.rule(found.session, follows, found, at)


@database_sync_to_async
def _candidate_of(session_id: UUID, user_id: int | None, sign_in: Any) -> int | None:
    """Return the candidate whose session this is, if the user is that candidate.

    The sign-in must have shown the browser that the session needs, too.
    """
    own = AssessmentSession.objects.filter(pk=session_id, candidate__user_id=user_id or 0)
    session = own.select_related("lockdown").defer("plan", "outcomes").first()
    if session is None:
        return None
    needs_browser = session.lockdown is not None and session.lockdown.seb_mode == Mode.REQUIRED
    if needs_browser and not door.may_listen(sign_in, session, timezone.now()):
        return None
    return session.candidate_id


@database_sync_to_async
def _item(item_version_id: int) -> AssessmentItem:
    return bank.item(item_version_id)


@database_sync_to_async
def _item_versions(session_id: UUID) -> dict[str, int]:
    rows = AssessmentSession.objects.filter(pk=session_id)
    return dict(rows.values_list("item_sessions__key", "item_sessions__item_version_id"))


async def _note_silence(session_id: UUID, since: datetime) -> None:
    """After a while, note that no page of the session was heard since `since`."""
    await asyncio.sleep(DEBOUNCE_SECONDS)
    await _silences.ask((session_id, since))
