"""Connections that send what is written at once, without a turn of the loop for it."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from twisted.internet import tcp


class EagerServer(tcp.Server):
    """Sends what the kernel's buffer takes when it is written, once `eager` is set.

    Twisted asks the loop first whether a socket takes anything, which it nearly always does: an
    acknowledgement would cost two more calls of the system and another turn, and of a thousand
    pages that are told something the first would wait for the last.
    """

    eager = False
    held: list[bytes] | None = None

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send what is written meanwhile in one piece at the end."""
        held: list[bytes] = []
        self.held = held
        try:
            yield
        finally:
            self.held = None
            if held:
                self._send(b"".join(held), eager=True)

    def writeSequence(self, iovec: Iterable[bytes]) -> None:  # noqa: N802  (Twisted's)
        if self.held is not None:
            self.held.extend(iovec)
        else:
            super().writeSequence(iovec)  # type: ignore[no-untyped-call]

    def write(self, data: bytes) -> None:
        if self.held is not None:
            self.held.append(data)
        else:
            self._send(data, eager=self.eager)

    def _send(self, data: bytes, *, eager: bool) -> None:
        waiting = self._tempDataLen or len(self.dataBuffer) > self.offset
        if eager and self.connected and not (waiting or self._writeDisconnected):
            sent = self.writeSomeData(data)
            # A connection that is lost is found so by the loop, as any other.
            data = data[sent:] if isinstance(sent, int) else data
        if data:
            super().write(data)  # type: ignore[no-untyped-call]
