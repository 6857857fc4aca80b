"""What autobahn does for every socket and nobody reads: words for a log that is not kept."""

from typing import Any, Final

from autobahn.websocket import protocol

# A socket's options laid out took a tenth of its opening; and each frame its names in colour.
LAID_OUT: Final = ("pformat", "hltype", "hlval", "hlid")


def nothing(*_values: Any, **_options: Any) -> str:
    return ""


def spare() -> None:
    """Let autobahn's log of what it does be short; all else about it stays."""
    for name in LAID_OUT:
        if hasattr(protocol, name):
            setattr(protocol, name, nothing)
