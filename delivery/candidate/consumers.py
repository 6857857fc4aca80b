"""The candidate's socket: answers in, acknowledgements, clock and commands out.

The socket informs and the database decides: whatever is lost here is asked for again over HTTP.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from autobahn.exception import Disconnected
from channels.db import database_sync_to_async
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.utils import timezone

from assembly.qti.item import AssessmentItem
from delivery.candidate import alarms, asking, clocks, door, express, frames, vigil, words
from delivery.candidate.clocks import Standing
from delivery.candidate.express import Express
from delivery.facts import hub, journal
from delivery.queries.sight import Stamp
from delivery.rules import framing, protocol
from delivery.rules.protocol import (
    Answer,
    Claim,
    Events,
    Incoming,
    Outgoing,
    Ping,
    SaveProgress,
)
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import lane, tally
from delivery.saving.lane import SaveFailedError
from delivery.seat import leases
from delivery.session import sessions
from delivery.session.desk import Desk

HEARTBEAT_SECONDS: Final = 10.0
DUE: Final = protocol.Due().frame()
NOT_YOURS: Final = 4404
TOO_FAST: Final = 4429
NO_HINTS: Final = 4503
MOST_A_MINUTE: Final = 600


Frame = dict[str, Any]


class CandidateConsumer(AsyncWebsocketConsumer):
    """One page of one candidate."""

    session_id: UUID
    by: str
    # How the session stood when this page was last told, and when it was last read.
    seen: tuple[str, bool, int]
    known: Standing

    async def __call__(
        self, scope: Frame, receive: Callable[[], Awaitable[Frame]], send: Callable[..., Any]
    ) -> None:
        """Hear the page alone: what Channels adds is a channel and three tasks for each socket.

        Hints come by the hub, and no message costs a change of threads.
        """
        self.scope, self.base_send = scope, send
        handlers = {
            "websocket.connect": self.websocket_connect,
            "websocket.receive": self._receive,
            "websocket.disconnect": self.websocket_disconnect,
        }
        self.turn = asyncio.Lock()
        self.alarm: alarms.Alarm | None = None
        self.is_heard = False
        self.express = Express(self)
        try:
            while True:
                message = await receive()
                async with self.turn:
                    await self.express.told()
                    await handlers[message["type"]](message)
        except StopConsumer:
            pass
        finally:
            self._let_go()

    async def connect(self) -> None:
        self.session_id = self.scope["url_route"]["kwargs"]["session_id"]
        self.writer, self.epoch = "", 0
        self.items: dict[str, int] = {}
        cookies = self.scope.get("cookies", {})
        self.device = door.device_in(cookies)
        # The version of the session's end that the page was told of.
        self.ended = -1
        self.heard, self.window_began = asyncio.get_running_loop().time(), time.monotonic()
        self.in_window = 0
        # First, so that what changes from here on is heard: in its turn, behind this.
        hears = await hub.join(journal.session_group(self.session_id), self.hear)
        sign_in = cookies.get(settings.SESSION_COOKIE_NAME)
        found = await asking.openings.ask((self.session_id, sign_in))
        if found is None:
            await self.close(code=NOT_YOURS)
            return
        if not hears:
            # Over HTTP the page asks by itself until a socket can hear of a pause again.
            await self.close(code=NO_HINTS)
            return
        self.by = f"candidate:{found.session.candidate_id}"
        self.test_version = found.sitting.test_version_id
        await self.accept()
        tally.here.sockets["candidate"] += 1
        self.is_heard = True
        clocks.begin(self)
        vigil.begin(self)
        await self._tell_all(found)
        if hear_first := self.scope.get("extensions", {}).get(express.EXTENSION):
            hear_first(self.express.take)

    async def disconnect(self, code: int) -> None:
        if not self.is_heard:
            return
        now = timezone.now()
        if self.writer:
            await database_sync_to_async(leases.left)(self.session_id, self.writer, now)
        vigil.later(asking.note_silence(self.session_id, now))

    def _let_go(self) -> None:
        """Hear nothing more and be counted no more, however the socket ended."""
        if hasattr(self, "session_id"):
            hub.leave(journal.session_group(self.session_id), self.hear)
        if self.alarm is not None:
            self.alarm.forget(self)
        if self.is_heard:
            clocks.end(self)
            vigil.end(self)
            tally.here.sockets["candidate"] -= 1

    async def _receive(self, frame: Frame) -> None:
        if not self.may_speak():
            await self.close(code=TOO_FAST)
            return
        try:
            message = protocol.read(frame.get("text") or "")
        except Refusal as refusal:
            await self._tell(frames.refused("", "", 0, refusal))
            return
        try:
            await self._hear(message)
        except Refusal as refusal:
            item, key = getattr(message, "item", ""), getattr(message, "key", "")
            seq = getattr(message, "client_seq", 0)
            await self._tell(frames.refused(item, key, seq, refusal))

    def may_speak(self) -> bool:
        """Bound how much one page can ask for; a page of ours stays far below."""
        now = time.monotonic()
        if now - self.window_began > 60:
            self.window_began, self.in_window = now, 0
        self.in_window += 1
        return self.in_window <= MOST_A_MINUTE

    async def _hear(self, message: Incoming) -> None:
        if isinstance(message, Answer):  # nearly all are, and a match asks each in turn
            await self._save(message)
            return
        match message:
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
        known = asking.known_item(self.session_id, self.test_version, answer.item)
        definition = known or await self._definition(answer.item)
        save = frames.save_of(answer, definition, self.session_id, self.by, at, self.device)
        try:
            result = await lane.saved(save)
        except SaveFailedError:
            # Nothing was committed, so nothing is said: the page sends it again.
            return
        for told in frames.outcomes(save, result):
            await self._tell(told)

    async def _definition(self, key: str) -> AssessmentItem:
        """Ask for an item of this session; what is not in it does not exist."""
        version = asking.known_version(self.session_id, self.test_version, key)
        if version is None:
            # The plan grows, or this process has not read it.
            if key not in self.items:
                self.items = await asking.item_versions(self.session_id)
            if key not in self.items:
                raise Refusal(Reason.NO_SUCH_ITEM)
            version = self.items[key]
        item: AssessmentItem = await asking.item(version)
        return item

    async def _pong(self, ping: Ping) -> None:
        at = timezone.now()
        told = protocol.Pong(sent=ping.sent, server_time=at.isoformat(timespec="milliseconds"))
        await self._tell(told)
        loop_time = asyncio.get_running_loop().time()
        if loop_time - self.heard >= HEARTBEAT_SECONDS / 2:
            self.heard = loop_time
            await asking.heartbeats.ask(self.session_id)

    async def _claim(self, asked: Claim) -> None:
        agent = dict(self.scope["headers"]).get(b"user-agent", b"").decode("latin-1")
        asker = frames.asker_of(asked, self.device, words.device_of(agent))
        told = await database_sync_to_async(frames.claimed)(
            self.session_id, asked, asker, self.by, timezone.now()
        )
        standing, beside = told
        self.writer, self.epoch = asker.writer, standing.epoch
        for message in (standing, *beside):
            await self._tell(message)

    async def _events(self, asked: Events) -> None:
        told = await asking.report(self.session_id, asked.events, self.by, timezone.now())
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

    def hear(self, message: Frame) -> None:
        """Take a hint, each in its turn; words may come between, their order does not matter."""
        what, said = message.get("what", ""), message.get("said")
        if what == "session.expired" and (self.ended >= 0 or alarms.is_closing(self.session_id)):
            return  # the page's own alarm was quicker
        self.express.look()
        if what == journal.LATE:
            # A page that is not heard yet claims later, and is told then.
            if self.is_heard:
                self.write(protocol.ItemMessage(message["item"], message["revision"]).frame())
        elif said is not None and self.is_heard:
            self.write(frames.hinted_text(self.session_id, said))
        else:
            vigil.later(self._take(what))

    async def _take(self, what: str) -> None:
        async with self.turn:
            await self.express.told()
            if self.is_heard:  # a page that is not its candidate's hears nothing
                await self._change(what)

    async def _change(self, what: str) -> None:
        """Something changed: read it again and say what this page must know."""
        if what in frames.SILENT:
            if what == "item.entered":
                self._set_alarm(await self._desk())
            return
        if what == "message.sent":
            await self._tell_messages()
            return
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
        await self._tell_messages()
        await self._see(await self._desk())

    async def _see(self, found: Desk) -> None:
        """Tell the page what it was not told yet."""
        before, self.seen = self.seen, vigil.standing(found)
        if before == self.seen:
            return
        await self._tell_lease(found)
        if found.session.is_ended:
            await self._tell_ended(found)
            return
        if before[:2] != self.seen[:2]:
            await self._tell(await database_sync_to_async(frames.moved)(found, timezone.now()))
        await self._tell_clock(found)

    async def _tell_lease(self, found: Desk) -> None:
        if self.epoch and found.session.epoch != self.epoch:
            await self._tell(frames.elsewhere(found.session))

    async def _tell_all(self, found: Desk) -> None:
        self._remember(found)
        self.seen = vigil.standing(found)
        await self._tell_clock(found)
        await self._tell(frames.unmoved(found.session))
        if found.mail:
            await self._tell_messages()
        await asking.heartbeats.ask(self.session_id)

    async def _tell_messages(self) -> None:
        for message in await asking.messages.ask(self.session_id):
            await self._tell(message)

    async def _tell_clock(self, found: Desk) -> None:
        self._set_alarm(found)
        await self._tell(frames.timer(found, timezone.now()))

    def tell_time(self, stamp: Stamp, at: datetime) -> None:
        """Most sessions stand as they stood: only then is nothing read anew."""
        if stamp == self.known.stamp:
            self.write(self.known.timer(at).frame())
        else:
            vigil.later(self._look_anew())

    async def _look_anew(self) -> None:
        found = await self._desk()
        if vigil.standing(found) == self.seen:
            await self._tell_clock(found)
        else:
            await self._see(found)

    def _set_alarm(self, found: Desk) -> None:
        """Wake when something is due."""
        if self.alarm is not None:
            self.alarm.forget(self)
            self.alarm = None
        due = found.session.due_at
        if due is not None and found.session.is_open:
            self.ended = -1
            self.alarm = alarms.wake(self, due, timezone.now())

    def tell_due(self) -> None:
        self.write(DUE)

    def take_end(self, found: Desk) -> None:
        """Learn what the database decided, and tell an end; its clock follows behind all ends."""
        session = found.session
        self.seen = vigil.standing(found)
        if not session.is_ended:
            self._remember(found)
            self._set_alarm(found)
        elif self.ended != session.version:
            self.ended = session.version
            self.write(frames.ended_text(session))

    def tell_end_clock(self, found: Desk) -> None:
        if found.session.is_ended:
            self._remember(found)
            self.write(self.known.timer(timezone.now()).frame())

    def write(self, text: str) -> None:
        """Write a text at once; a server that lets nobody do so gets it as any other."""
        write = self.scope.get("extensions", {}).get(framing.EXTENSION)
        if write is not None:
            write(framing.text(text))
        else:
            vigil.later(self.base_send({"type": "websocket.send", "text": text}))

    async def _tell_ended(self, found: Desk) -> None:
        """Tell the end once: the alarm and the hint of the one who closed both lead here."""
        if self.ended != found.session.version:
            self.ended = found.session.version
            await self._tell(frames.ended(found.session))
            await self._tell_clock(found)

    async def _desk(self) -> Desk:
        found = await asking.desks.ask(self.session_id)
        self._remember(found)
        return found

    def _remember(self, found: Desk) -> None:
        self.known = Standing.of(found)

    async def _tell(self, message: Outgoing) -> None:
        # A page that has just gone asks again when it is back.
        with suppress(Disconnected):
            await self.base_send({"type": "websocket.send", "text": message.frame()})
