"""The answers that count when a session ends, each by its digest, as one digest that binds them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final
from uuid import UUID

from django.db.models import F

from delivery.models import ResponseRevision
from integrity import chain

CHUNK: Final = 2_000


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
    newest = ResponseRevision.objects.filter(
        item_session__session__in=session_ids, revision=F("item_session__revision")
    )
    columns = ("item_session__session", "item_session__key", "revision", "digest", "ledger_seq")
    found: dict[UUID, list[Answer]] = {pk: [] for pk in session_ids}
    for pk, *answer in newest.order_by("ledger_seq").values_list(*columns).iterator(CHUNK):
        found[pk].append(Answer(*answer))
    return {pk: digest_of(answers) for pk, answers in found.items()}
