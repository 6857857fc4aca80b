"""What people write as a reason: the ledger holds a salted digest, the words stay beside it.

They can be erased with the person whom they are about, and the chain verifies as before.
"""

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from integrity.chain import Payload
from integrity.ledger import Sealed
from integrity.models import LedgerWords

DIGEST: Final = "_digest"
CHUNK: Final = 1_000


@dataclass(frozen=True, slots=True)
class Written:
    """Words of one field, and the salt under which their digest entered."""

    field: str
    salt: str
    text: str


def digest_under(salt: str, text: str) -> str:
    return sha256(f"{salt}{text}".encode()).hexdigest()


def hide(payload: Payload, *names: str) -> tuple[Payload, list[Written]]:
    """Return the payload with digests in the place of words, and the words."""
    found = []
    hidden = dict(payload)
    for name in names:
        text = hidden.pop(name, "")
        if isinstance(text, str) and text:
            written = Written(name, secrets.token_hex(16), text)
            hidden[f"{name}{DIGEST}"] = digest_under(written.salt, text)
            found.append(written)
    return hidden, found


def keep(sealed: Iterable[tuple[Sealed, Sequence[Written]]]) -> None:
    """Keep words beside their entries, in the transaction that wrote those."""
    rows = [
        LedgerWords(stream=seal.stream, seq=seal.seq, field=one.field, salt=one.salt, text=one.text)
        for seal, written in sealed
        for one in written
    ]
    if rows:
        LedgerWords.objects.bulk_create(rows)


def of(*streams: str) -> dict[str, dict[int, dict[str, str]]]:
    """Return what is still there of some streams: by stream and entry, each field's words."""
    found: dict[str, dict[int, dict[str, str]]] = {name: {} for name in streams}
    for row in LedgerWords.objects.filter(stream__in=streams).iterator(CHUNK):
        found[row.stream].setdefault(row.seq, {})[row.field] = row.text
    return found


def rows(streams: Sequence[str]) -> Iterator[LedgerWords]:
    """Yield the words of some streams with their salts, in the order of their entries."""
    found = LedgerWords.objects.filter(stream__in=streams).order_by("stream", "seq", "field")
    return found.iterator(CHUNK)


def holds(row: LedgerWords, payload: Mapping[str, object]) -> bool:
    """Tell whether words are those whose digest an entry has."""
    return payload.get(f"{row.field}{DIGEST}") == digest_under(row.salt, row.text)


def forget(streams: Sequence[str], seqs: Sequence[int] | None = None) -> None:
    """Erase the words of some streams, or of some of their entries; the digests stay."""
    rows = LedgerWords.objects.filter(stream__in=streams)
    (rows if seqs is None else rows.filter(seq__in=seqs)).delete()
