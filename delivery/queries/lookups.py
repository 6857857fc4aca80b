"""What a batch of answers asks of the database, in statements that are built once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from delivery.models import AssessmentSession
from delivery.queries.prepared import Prepared
from integrity import rowsets

# What tells whether a session stands as it stood: every change counts its version up, or is one
# of its sitting. Then what changes without it, by answers and by pages that say who they are.
STAMP: Final = (
    "s.version", "s.epoch", "t.test_version_id", "t.closes_at", "t.grace_seconds",
    "t.extend_past_window", "t.linear",
)  # fmt: skip
CHANGING: Final = ("s.writer", "s.lease_device", "s.answered")
_LOCKED: Final = (
    f"SELECT s.id, {', '.join(CHANGING + STAMP)} FROM delivery_assessmentsession s"  # noqa: S608
    " JOIN delivery_sitting t ON t.id = s.sitting_id WHERE "
)
# How a session stands; the plan is read once a process.
STANDING: Final = (
    "id", "sitting", "version", "state", "created_at", "started_at", "finished_at", "scored_at",
    "base_ms", "time_multiplier", "fixed_ms", "unlimited", "adjusted_ms", "paused_ms", "window_ms",
    "paused_at", "paused_by", "timing", "position", "since", "ended_parts", "closed_scopes",
    "epoch",
)  # fmt: skip
# The columns of the item, then of what was saved there before under the same key, if anything was.
ITEM: Final = (
    "id", "position", "item_version_id", "state", "answered", "flagged", "revision", "epoch",
    "writer", "client_seq",
)  # fmt: skip
EARLIER: Final = (
    "key", "fingerprint", "revision", "client_seq", "answered", "in_grace", "received_at",
    "ledger_seq", "ledger_head",
)  # fmt: skip
_SENT: Final = (("n", "session_id", "item", "key"), ("integer", "uuid", "text", "text"))
# The items are found first: the planner would look for what was saved there by the item alone, and
# read all that was ever saved there.
_ANSWERS: Final = (
    ", found AS {materialized} ("  # noqa: S608  (our own names)
    f"SELECT new.n, new.key AS sent, {', '.join(f'i.{name}' for name in ITEM)} FROM new"
    " JOIN delivery_itemsession i ON i.session_id = new.session_id AND i.key = new.item)"
    f" SELECT found.n, {', '.join(f'found.{name}' for name in ITEM)},"
    f" {', '.join(f'r.{name}' for name in EARLIER)} FROM found"
    " LEFT JOIN delivery_responserevision r ON r.item_session_id = found.id AND r.key = found.sent"
)
# All of it at once. Where a session or an item is not there, its columns are empty.
_SEEN: Final = (
    ", found AS MATERIALIZED (SELECT new.n, new.key AS sent,"  # noqa: S608  (our own names)
    f" {', '.join(f'{name} AS s{number}' for number, name in enumerate(CHANGING + STAMP))},"
    f" l.id AS stream, l.length, l.head, {', '.join(f'i.{name}' for name in ITEM)} FROM new"
    " LEFT JOIN delivery_assessmentsession s ON s.id = new.session_id"
    " LEFT JOIN delivery_sitting t ON t.id = s.sitting_id"
    " LEFT JOIN integrity_ledgerstream l ON l.name = 'session:' || new.session_id"
    " LEFT JOIN delivery_itemsession i ON i.session_id = new.session_id AND i.key = new.item)"
    f" SELECT found.n, {', '.join(f's{number}' for number in range(len(CHANGING + STAMP)))},"
    f" found.stream, found.length, found.head, {', '.join(f'found.{name}' for name in ITEM)},"
    f" {', '.join(f'r.{name}' for name in EARLIER)} FROM found"
    " LEFT JOIN delivery_responserevision r ON r.item_session_id = found.id AND r.key = found.sent"
)
# What of STAMP is the sitting's.
SITTING: Final = tuple(name.removeprefix("t.") for name in STAMP if name.startswith("t."))
_SITTING_KINDS: Final = ("bigint", "bigint", "timestamptz", "integer", "boolean", "boolean")
_SAME: Final = " AND ".join(f"t.{name} IS NOT DISTINCT FROM new.{name}" for name in SITTING)
_SITTING_STANDS: Final = f" SELECT 1 FROM new JOIN delivery_sitting t ON t.id = new.id AND {_SAME}"  # noqa: S608  (our names)
_STREAM: Final = len(CHANGING + STAMP) + 1
_ITEM: Final = _STREAM + 3
Found = list[tuple[Any, ...]]


class Seen(NamedTuple):
    """The place in what was sent; the session's CHANGING and STAMP; its stream; ITEM and EARLIER.

    The stream is number, length and head.
    """

    place: int
    session: tuple[Any, ...]
    stream: tuple[Any, ...]
    item: tuple[Any, ...]


def _standing(session_ids: list[UUID]) -> QuerySet[AssessmentSession]:
    found = AssessmentSession.objects.filter(pk__in=session_ids).select_related("sitting")
    sitting = (f"sitting__{name.removeprefix('t.')}" for name in STAMP if name.startswith("t."))
    return found.only(*STANDING, "sitting__id", *sitting)


STANDINGS: Final = Prepared(_standing, [UUID(int=1)])


def lock(session_ids: Sequence[UUID]) -> Found:
    """Lock sessions in the order of their keys; a row is the key, CHANGING and STAMP."""
    keys = [pk if rowsets.is_postgresql() else pk.hex for pk in session_ids]
    known = dict(zip(keys, session_ids, strict=True))
    mark = "FOR UPDATE OF s" if connection.features.has_select_for_update_of else ""
    which, values = rowsets.any_of("s.id", keys, "uuid")
    with rowsets.cursor() as cursor:
        cursor.execute(f"{_LOCKED}{which} ORDER BY s.id {mark}", values)
        return [(known[pk], *columns) for pk, *columns in cursor.fetchall()]


def answers(sent: Sequence[tuple[UUID, str, str]]) -> Found:
    """Return the items (session, item, key of the save), with what was saved there before.

    A row is the place in `sent`, the columns of ITEM and those of EARLIER; an item has as many rows
    as there were saves under the key, and at least one.
    """
    postgresql = rowsets.is_postgresql()
    rows: list[tuple[Any, ...]] = [
        (n, pk if postgresql else pk.hex, item, key) for n, (pk, item, key) in enumerate(sent)
    ]
    new, values = rowsets.source(*_SENT, rows)
    answers = _ANSWERS.format(materialized="MATERIALIZED" if postgresql else "")
    with rowsets.cursor() as cursor:
        cursor.execute(new + answers, values)
        return list(cursor.fetchall())


def seen(sent: Sequence[tuple[UUID, str, str]]) -> list[Seen]:
    """Return what `lock` and `answers` tell, as of one moment and without a lock; PostgreSQL's."""
    asked, values = seen_asked(sent)
    with rowsets.cursor() as cursor:
        cursor.execute(asked, values)
        return seen_told(cursor.fetchall())


def seen_asked(sent: Sequence[tuple[UUID, str, str]]) -> tuple[str, list[Any]]:
    """Return the statement of `seen`, and its values, for whoever runs it."""
    new, values = rowsets.source(*_SENT, [(n, *one) for n, one in enumerate(sent)])
    return new + _SEEN, values


def seen_told(rows: Iterable[tuple[Any, ...]]) -> list[Seen]:
    """Return what the statement of `seen` returned."""
    return [Seen(row[0], row[1:_STREAM], row[_STREAM:_ITEM], row[_ITEM:]) for row in rows]


def sittings_stand(sittings: Mapping[int, Sequence[Any]]) -> None:
    """Write only where these sittings are as they were: the values of SITTING by their numbers."""
    rows = [(pk, *values) for pk, values in sorted(sittings.items())]
    new, values = rowsets.source(("id", *SITTING), _SITTING_KINDS, rows)
    rowsets.check(new + _SITTING_STANDS, values, must=len(rows))
