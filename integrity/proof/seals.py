"""Sealing: stream heads become leaves of a tree, its root is signed, and all of it is verified."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import NamedTuple

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Count, Exists, Max, OuterRef, QuerySet

from integrity import chain, ledger
from integrity.chain import Break, BreakKind
from integrity.ledger import CHUNK, Progress, Verdict
from integrity.models import Checkpoint, LedgerStream, SealedHead
from integrity.proof import keys, merkle, remembered
from integrity.proof.merkle import Tree, Verifier
from integrity.proof.remembered import Remembered

# What one transaction seals; the rest waits for the next.
HEADS_PER_SEAL = 5_000
CHECKPOINTS = "(checkpoints)"
SEALED_HEADS = "(sealed heads)"


class SealingError(Exception):
    """The last checkpoint is not what was signed, so nothing is built on it."""


def leaf_data(stream: str, seq: int, head: str, at_ms: int) -> dict[str, str | int]:
    return {"v": 1, "stream": stream, "seq": seq, "head": head, "at_ms": at_ms}


def leaf(stream: str, seq: int, head: str, at_ms: int) -> bytes:
    """Return the leaf hash of a sealed head: over its canonical JSON."""
    return merkle.leaf_hash(chain.canonical(leaf_data(stream, seq, head, at_ms)))


def seal(at: datetime) -> Checkpoint | None:
    """Seal the heads that moved since the last checkpoint; None where none did.

    Of two sealers at the same moment one gives way. Raises SealingError.
    """
    try:
        with transaction.atomic():
            return _seal(at)
    except IntegrityError:
        return None


def _seal(at: datetime) -> Checkpoint | None:
    # No row lock: the application may lack the right to it, and the unique places decide anyway.
    last = last_checkpoint()
    heads = list(unsealed()[:HEADS_PER_SEAL])
    if not heads:
        return None
    signer = keys.signer()
    tree = _tree(last)
    size, at_ms = tree.size, chain.milliseconds(at)
    rows = [
        SealedHead(place=size + number, stream=name, seq=length, head=head, at_ms=at_ms)
        for number, (name, length, head) in enumerate(_with_marked(heads))
    ]
    for row in rows:
        tree.append(leaf(row.stream, row.seq, row.head, row.at_ms))
    signed = merkle.Checkpoint(signer.name, tree.size, tree.root())
    SealedHead.objects.bulk_create(rows, batch_size=1_000)
    made = Checkpoint.objects.create(
        size=tree.size,
        previous=size,
        root=tree.root().hex(),
        key=str(signer.verifier),
        note=signer.sign(signed.text()),
        proof=_written(tree.consistency(size)) if size else "",
        frontier=_written(tree.frontier()),
        at_ms=at_ms,
    )
    names = [row.stream for row in rows]
    transaction.on_commit(partial(remembered.keep, made, names), robust=True)
    return made


def _with_marked(heads: list[tuple[str, int, str]]) -> list[tuple[str, int, str]]:
    """Return the heads, and before each the entries of its stream that get a seal of their own."""
    kinds = list(settings.LEDGER_SEALED_KINDS)
    if not kinds:
        return heads
    names = [name for name, _, _ in heads]
    statement = _MARKED.format(names=_marks(names), kinds=_marks(kinds))
    with connection.cursor() as cursor:
        cursor.execute(statement, [*names, *kinds])
        found: list[tuple[str, int, str]] = cursor.fetchall()
    marked: dict[str, list[tuple[str, int, str]]] = {}
    for row in found:
        marked.setdefault(row[0], []).append((row[0], row[1], row[2]))
    return [
        leaf
        for head in heads
        for leaf in (*(one for one in marked.get(head[0], ()) if one[1] < head[1]), head)
    ]


def _marks(values: Sequence[object]) -> str:
    return ",".join(["%s"] * len(values))


def unsealed() -> "QuerySet[LedgerStream, tuple[str, int, str]]":
    """Return the heads that moved since they were sealed: name, length and head."""
    sealed = SealedHead.objects.filter(stream=OuterRef("name"), seq=OuterRef("length"))
    rows = LedgerStream.objects.filter(~Exists(sealed), length__gt=0).order_by("id")
    return rows.values_list("name", "length", "head")


def _tree(last: Checkpoint | None) -> Tree:
    if last is None:
        return Tree()
    try:
        tree = Tree(last.size, _read(last.frontier))
        text, _ = merkle.open_note(last.note, keys.verifiers())
        signed = merkle.Checkpoint.parse(text)
    except ValueError as error:
        raise SealingError(
            f"The checkpoint over {last.size} heads is not ours: {error} Nothing is sealed until "
            "the key directory that belongs to this database is back."
        ) from error
    if (signed.size, signed.root) != (tree.size, tree.root()):
        raise SealingError(f"The checkpoint over {last.size} heads was changed.")
    return tree


def _written(hashes: list[bytes]) -> str:
    return " ".join(one.hex() for one in hashes)


def _read(hashes: str) -> list[bytes]:
    return [bytes.fromhex(one) for one in hashes.split()]


def last_checkpoint() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-size").first()


def sealed_head(stream: str, size: int | None = None) -> SealedHead | None:
    """Return how far a stream is sealed, or was among the first `size` heads."""
    rows = SealedHead.objects.filter(stream=stream)
    if size is not None:
        rows = rows.filter(place__lt=size)
    return rows.order_by("-seq").first()


class Row(NamedTuple):
    """A leaf, the entry that it seals, and the checkpoint that it completes, if any."""

    place: int
    stream: str
    seq: int
    head: str
    at_ms: int
    length: int | None
    found: str | None
    size: int | None
    previous: int
    root: str
    note: str
    proof: str


# Entries of some kinds that came since their stream was last sealed.
_MARKED = """
SELECT s.name, e.seq, e.hash FROM integrity_ledgerstream s
JOIN integrity_ledgerentry e ON e.stream_id = s.id AND e.seq > COALESCE(
    (SELECT MAX(h.seq) FROM integrity_sealedhead h WHERE h.stream = s.name), 0)
WHERE s.name IN ({names}) AND e.kind IN ({kinds}) ORDER BY s.id, e.seq
"""
# One statement, so that it sees one moment: sealing goes on meanwhile.
_SELECT = """
SELECT h.place, h.stream, h.seq, h.head, h.at_ms, s.length, e.hash,
       c.size, c.previous, c.root, c.note, c.proof
FROM integrity_sealedhead h
LEFT JOIN integrity_ledgerstream s ON s.name = h.stream
LEFT JOIN integrity_ledgerentry e ON e.stream_id = s.id AND e.seq = h.seq
LEFT JOIN integrity_checkpoint c ON c.size = h.place + 1
"""
_ALL = f"{_SELECT} ORDER BY h.place"
_UNLIKE = (
    f"{_SELECT} WHERE h.stream IN ({{marks}}) AND (e.hash IS NULL OR e.hash <> h.head) "
    "ORDER BY h.place DESC"
)


@dataclass(frozen=True, slots=True)
class Sealing:
    """What a walk along the sealed heads found; `broken` names stream and entry.

    Where no verifier key is known, everything but the signatures is verified.
    """

    checkpoints: int
    heads: int
    broken: Verdict | None
    signatures: bool = True


def verify(progress: Progress | None = None) -> Sealing:
    """Walk every sealed head and checkpoint, in memory of the tree's depth.

    The chains themselves are the ledger's to verify: this proves that they are the ones that
    were sealed, and that the seals are signed and consistent.
    """
    before = Checkpoint.objects.aggregate(count=Count("id"), size=Max("size"))
    verifiers, newest = keys.verifiers(), remembered.read()
    walk = _SealWalk(verifiers, newest)
    told = 0
    for row in _rows():
        if not walk.take(row):
            break
        if progress and walk.tree.size - told == CHUNK:
            progress(CHUNK)
            told = walk.tree.size
    if progress:
        progress(walk.tree.size - told)
    broken = walk.end(before["count"], before["size"] or 0)
    return Sealing(walk.checkpoints, walk.tree.size, broken, signatures=bool(verifiers))


def _rows() -> Iterator[Row]:
    with connection.chunked_cursor() as cursor:
        cursor.execute(_ALL)
        while rows := cursor.fetchmany(CHUNK):
            yield from (Row(*row) for row in rows)


def verify_streams(streams: Sequence[str]) -> list[Verdict]:
    """Walk some streams and compare them with what was sealed of them.

    Whether the seals themselves hold takes a walk along all of them: `verify`.
    """
    accused = _unlike(streams) if streams else {}
    return [
        accused.get(verdict.stream, verdict) if verdict.is_whole else verdict
        for verdict in ledger.verify_all(streams=streams)
    ]


def _unlike(streams: Sequence[str]) -> dict[str, Verdict]:
    """Return what the first sealed head that differs says of its stream."""
    with connection.cursor() as cursor:
        cursor.execute(_UNLIKE.format(marks=_marks(streams)), list(streams))
        verdicts = [_accuse(Row(*row)) for row in cursor.fetchall()]
    return {verdict.stream: verdict for verdict in verdicts if verdict}


def verify_anchored(notes: Iterable[str]) -> tuple[int, Verdict | None]:
    """Compare checkpoints that were kept outside with the tree as it is now.

    This finds what the database alone cannot know: that its newest seals were cut off.
    Returns how many notes hold, and the first that does not. Raises NoteError for a note that
    no key of ours has signed.
    """
    verifiers = keys.verifiers()
    anchored = [merkle.Checkpoint.parse(merkle.open_note(note, verifiers)[0]) for note in notes]
    tree = Tree()
    held = 0
    leaves = (leaf(row.stream, row.seq, row.head, row.at_ms) for row in _rows())
    for checkpoint in sorted(anchored, key=lambda one: one.size):
        for one in islice(leaves, checkpoint.size - tree.size):
            tree.append(one)
        if tree.size < checkpoint.size:
            return held, _flaw(BreakKind.TRUNCATED, tree.size + 1, SEALED_HEADS)
        if tree.root() != checkpoint.root:
            return held, _flaw(BreakKind.FORGED, checkpoint.size)
        held += 1
        tree.compact()
    return held, None


class _SealWalk:
    """Follows the leaves; a leaf accuses an entry only once its own checkpoint has held."""

    def __init__(self, verifiers: list[Verifier], newest: Remembered | None = None) -> None:
        self.tree = Tree()
        self._newest = newest
        self.checkpoints = 0
        self._verifiers = verifiers
        self._size, self._root = 0, b""
        self._accused: Verdict | None = None
        self._broken: Verdict | None = None

    def take(self, row: Row) -> bool:
        """Check the next leaf; returns False once something is broken."""
        if row.place != self.tree.size:
            self._broken = _flaw(BreakKind.REMOVED, self.tree.size + 1, SEALED_HEADS)
            return False
        self.tree.append(leaf(row.stream, row.seq, row.head, row.at_ms))
        if self._accused is None:
            self._accused = _accuse(row)
        if row.size is not None:
            self._broken = self._judge(row) or self._accused
            self._size, self._root = row.size, self.tree.root()
            self.checkpoints += 1
            self.tree.compact()
        return self._broken is None

    def _judge(self, row: Row) -> Verdict | None:
        size = self.tree.size
        try:
            signed = self._open(row)
            written = merkle.Checkpoint(signed.origin, size, bytes.fromhex(row.root))
            proof = _read(row.proof)
        except merkle.UnknownKeyError:
            return _flaw(BreakKind.REPLACED_KEY, size)
        except ValueError:
            return _flaw(BreakKind.FORGED, size)
        if row.previous > self._size:
            return _flaw(BreakKind.REMOVED, row.previous)
        if signed != written or row.previous != self._size:
            return _flaw(BreakKind.FORGED, size)
        if signed.root != self.tree.root():
            return _flaw(BreakKind.EDITED, self._size + 1, SEALED_HEADS)
        if self._newest and size == self._newest.size and row.root != self._newest.root:
            return _flaw(BreakKind.FORGED, size)
        follows = not self._size or merkle.verify_consistency(
            self._size, self._root, size, signed.root, proof
        )
        return None if follows else _flaw(BreakKind.FORGED, size)

    def _open(self, row: Row) -> merkle.Checkpoint:
        if not self._verifiers:
            return merkle.Checkpoint.parse(merkle.split_note(row.note)[0])
        text, verifier = merkle.open_note(row.note, self._verifiers)
        signed = merkle.Checkpoint.parse(text)
        if signed.origin != verifier.name:
            raise merkle.NoteError("The checkpoint is of another ledger than its key.")
        return signed

    def end(self, checkpoints: int, size: int) -> Verdict | None:
        """Return the first break, given how many checkpoints over how many heads there were."""
        if self._broken:
            return self._broken
        if self.tree.size < max(size, self._newest.size if self._newest else 0):
            return _flaw(BreakKind.TRUNCATED, self.tree.size + 1, SEALED_HEADS)
        if self.tree.size > self._size:
            return _flaw(BreakKind.ADDED, self._size + 1, SEALED_HEADS)
        if self.checkpoints < checkpoints:
            return _flaw(BreakKind.FORGED, size)
        return None


def _accuse(row: Row) -> Verdict | None:
    if row.found == row.head:
        return None
    if row.length is None:
        broken = Break(BreakKind.REMOVED, 1)
    elif row.found is not None:
        broken = Break(BreakKind.REWRITTEN, row.seq)
    elif row.length < row.seq:
        broken = Break(BreakKind.TRUNCATED, row.length + 1)
    else:
        broken = Break(BreakKind.REMOVED, row.seq)
    return Verdict(row.stream, row.seq, broken)


def _flaw(kind: BreakKind, number: int, what: str = CHECKPOINTS) -> Verdict:
    return Verdict(what, number, Break(kind, number))
