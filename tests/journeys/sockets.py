"""The server's end of a page's sockets: the real application in a loop of its own.

Nothing goes on by itself here: after each message one waits until the server has done all that
followed from it, so that a run is the same each time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from delivery.asgi import application
from delivery.candidate import asking, clocks, vigil
from delivery.saving import lane

PATIENCE_SECONDS = 30
ROUNDS = 4
NEVER_SECONDS = 86_400.0
ADDRESS = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What the server says on a socket; without text it says that it closes it."""

    socket: str
    text: str = ""


@dataclass
class _Line:
    """One connection as the application sees it."""

    inbox: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    task: asyncio.Task[None] | None = None
    accepted: bool = False
    # The application waits for what comes next: it is done with what came before.
    waits: bool = False

    async def receive(self) -> Event:
        self.waits = self.inbox.empty()
        event = await self.inbox.get()
        self.waits = False
        return event

    @property
    def rests(self) -> bool:
        is_over = self.task is None or self.task.done()
        return is_over or (self.waits and self.inbox.empty())


class Sockets:
    """The connections by name, and what the server has said on them since it was last asked."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.lines: dict[str, _Line] = {}
        self.told: list[Told] = []
        self.thread = threading.Thread(target=self.loop.run_forever, name="sockets", daemon=True)
        self.thread.start()

    def open(self, name: str, path: str, cookie: str) -> bool:
        """Connect; tells whether the server took the connection."""
        return bool(self._do(self._open(name, path, cookie)))

    def send(self, name: str, text: str) -> None:
        """Let the server have a frame; a connection that has ended brings nothing."""
        self._do(self._put(name, {"type": "websocket.receive", "text": text}))

    def close(self, name: str) -> None:
        self._do(self._put(name, {"type": "websocket.disconnect", "code": 1001}))

    def take(self) -> list[Told]:
        """Take what was said, once everything that was to be said is."""
        self._do(self._settled())
        told, self.told = self.told, []
        return told

    def clear(self) -> None:
        """End every connection; what is said meanwhile is nobody's."""
        for name in list(self.lines):
            self.close(name)
        self.lines.clear()
        self.take()

    def end(self) -> None:
        """End the loop with all that goes on in it."""
        self.clear()
        self._do(_cancel_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _do(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_SECONDS)

    async def _open(self, name: str, path: str, cookie: str) -> bool:
        line = self.lines[name] = _Line()
        headers = [*ADDRESS, (b"cookie", cookie.encode())]
        scope = {"type": "websocket", "path": path, "headers": headers, "query_string": b""}

        async def send(event: Event) -> None:
            line.accepted = line.accepted or event["type"] == "websocket.accept"
            if event["type"] == "websocket.send":
                self.told.append(Told(name, event["text"]))
            elif event["type"] == "websocket.close" and line.accepted:
                self.told.append(Told(name))

        line.inbox.put_nowait({"type": "websocket.connect"})
        line.task = asyncio.create_task(application(scope, line.receive, send))
        await self._settled()
        return line.accepted

    async def _put(self, name: str, event: Event) -> None:
        line = self.lines.get(name)
        if line is None or line.task is None or line.task.done():
            return
        line.inbox.put_nowait(event)
        await self._settled()

    async def _settled(self) -> None:
        """Wait until every connection waits and no hint is still being followed."""
        still = 0
        while still < ROUNDS:
            await asyncio.sleep(0)
            rests = all(line.rests for line in self.lines.values()) and not vigil._background
            still = still + 1 if rests else 0
            if not rests:
                await asyncio.sleep(0.001)
        for line in self.lines.values():
            if line.task is not None and line.task.done():
                line.task.result()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextmanager
def served() -> Iterator[Sockets]:
    """Serve sockets meanwhile, with nothing that the time of day alone would bring."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clocks, "STEP_SECONDS", NEVER_SECONDS)
        # That nobody was heard is noted at once.
        patch.setattr(asking, "DEBOUNCE_SECONDS", 0.0)
        sockets = Sockets()
        try:
            yield sockets
        finally:
            sockets.end()
            lane.stop()
