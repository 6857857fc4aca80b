"""Daphne's requests, taken as they come: whoever needs a form reads it, which is Django."""

from __future__ import annotations

from typing import Any

from daphne.http_protocol import HTTPFactory, WebRequest

from delivery.hosting.eager import EagerServer


class PlainRequest(WebRequest):
    """A request whose body nobody looks into before Django, and whose answer leaves in one piece.

    Twisted would parse the type of the body as a mail's, and the whole form after it, for nobody.
    """

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802  (Twisted's)
        self.content.seek(0, 0)
        self.args: dict[bytes, list[bytes]] = {}
        self.method, self.uri, self.clientproto = command, path, version
        self.path = path.partition(b"?")[0]
        self.process()

    def isSecure(self) -> bool:  # noqa: N802  (Twisted's)
        plain = isinstance(self._transport(), EagerServer)
        return bool(self._forceSSL) if plain else bool(super().isSecure())

    def handle_reply(self, message: dict[str, Any]) -> None:
        transport = self._transport()
        if isinstance(transport, EagerServer):
            with transport.together():
                super().handle_reply(message)
        else:
            super().handle_reply(message)

    def _transport(self) -> Any:
        """Return what carries the answer; a request that is over has let go of it."""
        return getattr(getattr(self, "channel", None), "transport", None)


class PageFactory(HTTPFactory):
    """Makes such requests, and writes no log of its own: nobody reads Twisted's."""

    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802  (Twisted's)
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = PlainRequest
        return protocol

    def log(self, request: Any) -> None:
        """Leave it: the proxy in front logs what was asked."""
