"""Verify evidence of Invigil: `python verify.py BUNDLE.zip|RECEIPT.json [VERIFIER_KEY...]`."""

import base64
import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


class BrokenError(Exception):
    """The first thing that does not hold, as a sentence."""


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def digest(before: bytes, value: Any) -> bytes:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(before + text.encode())


def is_whole(entry: dict[str, Any]) -> bool:
    rest = {name: value for name, value in entry.items() if name != "hash"}
    before = b"invigil-ledger/1\n" + bytes.fromhex(entry["prev"])
    return bool(digest(before, rest).hex() == entry["hash"])


def walk(stream: str, lines: list[bytes]) -> list[dict[str, Any]]:
    """Verify one chain; return its entries."""
    entries, previous = list[dict[str, Any]](), "0" * 64
    for number, line in enumerate(lines, start=1):
        entry, where = json.loads(line), f"stream {stream}, entry {number}"
        if entry["seq"] != number:
            raise BrokenError(f"{where}: removed or reordered; found {entry['seq']} instead.")
        if entry["stream"] != stream or not is_whole(entry):
            raise BrokenError(f"{where}: edited; its content does not give its hash.")
        if entry["prev"] != previous:
            raise BrokenError(f"{where}: link; it does not follow the entry before it.")
        previous = entry["hash"]
        entries.append(entry)
    return entries


def climb(leaf: bytes, place: int, size: int, path: list[bytes]) -> bytes:
    """Return the root that a leaf's audit path leads to (RFC 9162, 2.1.3.2)."""
    last, root = size - 1, leaf
    for step in path:
        is_right = place & 1 or place == last
        root = sha256(b"\x01" + (step + root if is_right else root + step))
        while is_right and place and not place & 1:
            place, last = place >> 1, last >> 1
        place, last = place >> 1, last >> 1
    return root if last == 0 else b""


def open_note(note: str, keys: list[str]) -> tuple[int, bytes, str]:
    """Verify a signed checkpoint; return its size, its root, and the key that signed it."""
    text, signatures = note[: note.rindex("\n\n") + 1], note[note.rindex("\n\n") + 2 :]
    for key in keys:
        name, public = key.split("+", 2)[0], base64.b64decode(key.split("+", 2)[2])
        signer = (name, sha256(name.encode() + b"\n" + public)[:4], name)
        for line in signatures.splitlines():
            signature = base64.b64decode(line.split(" ")[2])
            if (line.split(" ")[1], signature[:4], text.split("\n")[0]) != signer:
                continue
            try:
                Ed25519PublicKey.from_public_bytes(public[1:]).verify(signature[4:], text.encode())
            except InvalidSignature:
                raise BrokenError("The checkpoint is forged: its signature fails.") from None
            return int(text.split("\n")[1]), base64.b64decode(text.split("\n")[2]), key
    raise BrokenError("The checkpoint is signed by a key that is not known: replaced key.")


def check_seal(entries: list[Any], seal: dict[str, Any], size: int, root: bytes) -> str:
    """Verify that a stream was sealed as it stands; return what that is, in words."""
    if not seal or seal["leaf"]["stream"] != entries[0]["stream"]:
        raise BrokenError(f"stream {entries[0]['stream']}: nothing of it is sealed.")
    head, path = seal["leaf"], [bytes.fromhex(one) for one in seal["path"]]
    where, last = f"stream {head['stream']}, entry {head['seq']}", entries[-1]["seq"]
    if climb(digest(b"\x00", head), seal["place"], size, path) != root:
        raise BrokenError(f"{where}: its seal is not in the checkpoint's tree.")
    if not 0 < head["seq"] <= last:
        raise BrokenError(f"{where}: truncated tail; it was sealed and is missing.")
    if entries[head["seq"] - last - 1]["hash"] != head["head"]:
        raise BrokenError(f"{where}: rewritten; it is not the entry that was sealed.")
    return f"{head['stream']}: {last} entries, sealed up to entry {head['seq']}"


def disclose(one: dict[str, Any], streams: dict[str, list[Any]]) -> bool:
    """Verify that what is told opens the digest in its entry; what was erased opens none."""
    said, salt = streams[one["stream"]][one["entry"] - 1]["payload"], one["salt"].encode()
    found = sha256(salt + one["text"].encode()) if "text" in one else digest(salt, one["value"])
    if not one.get("erased") and found.hex() != said.get(one["field"]):
        raise BrokenError(f"stream {one['stream']}, entry {one['entry']}: the answer differs.")
    return not one.get("erased")


def verify(bundle: zipfile.ZipFile, keys: list[str]) -> list[str]:
    """Return what was verified, a line each; raises BrokenError at the first break."""
    manifest, streams = json.loads(bundle.read("manifest.json")), dict[str, list[Any]]()
    if other := {*bundle.namelist()} ^ {*manifest["files"], "manifest.json", "verify.py"}:
        raise BrokenError(f"Files were added or removed: {other}.")
    for name, said in manifest["files"].items():
        if sha256(bundle.read(name)).hex() != said:
            raise BrokenError(f"The file {name} is not the one in the manifest.")
    keys = keys or bundle.read("keys.txt").decode().split()
    size, root, key = open_note(bundle.read("checkpoint.txt").decode(), keys)
    lines = [f"checkpoint over {size} heads signed by {key}"]
    for stream, file in manifest["streams"].items():
        streams[stream] = walk(stream, bundle.read(file).splitlines())
        lines.append(check_seal(streams[stream], manifest["seals"].get(stream), size, root))
    files = [json.loads(bundle.read(name)) for name in manifest["files"] if ".disclosed." in name]
    opened = sum(disclose(one, streams) for listed in files for one in listed)
    lines += [f"{opened} answers and words are those that were recorded"] * bool(files)
    return [*lines, f"{len(streams)} streams, {sum(map(len, streams.values()))} entries verified"]


def verify_receipt(told: dict[str, Any], keys: list[str]) -> list[str]:
    """Verify a receipt by itself: that the session's end was recorded so, and sealed."""
    entry, proof, answers = told["entry"], told["proof"], digest(b"", told["answers"]).hex()
    said = (entry["payload"]["receipt"], entry["payload"].get("answers", answers))
    if not is_whole(entry) or said != (told["code"], answers) or answers != told["answers_digest"]:
        raise BrokenError("the receipt was edited: its entry tells another code or other answers.")
    size, root, key = open_note(proof["checkpoint"], keys or told["keys"])
    return [f"signed by {key}", check_seal([entry], proof, size, root), f"receipt {told['code']}"]


def main(file: str, *keys: str) -> None:
    try:
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as bundle:
                lines = verify(bundle, [*keys])
        else:
            lines = verify_receipt(json.loads(Path(file).read_bytes()), [*keys])
        sys.stdout.write("\n".join([*lines, ""]))
    except BrokenError as error:
        sys.exit(f"Broken: {error}")
    except (LookupError, ValueError, TypeError, OSError, zipfile.BadZipFile) as error:
        sys.exit(f"Broken: this is neither a whole bundle nor a sealed receipt ({error!r}).")


if __name__ == "__main__":
    main(*sys.argv[1:])
