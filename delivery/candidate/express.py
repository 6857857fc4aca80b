"""The short way of an answer: from the frame into the lane, and from the commit onto the wire.

Nearly all that a page says is an answer. Waiting for its turn as a message does takes a queue, two
futures and three turns of the loop; here it takes two calls.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final, Protocol
from uuid import UUID

from django.utils import timezone

from delivery.candidate import asking, frames
from delivery.rules import protocol
from delivery.rules.protocol import Answer
from delivery.rules.refusals import Refusal
from delivery.saving import glances, swift
from delivery.saving.lane import Result
from delivery.saving.responses import Save

# Under this name a server of ours lets a socket's application hear a text before its queue does.
EXTENSION: Final = "invigil.hear"


class Page(Protocol):
    """Whose answers they are."""

    session_id: UUID
    test_version: int
    by: str
    device: str
    is_heard: bool
    turn: asyncio.Lock

    def may_speak(self) -> bool: ...
    def write(self, text: str) -> None: ...


class Express:
    """The answers of one page that are on their short way."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._under_way = 0
        self._waiting: asyncio.Future[None] | None = None

    def take(self, text: str) -> bool:
        """Queue an answer whose turn it is; False leaves a text to be heard as any message.

        What has to be asked for, or refused, is left, too.
        """
        page = self._page
        if page.turn.locked() or not page.is_heard:
            return False
        try:
            answer = protocol.read(text)
            if type(answer) is not Answer:
                return False
            item = asking.known_item(page.session_id, page.test_version, answer.item)
            if item is None:
                return False
            at = timezone.now()
            save = frames.save_of(answer, item, page.session_id, page.by, at, page.device)
        except Refusal:
            return False
        if not page.may_speak():
            return False
        self._under_way += 1
        swift.queue(save, partial(self._tell, save))
        return True

    def look(self) -> None:
        """Look at the session with its next answer: something of it has changed."""
        glances.forget(self._page.session_id)

    def _tell(self, save: Save, result: Result) -> None:
        self._under_way -= 1
        try:
            # Of what was not committed nothing is said: the page sends it again.
            if not isinstance(result, Exception):
                for told in frames.outcomes(save, result):
                    self._page.write(told.frame())
        finally:
            # However the words go, the page's next message is not to wait for ever.
            self._release()

    def _release(self) -> None:
        waiting = self._waiting
        if not self._under_way and waiting is not None:
            self._waiting = None
            if not waiting.done():
                waiting.set_result(None)

    async def told(self) -> None:
        """Wait until every answer is told: what the page says next is heard behind them."""
        if self._under_way:
            self._waiting = self._waiting or asyncio.get_running_loop().create_future()
            await self._waiting
