import base64
import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrity.proof import merkle
from integrity.proof.merkle import Checkpoint, NoteError, Signer, Tree, UnknownKeyError, Verifier

# The eight entries of the RFC's own tests, and the roots over the first n of them.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243",
        "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = {
    0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}

VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
TEXT = "This is an example message.\n"
NOTE = (
    TEXT + "\n\u2014 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


def leaves(count: int) -> list[bytes]:
    return [merkle.leaf_hash(str(number).encode()) for number in range(count)]


def grown(hashes: Sequence[bytes]) -> Tree:
    tree = Tree()
    for leaf in hashes:
        tree.append(leaf)
    return tree


def defined_root(hashes: Sequence[bytes]) -> bytes:
    """The definition of RFC 6962, section 2.1, as it is written there."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return merkle.node_hash(defined_root(hashes[:k]), defined_root(hashes[k:]))


@pytest.mark.parametrize(("size", "expected"), ROOTS.items())
def test_the_roots_of_the_rfc_come_out(size: int, expected: str) -> None:
    assert merkle.root(merkle.leaf_hash(entry) for entry in ENTRIES[:size]).hex() == expected


@given(st.integers(0, 70))
def test_the_root_is_the_defined_one(size: int) -> None:
    assert grown(leaves(size)).root() == defined_root(leaves(size))


@given(st.integers(0, 70), st.integers(0, 70))
def test_a_tree_goes_on_from_its_frontier(size: int, more: int) -> None:
    hashes = leaves(size + more)
    tree = Tree(size, grown(hashes[:size]).frontier())
    assert tree.root() == defined_root(hashes[:size])
    for leaf in hashes[size:]:
        tree.append(leaf)
        tree.compact()
    assert tree.root() == defined_root(hashes)
    assert tree.size == size + more


def test_a_frontier_of_another_size_is_refused() -> None:
    with pytest.raises(ValueError, match="3 leaves has 2 perfect subtrees"):
        Tree(3, [b"x"])


@given(st.integers(1, 70), st.data())
def test_a_leaf_is_proved_to_be_in_the_tree(size: int, data: st.DataObject) -> None:
    hashes = leaves(size)
    index = data.draw(st.integers(0, size - 1))
    path = grown(hashes).inclusion(index)
    root = defined_root(hashes)
    assert merkle.verify_inclusion(hashes[index], index, size, path, root)
    assert not merkle.verify_inclusion(merkle.leaf_hash(b"x"), index, size, path, root)
    assert not merkle.verify_inclusion(hashes[index], index, size, path, bytes(32))
    assert not merkle.verify_inclusion(hashes[index], index, size, [*path, bytes(32)], root)
    assert not merkle.verify_inclusion(hashes[index], index + size, size, path, root)
    if path:
        assert not merkle.verify_inclusion(hashes[index], index, size, path[:-1], root)
        assert not merkle.verify_inclusion(hashes[index], index, size, [bytes(32), *path[1:]], root)


@given(st.integers(1, 70), st.data())
def test_paths_of_some_leaves_come_out_of_one_pass(size: int, data: st.DataObject) -> None:
    indexes = data.draw(st.sets(st.integers(0, size - 1)))
    tree = grown(leaves(size))
    assert merkle.inclusion_paths(leaves(size), indexes) == (
        tree.root(), {index: tree.inclusion(index) for index in indexes},
    )  # fmt: skip


def test_no_leaves_have_the_root_of_nothing() -> None:
    assert merkle.inclusion_paths([], []) == (merkle.EMPTY_ROOT, {})


@given(st.integers(1, 70), st.integers(0, 70))
def test_a_tree_is_proved_to_begin_with_an_older_one(size: int, more: int) -> None:
    hashes = leaves(size + more)
    old, new = defined_root(hashes[:size]), defined_root(hashes)
    tree = Tree(size, grown(hashes[:size]).frontier())
    for leaf in hashes[size:]:
        tree.append(leaf)
    proof = tree.consistency(size)
    assert merkle.verify_consistency(size, old, size + more, new, proof)
    assert not merkle.verify_consistency(size, bytes(32), size + more, new, proof)
    assert not merkle.verify_consistency(size, old, size + more, bytes(32), proof)
    assert not merkle.verify_consistency(size, old, size + more, new, [*proof, bytes(32)])
    if proof:
        assert not merkle.verify_consistency(size, old, size + more, new, proof[:-1])
        assert not merkle.verify_consistency(size, old, size + more, new, [bytes(32), *proof[1:]])


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (1, 1, []),
        (6, 8, [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ]),
        (2, 5, [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ]),
    ],
)  # fmt: skip
def test_the_consistency_proofs_of_the_rfc_come_out(
    old: int, new: int, expected: list[str]
) -> None:
    tree = grown([merkle.leaf_hash(entry) for entry in ENTRIES[:new]])
    assert [step.hex() for step in tree.consistency(old)] == expected


def test_a_rewritten_past_has_no_proof() -> None:
    hashes = leaves(9)
    old = defined_root(hashes[:5])
    hashes[2] = merkle.leaf_hash(b"rewritten")
    tree = grown(hashes)
    assert not merkle.verify_consistency(5, old, 9, tree.root(), tree.consistency(5))


@pytest.mark.parametrize(("old", "new"), [(0, 1), (3, 2), (-1, 2)])
def test_sizes_that_make_no_sense_prove_nothing(old: int, new: int) -> None:
    assert not merkle.verify_consistency(old, bytes(32), new, bytes(32), [])
    with pytest.raises(IndexError):
        grown(leaves(max(new, 0))).consistency(old)


def test_the_published_note_opens_with_its_published_key() -> None:
    verifier = Verifier.parse(VKEY)
    assert str(verifier) == VKEY
    assert merkle.open_note(NOTE, [verifier]) == (TEXT, verifier)


def test_a_note_whose_text_was_changed_does_not_open() -> None:
    with pytest.raises(NoteError, match="does not fit"):
        merkle.open_note(NOTE.replace("example message", "another message"), [Verifier.parse(VKEY)])


def test_a_note_of_an_unknown_key_does_not_open() -> None:
    other = Signer.generate("example.com/foo").verifier
    for known in ([], [other]):
        with pytest.raises(UnknownKeyError):
            merkle.open_note(NOTE, known)


def test_one_known_signature_among_others_is_enough() -> None:
    signer, other = Signer.generate("a"), Signer.generate("b")
    text = "x\n\ny\n"
    more = other.sign(text).rpartition("\n\n")[2]
    assert merkle.open_note(signer.sign(text) + more, [other.verifier]) == (text, other.verifier)


@pytest.mark.parametrize(
    "note",
    ["", "x", "x\n", "x\n\n", "x\n\n\u2014 a b", "x\n\n\u2014 a !!\n", "x\n\n- a AAAAAAAA\n",
     "x\n\n\u2014 a+b AAAAAAAA\n", "x\n\n\u2014 a AAAA\n"],
)  # fmt: skip
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(NoteError):
        merkle.open_note(note, [Verifier.parse(VKEY)])


@pytest.mark.parametrize(
    "key",
    ["", "a+b", "a b+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
     "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
     "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
     "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U"],
)  # fmt: skip
def test_what_is_no_verifier_key_is_refused(key: str) -> None:
    with pytest.raises(NoteError):
        Verifier.parse(key)


def test_a_signing_key_survives_as_text_and_never_shows_itself() -> None:
    signer = Signer.generate("exam.example/ledger")
    assert Signer.parse(str(signer)) == signer
    assert base64.b64encode(merkle.ED25519 + signer.seed).decode() not in repr(signer)
    for wrong in ("", str(signer.verifier), str(signer)[:-8]):
        with pytest.raises(NoteError):
            Signer.parse(wrong)
    with pytest.raises(NoteError):
        Signer.generate("two words")
    with pytest.raises(NoteError):
        signer.sign("no newline")


def test_a_checkpoint_is_three_lines() -> None:
    checkpoint = Checkpoint("exam.example/ledger", 8, bytes.fromhex(ROOTS[8]))
    assert checkpoint.text() == (
        "exam.example/ledger\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"
    )
    assert Checkpoint.parse(checkpoint.text()) == checkpoint


@pytest.mark.parametrize(
    "text",
    ["", "a\n8\n", "a\nx\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n", "a\n8\nAAAA\n",
     "a\n08\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n",
     "\n8\nXcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=\n"],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        Checkpoint.parse(text)
