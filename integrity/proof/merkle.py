"""The tree over sealed heads (RFC 6962), its proofs, and its checkpoints as signed notes (C2SP)."""

import base64
import binascii
import hashlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = b"\x01"
EMPTY_ROOT = hashlib.sha256(b"").digest()


class NoteError(ValueError):
    """A note or key that cannot be read, or is not signed as it says."""


class UnknownKeyError(NoteError):
    """A note that none of the known keys has signed."""


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(length: int) -> int:
    """Return the largest power of two below `length`."""
    return 1 << (length - 1).bit_length() - 1


class Tree:
    """An append-only tree that knows its last leaves and whole subtrees of what came before.

    `frontier` are the roots of the perfect subtrees that a tree of `size` leaves consists of,
    largest first: enough to go on, to give the root, and to prove consistency from `size` on.
    """

    def __init__(self, size: int = 0, frontier: Sequence[bytes] = ()) -> None:
        spans = _perfect_spans(size)
        if len(spans) != len(frontier):
            raise ValueError(f"A tree of {size} leaves has {len(spans)} perfect subtrees.")
        self.size = size
        self._known = dict(zip(spans, frontier, strict=True))

    def append(self, leaf: bytes) -> None:
        self._known[self.size, self.size + 1] = leaf
        self.size += 1

    def compact(self) -> None:
        """Forget everything but the frontier, so that memory stays at the logarithm of size."""
        self._known = {span: self._node(*span) for span in _perfect_spans(self.size)}

    def frontier(self) -> list[bytes]:
        return [self._node(*span) for span in _perfect_spans(self.size)]

    def root(self) -> bytes:
        return self._node(0, self.size) if self.size else EMPTY_ROOT

    def inclusion(self, index: int) -> list[bytes]:
        """Return the audit path of a leaf; every leaf must be known."""
        if not 0 <= index < self.size:
            raise IndexError(index)
        path: list[bytes] = []
        start, end = 0, self.size
        while end - start > 1:
            middle = start + _split(end - start)
            if index < middle:
                path.append(self._node(middle, end))
                end = middle
            else:
                path.append(self._node(start, middle))
                start = middle
        return path[::-1]

    def consistency(self, size: int) -> list[bytes]:
        """Return the proof that the first `size` leaves are those of the tree of that size."""
        if not 0 < size <= self.size:
            raise IndexError(size)
        proof: list[bytes] = []
        start, end, is_old_root = 0, self.size, True
        while end != size:
            middle = start + _split(end - start)
            if size <= middle:
                proof.append(self._node(middle, end))
                end = middle
            else:
                proof.append(self._node(start, middle))
                start, is_old_root = middle, False
        if not is_old_root:
            proof.append(self._node(start, end))
        return proof[::-1]

    def _node(self, start: int, end: int) -> bytes:
        known = self._known.get((start, end))
        if known is None:
            if end - start < 2:
                raise LookupError(f"Leaf {start} is not known any more.")
            middle = start + _split(end - start)
            known = node_hash(self._node(start, middle), self._node(middle, end))
        return known


def _perfect_spans(size: int) -> list[tuple[int, int]]:
    spans = []
    start = 0
    for bit in reversed(range(size.bit_length())):
        if size >> bit & 1:
            spans.append((start, start + (1 << bit)))
            start += 1 << bit
    return spans


def root(leaves: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    tree = Tree()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def inclusion_paths(
    leaves: Iterable[bytes], indexes: Iterable[int]
) -> tuple[bytes, dict[int, list[bytes]]]:
    """Return the root over leaf hashes and the audit paths of some, in memory of the depth."""
    wanted = sorted(set(indexes))
    paths: dict[int, list[bytes]] = {index: [] for index in wanted}
    spans: list[tuple[int, int, bytes]] = []

    def merge() -> None:
        middle, end, right = spans.pop()
        start, _, left = spans.pop()
        for index in wanted[bisect_left(wanted, start) : bisect_left(wanted, end)]:
            paths[index].append(right if index < middle else left)
        spans.append((start, end, node_hash(left, right)))

    for place, leaf in enumerate(leaves):
        spans.append((place, place + 1, leaf))
        while len(spans) > 1 and _width(spans[-2]) == _width(spans[-1]):
            merge()
    while len(spans) > 1:
        merge()
    return (spans[0][2] if spans else EMPTY_ROOT), paths


def _width(span: tuple[int, int, bytes]) -> int:
    return span[1] - span[0]


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], expected: bytes
) -> bool:
    """Return whether the path leads from the leaf to the root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node_hash(found, step)
        place, last = place >> 1, last >> 1
    return last == 0 and found == expected


def verify_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Return whether the new tree begins with the old one (RFC 9162, 2.1.4.2)."""
    if not 0 < old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    steps = list(proof)
    if old_size & (old_size - 1) == 0:
        steps.insert(0, old_root)
    if not steps:
        return False
    place, last = old_size - 1, new_size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new = node_hash(new, step)
        place, last = place >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def key_id(name: str, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name, as `name+id+key`."""

    name: str
    public: bytes

    @property
    def id(self) -> bytes:
        return key_id(self.name, self.public)

    def __str__(self) -> str:
        encoded = base64.b64encode(ED25519 + self.public).decode()
        return f"{self.name}+{self.id.hex()}+{encoded}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a verifier key; raises NoteError."""
        name, _, rest = text.strip().partition("+")
        identifier, _, encoded = rest.partition("+")
        key = _decode(encoded)
        if not _is_name(name) or key[:1] != ED25519 or len(key) != 33:
            raise NoteError(f"This is not an Ed25519 verifier key: {text!r}.")
        verifier = cls(name, key[1:])
        if verifier.id.hex() != identifier:
            raise NoteError(f"The verifier key {text!r} does not have the id that it names.")
        return verifier

    def is_signed(self, text: str, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text.encode())
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with its name, as `PRIVATE+KEY+name+id+seed`."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> Verifier:
        return Verifier(self.name, self._key.public_key().public_bytes_raw())

    @property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    def __str__(self) -> str:
        encoded = base64.b64encode(ED25519 + self.seed).decode()
        return f"PRIVATE+KEY+{self.name}+{self.verifier.id.hex()}+{encoded}"

    def __repr__(self) -> str:
        return f"Signer({self.verifier})"

    @classmethod
    def generate(cls, name: str) -> Self:
        if not _is_name(name):
            raise NoteError(f"A key's name has no spaces and no plus: {name!r}.")
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a private key; raises NoteError."""
        private, _, rest = text.strip().partition("+KEY+")
        name, _, rest = rest.partition("+")
        key = _decode(rest.partition("+")[2])
        if private != "PRIVATE" or not _is_name(name) or key[:1] != ED25519 or len(key) != 33:
            raise NoteError("This is not an Ed25519 signing key.")
        return cls(name, key[1:])

    def sign(self, text: str) -> str:
        """Return the text, which ends with a newline, as a signed note."""
        if not text.endswith("\n"):
            raise NoteError("A note's text ends with a newline.")
        signature = base64.b64encode(self.verifier.id + self._key.sign(text.encode())).decode()
        return f"{text}\n\u2014 {self.name} {signature}\n"


def split_note(note: str) -> tuple[str, str]:
    """Return a note's text and its signature lines, unverified; raises NoteError."""
    text, gap, tail = note.rpartition("\n\n")
    if not gap or not tail.endswith("\n"):
        raise NoteError("This is not a signed note.")
    return f"{text}\n", tail


def open_note(note: str, verifiers: Iterable[Verifier]) -> tuple[str, Verifier]:
    """Return a note's text and the key that signed it.

    Raises UnknownKeyError where no known key has signed, NoteError where one did not really.
    """
    text, tail = split_note(note)
    known = {(verifier.name, verifier.id): verifier for verifier in verifiers}
    for line in tail.splitlines():
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        signature = _decode(encoded)
        if dash != "\u2014" or not _is_name(name) or len(signature) < 5:
            raise NoteError("A signature of this note is malformed.")
        verifier = known.get((name, signature[:4]))
        if verifier is None:
            continue
        if not verifier.is_signed(text, signature[4:]):
            raise NoteError("The signature of this note does not fit its text.")
        return text, verifier
    raise UnknownKeyError("None of the known keys has signed this note.")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed: whose tree, how many leaves, and its root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a checkpoint's text; raises NoteError."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3] or not lines[0] or not lines[1].isdecimal():
            raise NoteError("This is not a checkpoint.")
        checkpoint = cls(lines[0], int(lines[1]), _decode(lines[2]))
        if len(checkpoint.root) != 32 or checkpoint.text() != text:
            raise NoteError("This is not a checkpoint.")
        return checkpoint


def _decode(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError("This is not base64.") from error


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(letter.isspace() for letter in name)
