"""A wire that can be cut and slowed: a TCP proxy in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time

from tests.services import free_port

PIECE = 65_536


class Proxy:
    """Passes bytes on to a port; while cut, it passes none and still takes connections.

    That is what a lost network looks like: nothing is refused, nothing arrives.
    """

    def __init__(self, target: int) -> None:
        self.target, self.port = target, free_port()
        self.delay_seconds, self.is_deaf = 0.0, False
        self.loop = asyncio.new_event_loop()
        self.whole = asyncio.Event()
        self.whole.set()
        self.open: set[asyncio.StreamWriter] = set()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._run, name="proxy", daemon=True)
        self.thread.start()
        self.ready.wait(10)

    def cut(self) -> None:
        self.loop.call_soon_threadsafe(self.whole.clear)

    def deafen(self) -> None:
        """Pass on what is asked, and lose what is answered: every acknowledgement is lost."""
        self.is_deaf = True

    def mend(self) -> None:
        """Let bytes pass again; what hung on the dead wire is closed, as its ends would do."""
        self.delay_seconds, self.is_deaf = 0.0, False
        asyncio.run_coroutine_threadsafe(self._begin_anew(), self.loop).result(10)

    def slow(self, seconds: float) -> None:
        """Hold every piece back for so long, in either direction."""
        self.delay_seconds = seconds

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    async def _begin_anew(self) -> None:
        self._close_all()
        self.whole.set()

    async def _end(self) -> None:
        self.server.close()
        under_way = asyncio.all_tasks() - {asyncio.current_task()}
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    def _close_all(self) -> None:
        for writer in list(self.open):
            writer.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._listen())
        self.ready.set()
        self.loop.run_forever()

    async def _listen(self) -> None:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open.add(writer)
        try:
            await self.whole.wait()
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", self.target)
            self.open.add(inner_writer)
            try:
                await asyncio.gather(
                    self._pump(reader, inner_writer),
                    self._pump(inner_reader, writer, answers=True),
                )
            finally:
                self.open.discard(inner_writer)
                inner_writer.close()
        except (OSError, asyncio.CancelledError):
            # Nobody waits for this task: it ends here, by a lost connection or with the wire.
            pass
        finally:
            self.open.discard(writer)
            with contextlib.suppress(OSError):
                writer.close()

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        answers: bool = False,
    ) -> None:
        """Pass bytes on in order; each piece leaves no sooner than its delay after it came."""
        with contextlib.suppress(OSError):
            while piece := await reader.read(PIECE):
                due = time.monotonic() + self.delay_seconds
                await self.whole.wait()
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if not (answers and self.is_deaf):
                    writer.write(piece)
                    await writer.drain()
        with contextlib.suppress(OSError):
            writer.close()
