"""Evidence bundles: streams with their seals and a verifier, as one file for an appeal."""

import hashlib
import json
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain as chain_of
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils.module_loading import import_string

from integrity import ledger
from integrity.models import Checkpoint, LedgerStream, SealedHead
from integrity.proof import keys, merkle, seals, timestamps

FORMAT = "invigil-evidence/1"
VERIFIER = Path(__file__).with_name("evidence_verifier.py")
README = """This bundle is evidence of what Invigil recorded.

streams/*.jsonl  the entries, one line each, as they were hashed
checkpoint.txt   the signed root of the tree in which the streams' heads are sealed
manifest.json    which file is which stream, its seal and audit path, every file's SHA-256
timestamps/*.tsr time stamps of checkpoint.txt, if an authority gave any (RFC 3161):
                 openssl ts -verify -in timestamps/1.tsr -data checkpoint.txt -CAfile ROOT.pem
keys.txt         the verifier keys; get them by another way, too, and compare
sessions/*/      what is known of each session: the items as they were shown, every answer, the
                 times with their reasons, what staff did, messages, incidents, receipt, results;
                 *.disclosed.json opens the digests that the entries hold
portables/*.html run the portable interactions of items, sealed off, with their files inside
verify.py        verifies all of this, with Python and its cryptography package alone:

    python verify.py BUNDLE.zip [VERIFIER_KEY...]
"""


class EvidenceError(Exception):
    """A bundle that would prove nothing; the message says why."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What an upper layer knows of a stream: further streams, and files; each file comes once.

    A file named `*.disclosed.json` lists what opens digests: `{stream, entry, field, salt}` with
    `value` (canonical JSON) or `text`; one with `erased` opens nothing any more.
    """

    streams: tuple[str, ...]
    files: Iterator[tuple[str, bytes]]


Dossier = Callable[..., Contents | None]


def gather(stream: str, *, named: bool = False) -> Contents:
    """Return everything that is known of a stream; just the stream where nobody knows more."""
    for path in settings.LEDGER_DOSSIERS:
        dossier: Dossier = import_string(path)
        found = dossier(stream, named=named)
        if found is not None:
            return Contents(_recorded((stream, *found.streams)), found.files)
    return Contents((stream,), iter(()))


def _recorded(streams: Sequence[str]) -> tuple[str, ...]:
    """Return the streams in which anything was ever recorded, each once."""
    known = LedgerStream.objects.filter(name__in=streams, length__gt=0)
    names = set(known.values_list("name", flat=True))
    return tuple(name for name in dict.fromkeys(streams) if name in names)


def write(
    file: IO[bytes], streams: Sequence[str], *, files: Iterable[tuple[str, bytes]] = ()
) -> None:
    """Write a bundle of some streams, file by file; `files` of upper layers stand beside them.

    Raises EvidenceError where a stream is not sealed yet.
    """
    checkpoint = seals.last_checkpoint()
    size = checkpoint.size if checkpoint else 0
    heads = [seals.sealed_head(name, size) for name in streams]
    unsealed = [name for name, head in zip(streams, heads, strict=True) if head is None]
    if checkpoint is None or unsealed:
        raise EvidenceError(f"Nothing is sealed yet of {', '.join(unsealed)}: try again soon.")
    named = {name: f"streams/{number:04}.jsonl" for number, name in enumerate(streams, start=1)}
    manifest: dict[str, Any] = {
        "format": FORMAT,
        "streams": named,
        "seals": _seals([head for head in heads if head], checkpoint),
        "files": {},
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in chain_of(_streams(named), files, _frame(checkpoint)):
            if name in manifest["files"]:  # a picture that two sessions share
                continue
            manifest["files"][name] = hashlib.sha256(data).hexdigest()
            bundle.writestr(name, data)
        bundle.writestr("manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False))
        bundle.writestr("verify.py", VERIFIER.read_bytes())


def _streams(named: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    for stream, name in named.items():
        yield name, "".join(ledger.export(stream)).encode()


def _frame(checkpoint: Checkpoint) -> Iterator[tuple[str, bytes]]:
    yield "checkpoint.txt", checkpoint.note.encode()
    yield "keys.txt", "".join(f"{key}\n" for key in keys.verifiers()).encode()
    for number, answer in enumerate(timestamps.of(checkpoint.size), start=1):
        yield f"timestamps/{number}.tsr", answer
    yield "README.txt", README.encode()


def _seals(heads: list[SealedHead], checkpoint: Checkpoint) -> dict[str, Any]:
    rows = SealedHead.objects.filter(place__lt=checkpoint.size).order_by("place")
    columns = rows.values_list("stream", "seq", "head", "at_ms").iterator(ledger.CHUNK)
    leaves = (seals.leaf(*row) for row in columns)
    _, paths = merkle.inclusion_paths(leaves, [head.place for head in heads])
    return {
        head.stream: {
            "leaf": seals.leaf_data(head.stream, head.seq, head.head, head.at_ms),
            "place": head.place,
            "path": [step.hex() for step in paths[head.place]],
        }
        for head in heads
    }
