"""The board's socket: sends the rows that changed, soon after a hint and every few seconds."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final
from uuid import UUID

from channels.consumer import get_handler_name
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncWebsocketConsumer
from django.contrib.auth.models import User
from django.db import DatabaseError
from django.template.loader import get_template
from django.utils import timezone

from delivery.facts import hub, journal
from delivery.models import Sitting
from delivery.proctor import lines, showing
from delivery.proctor.lines import Line
from delivery.sitting import proctoring

logger = logging.getLogger(__name__)

TOGETHER_SECONDS: Final = 0.25
LOOK_SECONDS: Final = 5.0
NOT_YOURS: Final = 4404
NOT_UNDERSTOOD: Final = 4400
ROWS_A_MESSAGE: Final = 50


class BoardConsumer(AsyncWebsocketConsumer):
    """One proctor's open board of one sitting.

    In: `sync` with the stamps of the rows on the page, once. Out: `rows`, with the rows drawn
    anew, the keys of those that are gone, the numbers by filter, and the server's time.
    """

    user: User
    sitting: Sitting

    async def dispatch(self, message: dict[str, Any]) -> None:
        # Channels' own looks after database connections here, a thread hop for every message;
        # this consumer reaches the database through database_sync_to_async alone, which does too.
        await getattr(self, get_handler_name(message))(message)

    async def connect(self) -> None:
        self.lines: dict[int, Line] = {}
        self.stamps: dict[int, str] = {}
        self.changed: set[UUID] = set()
        self.woken = asyncio.Event()
        self.work: asyncio.Task[None] | None = None
        user, key = self.scope.get("user"), self.scope["url_route"]["kwargs"]["sitting_id"]
        find = database_sync_to_async(_watched)
        sitting = await find(user, key) if isinstance(user, User) else None
        if sitting is None:
            await self.close(code=NOT_YOURS)
            return
        self.user, self.sitting = user, sitting
        await hub.join(journal.board_group(sitting.pk), self.board_changed)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        if self.work is not None:
            self.work.cancel()
        if hasattr(self, "sitting"):
            hub.leave(journal.board_group(self.sitting.pk), self.board_changed)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        try:
            message = json.loads(text_data or "")
            stamps = {int(key): str(stamp) for key, stamp in message["stamps"].items()}
        except (ValueError, TypeError, KeyError, AttributeError):
            await self.close(code=NOT_UNDERSTOOD)
            return
        if self.work is None:
            self.stamps = stamps
            self.work = asyncio.create_task(self._keep_looking())

    def board_changed(self, message: dict[str, Any]) -> None:
        """Take a hint of the journal: sessions changed."""
        self.changed.update(UUID(session) for session in message["sessions"])
        self.woken.set()

    async def _keep_looking(self) -> None:
        loop = asyncio.get_running_loop()
        next_whole = loop.time()
        while True:
            whole = loop.time() >= next_whole
            if whole:
                next_whole = loop.time() + LOOK_SECONDS
            changed, self.changed = self.changed, set()
            self.woken.clear()
            try:
                for text in await self._look(None if whole else changed):
                    await self.send(text_data=text)
            except DatabaseError as error:
                # The next look may find it again; meanwhile the page tells its own age.
                logger.warning("The board of sitting %s could not look: %r", self.sitting, error)
                next_whole = loop.time() + LOOK_SECONDS
            await self._rest(next_whole - loop.time())

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, seconds)):
                await self.woken.wait()
                await asyncio.sleep(TOGETHER_SECONDS)

    async def _look(self, changed: set[UUID] | None) -> list[str]:
        # Not on the one thread that everybody shares: a large board must not hold up an answer.
        look = database_sync_to_async(self._compare, thread_sensitive=False)
        found: list[str] = await look(changed)
        return found

    def _compare(self, changed: set[UUID] | None) -> list[str]:
        """Return the messages that bring the page from its stamps to what is true now."""
        at = timezone.now()
        rows = proctoring.board(self.user, at, sitting=self.sitting, of_sessions=changed)
        drawn = {row.enrolment.pk: lines.line(row, at) for row in rows}
        gone = [] if changed is not None else sorted(self.stamps.keys() - drawn.keys())
        new = [line for key, line in drawn.items() if self.stamps.get(key) != line.stamp]
        self.lines = drawn if changed is None else self.lines | drawn
        self.stamps = {key: line.stamp for key, line in self.lines.items()}
        return list(self._messages(new, gone, round(at.timestamp() * 1000)))

    def _messages(self, new: list[Line], gone: list[int], now_ms: int) -> Iterator[str]:
        row = get_template("proctor/_row.html")
        numbers = showing.numbers(self.lines.values())
        for start in range(0, max(1, len(new)), ROWS_A_MESSAGE):
            some = new[start : start + ROWS_A_MESSAGE]
            drawn = [
                {"key": line.key, "html": row.render({"line": line, "shows": True})}
                for line in some
            ]
            yield json.dumps(
                {"type": "rows", "now": now_ms, "rows": drawn, "gone": gone, "counts": numbers}
            )


def _watched(user: User, key: int) -> Sitting | None:
    return proctoring.watched(user).filter(pk=key).first()
