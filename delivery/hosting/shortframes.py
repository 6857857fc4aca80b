"""WebSocket messages of one short frame, read and written without the machinery for long ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from struct import Struct
from typing import Any, Final

from daphne.ws_protocol import WebSocketProtocol

from delivery.rules import framing

# RFC 6455 section 5.2: the last frame of a text; that what follows is masked; a longer length.
WHOLE_TEXT: Final = 0x81
MASKED: Final = 0x80
SHORT: Final = 125
LONGER: Final = 126
MASK: Final = 4
_TWO: Final = Struct("!H")


class ShortFrames(WebSocketProtocol):
    """Takes what arrives as one whole text, and leaves everything else to autobahn.

    Nearly all that a page sends and hears is such a text. For each, autobahn keeps the books of
    fragments, extensions and traffic, and words for a log that nobody reads: four fifths of what a
    message costs.
    """

    # Hears a text before the application's queue does; False leaves it to the queue.
    hear_first: Callable[[str], bool] | None = None

    def dataReceived(self, data: bytes) -> None:  # noqa: N802  (Twisted's name)
        """Take bytes from the connection."""
        text = self._whole_text(data)
        if text is None:
            super().dataReceived(data)
        elif not self.muted:
            self.last_ping = time.time()
            hear, queue = self.hear_first, self.application_queue
            # Nothing overtakes what is queued already.
            if hear is None or not queue.empty() or not hear(text):
                queue.put_nowait({"type": "websocket.receive", "text": text})

    def _whole_text(self, data: bytes) -> str | None:
        """Return the one text that the bytes are; None where that is for autobahn to say."""
        if len(data) <= 1 or data[0] != WHOLE_TEXT or not data[1] & MASKED:
            return None
        # What is left of bytes before, and messages in fragments, are not ours to go on with.
        between = not (self.data or self.inside_message or self.current_frame)
        if not between or self.state != self.STATE_OPEN:
            return None
        length, start = data[1] & ~MASKED, 2
        if length == LONGER and len(data) > SHORT + 4 + MASK:
            length, start = _TWO.unpack_from(data, 2)[0], 4
        elif length > SHORT:
            return None
        if len(data) != start + MASK + length:
            return None
        try:
            return unmasked(data[start : start + MASK], data[start + MASK :]).decode()
        except UnicodeDecodeError:
            return None

    def serverSend(self, content: Any, binary: bool = False) -> None:  # noqa: N802  (Daphne's)
        """Write a message of the application."""
        plain = not binary and self._perMessageCompress is None and not self.send_queue
        if plain and self.state == self.STATE_OPEN:
            self.transport.write(framing.text(content))
        else:
            super().serverSend(content, binary)


def unmasked(mask: bytes, payload: bytes) -> bytes:
    """Return the payload without its mask (RFC 6455 section 5.3), as one sum of large numbers."""
    length = len(payload)
    key = (mask * (length // MASK + 1))[:length]
    sent = int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")
    return sent.to_bytes(length, "little")
