from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrity import ledger
from integrity.models import SealedHead
from integrity.proof import keys, proofs, seals
from integrity.proof.merkle import Signer
from integrity.proof.proofs import Proof, ProofError

AT = datetime(2026, 11, 22, 10, 42, 7, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Path) -> None:
    settings.LEDGER_KEY_DIR = tmp_path / "ledger"
    settings.LEDGER_SEALED_KINDS = ("end",)


def fill(stream: str, *kinds: str) -> None:
    ledger.append_many([ledger.Draft(stream, kind, {}, "x", AT) for kind in kinds])


def leaves() -> list[tuple[str, int]]:
    return list(SealedHead.objects.order_by("place").values_list("stream", "seq"))


@pytest.mark.django_db
def test_an_ending_is_sealed_by_itself_before_what_came_after_it() -> None:
    fill("a", "k", "end", "k", "k", "end")
    fill("b", "k", "k")
    fill("c", "end", "k")
    seals.seal(AT)
    assert leaves() == [("a", 2), ("a", 5), ("b", 2), ("c", 1), ("c", 2)]
    fill("a", "k", "end", "k")
    seals.seal(AT)
    assert leaves()[5:] == [("a", 7), ("a", 8)]
    assert seals.verify().broken is None


@pytest.mark.django_db
def test_every_sealed_entry_has_a_proof_that_leads_to_its_own_checkpoint() -> None:
    for number in range(7):
        for name in "abcdefgh"[: 1 + number]:
            fill(name, "k", "end", "k")
        seals.seal(AT + timedelta(seconds=number))
    sizes = set()
    for stream, seq in leaves():
        proof = proofs.of(stream, seq)
        assert proof is not None
        signed = proofs.verify(proof, keys.verifiers())
        assert proofs.is_ours(signed)
        assert signed.size > proof.place
        sizes.add(signed.size)
        assert Proof.from_json(proof.to_json()) == proof
    assert len(sizes) == 7


@pytest.mark.django_db
def test_what_was_not_sealed_by_itself_has_no_proof() -> None:
    fill("a", "k", "end")
    assert proofs.of("a", 2) is None
    seals.seal(AT)
    assert proofs.of("a", 1) is None


@pytest.mark.django_db
def test_a_proof_that_was_changed_proves_nothing() -> None:
    for name in "abcde":
        fill(name, "end")
    seals.seal(AT)
    proof = proofs.of("c", 1)
    assert proof is not None
    for other in (
        replace(proof, head="0" * 64),
        replace(proof, seq=2),
        replace(proof, stream="d"),
        replace(proof, place=3),
        replace(proof, path=proof.path[:-1]),
        replace(proof, path=("zz",)),
        replace(proof, note=proof.note.replace("\n5\n", "\n6\n")),
        replace(proof, note=""),
    ):
        with pytest.raises(ProofError):
            proofs.verify(other, keys.verifiers())
    with pytest.raises(ProofError, match="None of the known keys"):
        proofs.verify(proof, [Signer.generate("exam.example/other").verifier])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
LEAF = dict.fromkeys(("stream", "seq", "head", "at_ms"), JSON)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "leaf": JSON | st.fixed_dictionaries(LEAF),
        "place": JSON, "path": JSON, "checkpoint": JSON,
    },
)  # fmt: skip


@given(FIELDS)
def test_whatever_else_is_handed_in_is_no_proof(data: dict[str, Any]) -> None:
    try:
        proof = Proof.from_json(data)
    except ProofError:
        return
    with pytest.raises(ProofError):
        proofs.verify(proof, [])
