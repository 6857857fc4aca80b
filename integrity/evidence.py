"""Evidence bundles: streams with their seals and a verifier, as one file for an appeal."""

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from integrity import keys, ledger, merkle, seals
from integrity.models import Checkpoint, SealedHead

FORMAT = "invigil-evidence/1"
VERIFIER = Path(__file__).with_name("evidence_verifier.py")
README = """This bundle is evidence of what Invigil recorded.

streams/*.jsonl  the entries, one line each, as they were hashed
checkpoint.txt   the signed root of the tree in which the streams' heads are sealed
manifest.json    which file is which stream, its seal and audit path, every file's SHA-256
keys.txt         the verifier keys; get them by another way, too, and compare
verify.py        verifies all of this, with Python and its cryptography package alone:

    python verify.py BUNDLE.zip [VERIFIER_KEY...]
"""


class EvidenceError(Exception):
    """A bundle that would prove nothing; the message says why."""


def write(
    file: BinaryIO, streams: Sequence[str], *, extra: Mapping[str, bytes] | None = None
) -> None:
    """Write a bundle of some streams; `extra` files of upper layers are put beside them.

    Raises EvidenceError where a stream is not sealed yet.
    """
    checkpoint = seals.last_checkpoint()
    size = checkpoint.size if checkpoint else 0
    heads = [seals.sealed_head(name, size) for name in streams]
    unsealed = [name for name, head in zip(streams, heads, strict=True) if head is None]
    if checkpoint is None or unsealed:
        raise EvidenceError(f"Nothing is sealed yet of {', '.join(unsealed)}: try again soon.")
    files = {
        f"streams/{number:04}.jsonl": "".join(ledger.export(name)).encode()
        for number, name in enumerate(streams, start=1)
    }
    manifest = {
        "format": FORMAT,
        "streams": dict(zip(streams, list(files), strict=True)),
        "seals": _seals([head for head in heads if head], checkpoint),
    }
    files |= extra or {}
    files["checkpoint.txt"] = checkpoint.note.encode()
    files["keys.txt"] = "".join(f"{key}\n" for key in keys.verifiers()).encode()
    files["README.txt"] = README.encode()
    manifest["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    files["manifest.json"] = json.dumps(manifest, indent=1, ensure_ascii=False).encode()
    files["verify.py"] = VERIFIER.read_bytes()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, data in files.items():
            bundle.writestr(name, data)


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
