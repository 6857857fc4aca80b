"""Daphne's server, ended in order: what is under way is answered before the process goes."""

import asyncio
import faulthandler
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from daphne.http_protocol import WebRequest
from daphne.server import Server
from twisted.internet import tcp
from twisted.internet.defer import Deferred

from delivery.candidate import express
from delivery.hosting import sparing, tidying
from delivery.hosting.eager import EagerServer
from delivery.hosting.requests import PageFactory
from delivery.hosting.shortframes import ShortFrames
from delivery.hosting.tidying import Tidier
from delivery.rules import framing
from delivery.saving import swift, tally

# After a signal to end, in seconds: for requests under way, for goodbyes of the sockets, for what
# must be cancelled, and in all.
ANSWER_SECONDS: Final = 5.0
GOODBYE_SECONDS: Final = 2.0
CANCEL_SECONDS: Final = 3.0
END_SECONDS: Final = 25.0
# RFC 6455 section 7.4.1 and its registry: the browser comes back, here or to another process.
SERVICE_RESTART: Final = 1012


class OrderlyServer(Server):
    """Ends by listening no more, answering its requests and saying goodbye to its sockets."""

    connections: dict[Any, dict[str, Any]]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ports: list[Any] = []
        # The connections that are gone or whose application is done, which are to be looked at.
        self.over: set[Any] = set()
        sparing.spare()

    def listen_success(self, port: Any) -> None:
        super().listen_success(port)
        self.ports.append(port)
        self.ws_factory.protocol = ShortFrames
        self.http_factory.__class__ = PageFactory
        if getattr(port, "transport", None) is tcp.Server:
            port.transport = EagerServer

    def protocol_connected(self, protocol: Any) -> None:
        """A socket's frames are short and each is waited for; a page's parts go together."""
        super().protocol_connected(protocol)
        if not isinstance(protocol, WebRequest) and isinstance(protocol.transport, EagerServer):
            protocol.transport.eager = True

    async def handle_reply(self, protocol: Any, message: Any) -> None:
        """Most replies are a text for an open socket, of which nothing is left to be asked."""
        text = message.get("text") if isinstance(protocol, ShortFrames) else None
        if text and protocol.state == protocol.STATE_OPEN:
            protocol.serverSend(text)
        else:
            await super().handle_reply(protocol, message)

    def create_application(self, protocol: Any, scope: dict[str, Any]) -> Any:
        """Let a socket's application write whole frames, and hear texts before its queue does.

        See `delivery.rules.framing` and `delivery.candidate.express`.
        """
        if not isinstance(protocol, WebRequest):
            scope["extensions"] = {
                **scope.get("extensions", {}),
                framing.EXTENSION: partial(_write, protocol),
                express.EXTENSION: partial(setattr, protocol, "hear_first"),
            }
        queue = super().create_application(protocol, scope)
        application = self.connections.get(protocol, {}).get("application_instance")
        if application is not None:
            application.add_done_callback(lambda _done: self.over.add(protocol))
        return queue

    def protocol_disconnected(self, protocol: Any) -> None:
        super().protocol_disconnected(protocol)
        self.over.add(protocol)

    def application_checker(self) -> None:
        """Look at what may be over alone: Daphne looks at every socket, every second."""
        everyone = self.connections
        self.connections = {one: everyone[one] for one in self.over if one in everyone}
        looked_at, self.over = list(self.connections), set()
        try:
            super().application_checker()
        finally:
            left, self.connections = self.connections, everyone
        for one in looked_at:
            if one not in left:
                del everyone[one]
            elif "disconnected" in left[one]:
                self.over.add(one)

    def kill_all_applications(self) -> Any:
        """Called by Twisted before it stops the loop, which waits for the deferred returned."""
        # Whatever hangs from here on shows its threads, and the process goes all the same.
        faulthandler.dump_traceback_later(END_SECONDS, exit=True)
        return Deferred.fromFuture(asyncio.ensure_future(self._finish()))

    async def _finish(self) -> None:
        for port in self.ports:
            port.stopListening()
        await _done(self._instances(requests=True), ANSWER_SECONDS)
        sockets = [one for one in self.connections if not isinstance(one, WebRequest)]
        for socket in sockets:
            # `serverClose` refuses the codes that are the protocol's own.
            if socket.state == socket.STATE_OPEN:
                socket.sendCloseFrame(code=SERVICE_RESTART)
        await _closed(sockets)
        await _cancelled(self._instances(requests=True) | self._instances(requests=False))
        await swift.stop()

    def _instances(self, *, requests: bool) -> "set[asyncio.Future[None]]":
        """The running applications, of the requests or of the sockets."""
        return {
            details["application_instance"]
            for protocol, details in self.connections.items()
            if isinstance(protocol, WebRequest) is requests and "application_instance" in details
        }

    def run(self) -> None:
        tidier = Tidier()
        tidier.begin()
        loop = asyncio.get_event_loop()  # the reactor's, which Daphne made this thread's
        tending = loop.create_task(tidying.keep_tidy(tidier, tally.here.sockets))
        try:
            super().run()
        finally:
            # However it ended: a task that the interpreter finds at its very end can crash it; a
            # thread that waits for the loop would wait for ever.
            tending.cancel()
            loop.run_until_complete(_cancelled(asyncio.all_tasks(loop)))


def _write(socket: Any, frame: bytes) -> None:
    """Write a frame past what would build it anew, and words about it, for each socket."""
    if socket.state == socket.STATE_OPEN:
        socket.transport.write(frame)


async def _closed(sockets: Iterable[Any]) -> None:
    """Wait for the browsers' goodbyes: a connection cut before may lose ours on its way."""
    until = asyncio.get_running_loop().time() + GOODBYE_SECONDS
    while any(socket.state != socket.STATE_CLOSED for socket in sockets):
        if asyncio.get_running_loop().time() > until:
            return
        await asyncio.sleep(0.02)


async def _done(futures: "Iterable[asyncio.Future[Any]]", seconds: float) -> None:
    waiting = {future for future in futures if not future.done()}
    if waiting:
        await asyncio.wait(waiting, timeout=seconds)


async def _cancelled(futures: "Iterable[asyncio.Future[Any]]") -> None:
    waiting = {future for future in futures if not future.done()}
    for future in waiting:
        future.cancel()
    await _done(waiting, CANCEL_SECONDS)
