"""Verify an evidence bundle of Invigil: `python verify.py bundle.zip [VERIFIER_KEY...]`.

It needs Python and its `cryptography` package alone. Get the keys by another way than this bundle.
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


def walk(stream: str, lines: Iterable[bytes]) -> list[dict[str, Any]]:
    """Verify one chain; return its entries."""
    entries: list[dict[str, Any]] = []
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
        previous = entry["hash"] = said
        entries.append(entry)
    return entries


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
    text, signatures = note[: note.rindex("\n\n") + 1], note[note.rindex("\n\n") + 2 :]
    for key in keys:
        name, _, encoded = key.split("+", 2)
        public = base64.b64decode(encoded)
        signer = (name, sha256(name.encode() + b"\n" + public)[:4], name)
        for line in signatures.splitlines():
            signature = base64.b64decode(line.split(" ")[2])
            if (line.split(" ")[1], signature[:4], text.split("\n")[0]) != signer:
                continue
            try:
                Ed25519PublicKey.from_public_bytes(public[1:]).verify(signature[4:], text.encode())
            except InvalidSignature:
                raise BrokenError("The checkpoint is forged: its signature fails.") from None
            _, size, root, _ = text.split("\n")
            return int(size), base64.b64decode(root), key
    raise BrokenError("The checkpoint is signed by a key that is not known: replaced key.")


def check_files(bundle: zipfile.ZipFile) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(bundle.read("manifest.json"))
    other = {*bundle.namelist()} ^ {*manifest["files"], "manifest.json", "verify.py"}
    if other:
        raise BrokenError(f"Files were added or removed: {other}.")
    for name, digest in manifest["files"].items():
        if sha256(bundle.read(name)).hex() != digest:
            raise BrokenError(f"The file {name} is not the one in the manifest.")
    return manifest


def check_seal(entries: list[Any], seal: dict[str, Any], size: int, root: bytes) -> str:
    """Verify that a stream was sealed as it stands; return what that is, in words."""
    head = seal["leaf"]
    where = f"stream {head['stream']}, entry {head['seq']}"
    leaf, path = sha256(b"\x00" + canonical(head)), [bytes.fromhex(one) for one in seal["path"]]
    if climb(leaf, seal["place"], size, path) != root:
        raise BrokenError(f"{where}: its seal is not in the checkpoint's tree.")
    if not 0 < head["seq"] <= len(entries):
        raise BrokenError(f"{where}: truncated tail; it was sealed and is missing.")
    if entries[head["seq"] - 1]["hash"] != head["head"]:
        raise BrokenError(f"{where}: rewritten; it is not the entry that was sealed.")
    return f"{head['stream']}: {len(entries)} entries, sealed up to entry {head['seq']}"


def disclose(one: dict[str, Any], streams: dict[str, list[Any]]) -> bool:
    """Verify that what is told opens the digest in its entry; what was erased opens none."""
    data = one["text"].encode() if "text" in one else canonical(one["value"])
    said = streams[one["stream"]][one["entry"] - 1]["payload"].get(one["field"])
    if not one.get("erased") and sha256(one["salt"].encode() + data).hex() != said:
        raise BrokenError(f"stream {one['stream']}, entry {one['entry']}: the answer differs.")
    return not one.get("erased")


def verify(bundle: zipfile.ZipFile, keys: list[str]) -> list[str]:
    """Return what was verified, a line each; raises BrokenError at the first break."""
    manifest, streams = check_files(bundle), dict[str, list[Any]]()
    keys = keys or bundle.read("keys.txt").decode().split()
    size, root, key = open_note(bundle.read("checkpoint.txt").decode(), keys)
    lines = [f"checkpoint over {size} heads signed by {key}"]
    for stream, file in manifest["streams"].items():
        streams[stream] = walk(stream, bundle.read(file).splitlines())
        seal = manifest["seals"].get(stream)
        if not seal or seal["leaf"]["stream"] != stream:
            raise BrokenError(f"stream {stream}: nothing of it is sealed.")
        lines.append(check_seal(streams[stream], seal, size, root))
    files = [json.loads(bundle.read(name)) for name in manifest["files"] if ".disclosed." in name]
    opened = sum(disclose(one, streams) for listed in files for one in listed)
    lines += [f"{opened} answers and words are those that were recorded"] * bool(files)
    return [*lines, f"{len(streams)} streams, {sum(map(len, streams.values()))} entries verified"]


def main(arguments: list[str]) -> None:
    try:
        with zipfile.ZipFile(arguments[0]) as bundle:
            sys.stdout.write("\n".join([*verify(bundle, arguments[1:]), ""]))
    except BrokenError as error:
        sys.exit(f"Broken: {error}")
    except (LookupError, ValueError, TypeError, OSError, zipfile.BadZipFile) as error:
        sys.exit(f"Broken: this is not a whole bundle ({error!r}).")


if __name__ == "__main__":
    main(sys.argv[1:])
