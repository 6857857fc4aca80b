"""Verify an evidence bundle of Invigil: `python verify.py bundle.zip [VERIFIER_KEY...]`.

It needs Python and the `cryptography` package, and nothing of Invigil. The keys inside the
bundle came with it: whoever shall be convinced gets the verifier keys by another way and
names them on the command line.
"""

import base64
import hashlib
import json
import sys
import zipfile
from collections.abc import Iterable
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

DOMAIN = b"invigil-ledger/1\n"


class BrokenError(Exception):
    """The first thing that does not hold, as a sentence."""


def canonical(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def walk(stream: str, lines: Iterable[bytes]) -> dict[int, str]:
    """Verify one chain; return the hash of every entry by its number."""
    hashes: dict[int, str] = {}
    previous = "0" * 64
    for number, line in enumerate(lines, start=1):
        entry = json.loads(line)
        said = entry.pop("hash")
        where = f"stream {stream}, entry {number}"
        if entry["seq"] != number:
            raise BrokenError(f"{where}: removed or reordered; found {entry['seq']} instead.")
        found = sha256(DOMAIN + bytes.fromhex(entry["prev"]) + canonical(entry)).hex()
        if entry["stream"] != stream or found != said:
            raise BrokenError(f"{where}: edited; its content does not give its hash.")
        if entry["prev"] != previous:
            raise BrokenError(f"{where}: link; it does not follow the entry before it.")
        hashes[number] = previous = said
    return hashes


def climb(leaf: bytes, place: int, size: int, path: list[bytes]) -> bytes:
    """Return the root that a leaf's audit path leads to (RFC 9162, 2.1.3.2)."""
    last, root = size - 1, leaf
    for step in path:
        if place & 1 or place == last:
            root = sha256(b"\x01" + step + root)
            while place and not place & 1:
                place, last = place >> 1, last >> 1
        else:
            root = sha256(b"\x01" + root + step)
        place, last = place >> 1, last >> 1
    return root if last == 0 else b""


def open_note(note: str, keys: list[str]) -> tuple[int, bytes, str]:
    """Verify a signed checkpoint; return its size, its root, and the key that signed it."""
    text, _, signatures = note.rpartition("\n\n")
    text += "\n"
    for key in keys:
        name, _, rest = key.partition("+")
        public = base64.b64decode(rest.partition("+")[2])
        identifier = sha256(name.encode() + b"\n" + public)[:4]
        for line in signatures.splitlines():
            _, signer, encoded = line.split(" ")
            signature = base64.b64decode(encoded)
            if signer != name or signature[:4] != identifier or text.split("\n")[0] != name:
                continue
            try:
                Ed25519PublicKey.from_public_bytes(public[1:]).verify(signature[4:], text.encode())
            except InvalidSignature as error:
                raise BrokenError("The checkpoint is forged: its signature fails.") from error
            _, size, root, _ = text.split("\n")
            return int(size), base64.b64decode(root), key
    raise BrokenError("The checkpoint is signed by a key that is not known: replaced key.")


def check_files(bundle: zipfile.ZipFile) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(bundle.read("manifest.json"))
    names = set(bundle.namelist()) - {"manifest.json", "verify.py"}
    if names != set(manifest["files"]):
        raise BrokenError(f"Files were added or removed: {names ^ set(manifest['files'])}.")
    for name, digest in manifest["files"].items():
        if sha256(bundle.read(name)).hex() != digest:
            raise BrokenError(f"The file {name} is not the one in the manifest.")
    return manifest


def check_seal(hashes: dict[int, str], seal: dict[str, Any], size: int, root: bytes) -> int:
    """Verify that a stream was sealed as it stands; return up to which entry."""
    head = seal["leaf"]
    where = f"stream {head['stream']}, entry {head['seq']}"
    leaf = sha256(b"\x00" + canonical(head))
    if climb(leaf, seal["place"], size, [bytes.fromhex(step) for step in seal["path"]]) != root:
        raise BrokenError(f"{where}: its seal is not in the checkpoint's tree.")
    if head["seq"] not in hashes:
        raise BrokenError(f"{where}: truncated tail; it was sealed and is missing.")
    if hashes[head["seq"]] != head["head"]:
        raise BrokenError(f"{where}: rewritten; it is not the entry that was sealed.")
    return int(head["seq"])


def verify(bundle: zipfile.ZipFile, keys: list[str]) -> list[str]:
    """Return what was verified, a line each; raises BrokenError at the first break."""
    manifest = check_files(bundle)
    keys = keys or bundle.read("keys.txt").decode().split()
    size, root, key = open_note(bundle.read("checkpoint.txt").decode(), keys)
    entries = 0
    lines = [f"checkpoint over {size} heads signed by {key}"]
    for stream, file in manifest["streams"].items():
        hashes = walk(stream, bundle.read(file).splitlines())
        entries += len(hashes)
        seal = manifest["seals"].get(stream)
        if not seal or seal["leaf"]["stream"] != stream:
            raise BrokenError(f"stream {stream}: nothing of it is sealed.")
        sealed = check_seal(hashes, seal, size, root)
        lines.append(f"{stream}: {len(hashes)} entries, sealed up to entry {sealed}")
    return [*lines, f"{len(manifest['streams'])} streams, {entries} entries verified"]


def main(arguments: list[str]) -> int:
    try:
        with zipfile.ZipFile(arguments[0]) as bundle:
            lines = verify(bundle, arguments[1:])
    except BrokenError as error:
        sys.stderr.write(f"Broken: {error}\n")
        return 1
    except (LookupError, ValueError, TypeError, OSError, zipfile.BadZipFile) as error:
        sys.stderr.write(f"Broken: this is not a whole bundle ({error!r}).\n")
        return 1
    sys.stdout.write("\n".join([*lines, ""]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
