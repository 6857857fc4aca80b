"""What the comparisons share: payloads as they are read, lines as they are shown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

PREFIX: Final = "session:"
CHUNK: Final = 1_000

Lines = tuple[tuple[str, str], ...]


def read_payload(text: str) -> dict[str, Any]:
    """Return the payload; one that somebody edited may be anything, and is the chain's to name."""
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def ids(streams: Sequence[str]) -> list[UUID]:
    """Return the sessions whose streams are among some."""
    found = []
    for name in streams:
        try:
            found.append(UUID(name.removeprefix(PREFIX)))
        except ValueError:
            continue
    return found
