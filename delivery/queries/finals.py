"""The answers that count when a session ends, each by its digest, as one digest that binds them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.db import connection

from integrity import chain, rowsets

_NEWEST: Final = (
    "SELECT i.session_id, i.key, r.revision, r.digest, r.ledger_seq"
    " FROM delivery_itemsession i JOIN delivery_responserevision r"
    " ON r.item_session_id = i.id AND r.revision = i.revision WHERE "
)


@dataclass(frozen=True, slots=True)
class Answer:
    """The last answer to an item, as the ledger has it: a salted digest."""

    item: str
    revision: int
    digest: str
    entry: int

    def to_json(self) -> dict[str, str | int]:
        return {
            "item": self.item,
            "revision": self.revision,
            "digest": self.digest,
            "entry": self.entry,
        }


def digest_of(listed: Iterable[Answer]) -> str:
    """Return one digest for all answers: whoever has it can tell that none of them changed."""
    return sha256(chain.canonical([answer.to_json() for answer in listed])).hexdigest()


def digests(session_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return each session's digest over its last answers, in the order of their entries."""
    sqlite = connection.vendor == "sqlite"
    keys = {pk.hex if sqlite else pk: pk for pk in session_ids}
    found: dict[UUID, list[Answer]] = {pk: [] for pk in session_ids}
    which, values = rowsets.any_of("i.session_id", list(keys), "uuid")
    with rowsets.cursor() as cursor:
        cursor.execute(f"{_NEWEST}{which} ORDER BY r.ledger_seq", values)
        for key, *answer in cursor.fetchall():
            found[keys[key]].append(Answer(*answer))
    return {pk: digest_of(answers) for pk, answers in found.items()}
