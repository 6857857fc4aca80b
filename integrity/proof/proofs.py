"""Proofs that an entry was in the ledger when a checkpoint was signed, small enough to hand out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from integrity import chain
from integrity.models import Checkpoint, SealedHead
from integrity.proof import merkle, seals
from integrity.proof.merkle import Tree, Verifier


class ProofError(ValueError):
    """A proof that cannot be read, or does not prove what it says."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A sealed entry, its audit path, and the signed checkpoint that the path leads to."""

    stream: str
    seq: int
    head: str
    at_ms: int
    place: int
    path: tuple[str, ...]
    note: str

    @property
    def leaf(self) -> dict[str, str | int]:
        return seals.leaf_data(self.stream, self.seq, self.head, self.at_ms)

    def to_json(self) -> dict[str, Any]:
        """Return the proof as an evidence bundle writes one, with its checkpoint."""
        return {
            "leaf": self.leaf,
            "place": self.place,
            "path": list(self.path),
            "checkpoint": self.note,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; raises ProofError."""
        try:
            leaf = data["leaf"]
            proof = cls(
                stream=leaf["stream"],
                seq=leaf["seq"],
                head=leaf["head"],
                at_ms=leaf["at_ms"],
                place=data["place"],
                path=tuple(data["path"]),
                note=data["checkpoint"],
            )
            chain.canonical(proof.to_json())
        except (LookupError, TypeError, ValueError, RecursionError) as error:
            raise ProofError("This is not a proof.") from error
        texts = (proof.stream, proof.head, proof.note, *proof.path)
        if {type(one) for one in texts} != {str} or type(proof.seq) is not int:
            raise ProofError("This is not a proof.")
        if type(proof.place) is not int or type(proof.at_ms) is not int or proof.place < 0:
            raise ProofError("This is not a proof.")
        return proof


def of(stream: str, seq: int) -> Proof | None:
    """Return the proof for an entry that was sealed by itself; None where it was not yet.

    It leads to the first checkpoint over the entry: only what was sealed together is read.
    """
    sealed = SealedHead.objects.filter(stream=stream, seq=seq).first()
    if sealed is None:
        return None
    checkpoint = Checkpoint.objects.filter(size__gt=sealed.place).order_by("size").first()
    if checkpoint is None:
        return None
    path = _tree(checkpoint).inclusion(sealed.place)
    return Proof(
        stream=stream,
        seq=seq,
        head=sealed.head,
        at_ms=sealed.at_ms,
        place=sealed.place,
        path=tuple(step.hex() for step in path),
        note=checkpoint.note,
    )


def _tree(checkpoint: Checkpoint) -> Tree:
    """Return the tree of a checkpoint, with its last leaves known."""
    before = Checkpoint.objects.filter(size=checkpoint.previous).first()
    frontier = before.frontier.split() if before else []
    tree = Tree(checkpoint.previous, [bytes.fromhex(one) for one in frontier])
    rows = SealedHead.objects.filter(place__gte=tree.size, place__lt=checkpoint.size)
    for row in rows.order_by("place"):
        tree.append(seals.leaf(row.stream, row.seq, row.head, row.at_ms))
    return tree


def verify(proof: Proof, verifiers: Iterable[Verifier]) -> merkle.Checkpoint:
    """Return the checkpoint that the entry is sealed in; raises ProofError."""
    try:
        text, verifier = merkle.open_note(proof.note, verifiers)
        signed = merkle.Checkpoint.parse(text)
        path = [bytes.fromhex(step) for step in proof.path]
    except ValueError as error:
        raise ProofError(str(error)) from error
    if signed.origin != verifier.name:
        raise ProofError("The checkpoint is of another ledger than its key.")
    leaf = seals.leaf(proof.stream, proof.seq, proof.head, proof.at_ms)
    if not merkle.verify_inclusion(leaf, proof.place, signed.size, path, signed.root):
        raise ProofError("The audit path does not lead to the checkpoint's root.")
    return signed


def is_ours(signed: merkle.Checkpoint) -> bool:
    """Tell whether a checkpoint is one that stands in this ledger."""
    found = Checkpoint.objects.filter(size=signed.size).first()
    return found is not None and found.root == signed.root.hex()
