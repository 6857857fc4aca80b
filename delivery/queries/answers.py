"""Writes answers, one to a session, in a statement that is sent each value once; PostgreSQL's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from delivery.queries import lookups
from integrity import ledger, rowsets

# What the session and its holder have to be for the answer to count, and what it becomes.
SESSION: Final = {
    "session_id": "uuid", "version": "bigint", "held_epoch": "integer", "holder": "text",
    "held_device": "text", "total": "integer",
}  # fmt: skip
# The answer itself, for its revision and for its item.
ANSWER: Final = {
    "item_session_id": "bigint", "revision": "integer", "key": "text", "value": "jsonb",
    "salt": "text", "digest": "text", "fingerprint": "text", "epoch": "integer", "writer": "text",
    "client_seq": "bigint", "received_at": "timestamptz", "elapsed_ms": "bigint",
    "in_grace": "boolean", "answered": "boolean",
}  # fmt: skip
# The entry that records it comes last: where it stands and its hash are the revision's, too.
COLUMNS: Final = (*SESSION, *ANSWER, *ledger.COLUMNS)
KINDS: Final = (*SESSION.values(), *ANSWER.values(), *ledger.KINDS)
_MOVE_SESSIONS: Final = (
    " UPDATE delivery_assessmentsession s SET answered = new.total,"
    " last_save_at = new.received_at, last_seen_at = new.received_at FROM new"
    " WHERE s.id = new.session_id AND s.version = new.version AND s.epoch = new.held_epoch"
    " AND s.writer = new.holder AND s.lease_device = new.held_device"
)
_KEEP: Final = (
    f" INSERT INTO delivery_responserevision ({', '.join(ANSWER)}, ledger_seq, ledger_head)"  # noqa: S608  (our own names)
    f" SELECT {', '.join(f'new.{name}' for name in ANSWER)}, new.seq, new.hash FROM new"
)
_MOVE_ITEMS: Final = (
    " UPDATE delivery_itemsession i SET revision = new.revision, response = new.value,"
    " answered = new.answered, saved_at = new.received_at, epoch = new.epoch,"
    " writer = new.writer, client_seq = new.client_seq FROM new WHERE i.id = new.item_session_id"
)


def write(rows: Sequence[tuple[Any, ...]], sittings: Mapping[int, Sequence[Any]]) -> None:
    """Write rows of COLUMNS as the caller's one statement; they come in the order of their names.

    `sittings` are the values of lookups.SITTING by the sittings' numbers. Raises MovedError where a
    session, its sitting or its stream is not as it is told here; then nothing is written.
    """
    rowsets.share(COLUMNS, KINDS, rows)
    # Sessions before streams, as everybody locks them.
    rowsets.write(_MOVE_SESSIONS, [], must=len(rows))
    lookups.sittings_stand(sittings)
    ledger.write_each(len(rows))
    rowsets.write(_KEEP, [])
    rowsets.write(_MOVE_ITEMS, [])
