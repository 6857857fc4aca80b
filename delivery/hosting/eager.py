"""Connections that send what is written at once, without a turn of the loop for it."""

from twisted.internet import tcp


class EagerServer(tcp.Server):
    """Sends what the kernel's buffer takes when it is written, once `eager` is set.

    Twisted asks the loop first whether a socket takes anything, which it nearly always does: an
    acknowledgement would cost two more calls of the system and another turn, and of a thousand
    pages that are told something the first would wait for the last.
    """

    eager = False

    def write(self, data: bytes) -> None:
        waiting = self._tempDataLen or len(self.dataBuffer) > self.offset
        if self.eager and self.connected and not (waiting or self._writeDisconnected):
            sent = self.writeSomeData(data)
            # A connection that is lost is found so by the loop, as any other.
            data = data[sent:] if isinstance(sent, int) else data
        if data:
            super().write(data)  # type: ignore[no-untyped-call]
