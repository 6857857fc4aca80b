"""The newest checkpoint, remembered beside the keys: the database alone cannot take it back.

This is an anchor of its own that needs no setting up. It belongs to one database: after a reset
another one begins, and is remembered instead.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from integrity import wholefiles
from integrity.models import Checkpoint, LedgerStream
from integrity.proof import keys

FILE = "newest_checkpoint"
# So many of the streams that were sealed tell a database from another.
SAMPLED = 16


@dataclass(frozen=True, slots=True)
class Remembered:
    """A checkpoint's size and root, and streams that only its database has."""

    size: int
    root: str
    streams: list[str]

    def is_of_this_database(self) -> bool:
        return LedgerStream.objects.filter(name__in=self.streams).exists()


def read() -> Remembered | None:
    """Return what is remembered of this database; None where that is nothing."""
    try:
        data = json.loads((keys.directory() / FILE).read_text())
        found = Remembered(int(data["size"]), str(data["root"]), list(data["streams"]))
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return found if found.is_of_this_database() else None


def keep(checkpoint: Checkpoint, streams: Sequence[str]) -> None:
    """Remember a checkpoint, but never a smaller one than before; a full disk is no reason to stop.

    Streams whose names are numbers begin anew in another database, and tell nothing.
    """
    before = read()
    if before is not None and before.size >= checkpoint.size:
        return
    own = [name for name in streams if name.startswith("session:")][-SAMPLED:]
    known = own or (before.streams if before else [])
    now = Remembered(checkpoint.size, checkpoint.root, known)
    try:
        wholefiles.replace(keys.directory() / FILE, json.dumps(asdict(now)))
    except OSError:
        return
