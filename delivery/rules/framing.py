"""WebSocket frames of a server (RFC 6455, 5.2), for a text that goes to many sockets as it is."""

from __future__ import annotations

import struct
from typing import Final

# Under this name a server of ours lets a socket's application write whole frames.
EXTENSION: Final = "invigil.frame"
_WHOLE_TEXT: Final = 0x81
_SHORT, _MIDDLE, _LONG = 125, 126, 127


def text(content: str) -> bytes:
    """Return a text as one whole frame, which no server masks."""
    payload = content.encode()
    length = len(payload)
    if length <= _SHORT:
        return bytes((_WHOLE_TEXT, length)) + payload
    if length < 1 << 16:
        return struct.pack("!BBH", _WHOLE_TEXT, _MIDDLE, length) + payload
    return struct.pack("!BBQ", _WHOLE_TEXT, _LONG, length) + payload
