import stat
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from integrity import chain, ledger, tasks, triggers
from integrity.chain import Break, BreakKind, Position
from integrity.ledger import Verdict
from integrity.models import Checkpoint, LedgerEntry, LedgerStream, SealedHead
from integrity.proof import keys, merkle, seals
from integrity.proof.merkle import Signer

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 10, 42, 7, tzinfo=UTC)


@pytest.fixture(autouse=True)
def key_directory(settings: Any, tmp_path: Path) -> Path:
    settings.LEDGER_KEY_DIR = tmp_path / "ledger"
    settings.LEDGER_ORIGIN = "exam.example/ledger"
    return tmp_path / "ledger"


def fill(*streams: str, entries: int = 3) -> None:
    ledger.append_many([
        ledger.Draft(name, "k", {"n": number}, "x", AT)
        for name in streams for number in range(entries)
    ])  # fmt: skip


def three_checkpoints() -> None:
    """Seal a, b; then a and c; then b: five heads under three checkpoints."""
    for number, streams in enumerate((["a", "b"], ["a", "c"], ["b"])):
        fill(*streams)
        seals.seal(AT + timedelta(seconds=number))


def test_the_heads_that_moved_are_sealed_and_signed() -> None:
    fill("a", "b")
    first = seals.seal(AT)
    fill("b")
    second = seals.seal(AT)
    assert first
    assert second
    assert [(row.place, row.stream, row.seq) for row in SealedHead.objects.order_by("place")] == [
        (0, "a", 3), (1, "b", 3), (2, "b", 6),
    ]  # fmt: skip
    text, verifier = merkle.open_note(second.note, keys.verifiers())
    assert verifier == keys.signer().verifier
    assert merkle.Checkpoint.parse(text) == merkle.Checkpoint(
        "exam.example/ledger", 3, bytes.fromhex(second.root)
    )
    assert merkle.verify_consistency(
        2, bytes.fromhex(first.root), 3, bytes.fromhex(second.root),
        [bytes.fromhex(step) for step in second.proof.split()],
    )  # fmt: skip
    assert seals.verify() == seals.Sealing(2, 3, None)


def test_nothing_is_sealed_where_nothing_moved() -> None:
    assert seals.seal(AT) is None
    fill("a")
    assert seals.seal(AT)
    assert seals.seal(AT) is None
    LedgerStream.objects.create(name="empty")
    assert seals.seal(AT) is None


def test_more_heads_than_one_seal_holds_follow_in_the_next(monkeypatch: Any) -> None:
    monkeypatch.setattr(seals, "HEADS_PER_SEAL", 2)
    fill("a", "b", "c", entries=1)
    sizes = [checkpoint.size for _ in range(2) if (checkpoint := seals.seal(AT))]
    assert sizes == [2, 3]
    assert seals.verify() == seals.Sealing(2, 3, None)


@pytest.mark.parametrize("count", [1, 3])
def test_sealing_takes_the_same_statements_for_one_and_for_three(
    count: int, django_assert_num_queries: Any
) -> None:
    keys.signer()
    fill(*[f"s{number}" for number in range(count)])
    with django_assert_num_queries(7):  # savepoint twice, last, heads, leaves, checkpoint
        seals.seal(AT)


def test_the_task_seals() -> None:
    fill("a")
    tasks.seal()
    row = seals.sealed_head("a")
    assert row
    assert row.seq == 3
    assert seals.sealed_head("b") is None


def test_the_task_says_why_it_does_not_seal(caplog: pytest.LogCaptureFixture) -> None:
    three_checkpoints()
    tamper(f"{CHECKPOINT} note = 'x'")
    fill("d")
    tasks.seal()
    (record,) = caplog.records
    assert record.getMessage().startswith(
        "The ledger is not being sealed. The checkpoint over 5 heads is not ours: "
    )


def test_appending_and_sealing_at_once_leaves_a_whole_ledger(transactional_db: None) -> None:
    keys.signer()

    def run(work: Callable[[], object]) -> None:
        try:
            for _ in range(10):
                work()
        finally:
            connection.close()

    def write() -> None:
        with transaction.atomic():
            fill("a", "b")

    jobs = [write, write, lambda: seals.seal(AT), lambda: seals.seal(AT)]
    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seals.seal(AT)
    sealing = seals.verify()
    assert sealing.broken is None
    assert sealing.heads >= 2
    assert [(verdict.entries, verdict.broken) for verdict in ledger.verify_all()] == [
        (60, None)
    ] * 2


def tamper(*statements: str) -> None:
    with triggers.lifted(connection), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def rewrite(stream: str, *, keep: int | None = None) -> None:
    """Forge a chain that is sound in itself: entry 2 edited, all after it hashed again."""
    row = LedgerStream.objects.get(name=stream)
    old = ledger.read(stream)[:keep]
    position = chain.START
    fresh = []
    for entry in old:
        payload = {"n": 99} if entry.seq == 2 and keep is None else entry.payload
        fresh.append(chain.seal(position, stream=stream, kind=entry.kind, at_ms=entry.at_ms,
                                actor=entry.actor, payload=payload))  # fmt: skip
        position = Position(fresh[-1].seq, fresh[-1].hash)
    with triggers.lifted(connection):
        row.entries.all().delete()
        LedgerEntry.objects.bulk_create([
            LedgerEntry(stream=row, seq=one.seq, kind=one.kind, at_ms=one.at_ms, actor=one.actor,
                        payload=one.body, prev=one.prev, hash=one.hash)
            for one in fresh
        ])  # fmt: skip
        LedgerStream.objects.filter(pk=row.pk).update(head=position.hash, length=position.seq)
    assert ledger.verify(stream).is_whole


def broken() -> tuple[str, BreakKind, int]:
    verdict = seals.verify().broken
    assert verdict
    assert verdict.broken
    return verdict.stream, verdict.broken.kind, verdict.broken.seq


def test_a_chain_that_was_rewritten_as_a_whole_is_found() -> None:
    three_checkpoints()
    rewrite("a")
    assert broken() == ("a", BreakKind.REWRITTEN, 3)
    assert seals.verify_streams(["a", "b"]) == [
        Verdict("a", 3, Break(BreakKind.REWRITTEN, 3)), Verdict("b", 6, None),
    ]  # fmt: skip
    with pytest.raises(CommandError, match="Broken: stream a, entry 3, rewritten"):
        call_command("ledger_verify", stream="a")
    with pytest.raises(CommandError, match="Broken: stream a, entry 3, rewritten"):
        call_command("ledger_verify")


def test_a_tail_that_was_cut_with_its_head_is_found() -> None:
    three_checkpoints()
    rewrite("a", keep=4)
    assert broken() == ("a", BreakKind.TRUNCATED, 5)
    with pytest.raises(CommandError, match="Broken: stream a, entry 5, truncated tail"):
        call_command("ledger_verify")


def test_a_stream_that_was_removed_with_its_entries_is_found() -> None:
    three_checkpoints()
    with triggers.lifted(connection):
        LedgerEntry.objects.filter(stream__name="c").delete()
        LedgerStream.objects.filter(name="c").delete()
    assert broken() == ("c", BreakKind.REMOVED, 1)


def test_a_stream_that_was_renamed_is_found() -> None:
    three_checkpoints()
    tamper("UPDATE integrity_ledgerstream SET name = 'x' WHERE name = 'c'")
    assert broken() == ("c", BreakKind.REMOVED, 1)


CHECKPOINT = "UPDATE integrity_checkpoint SET"
HEAD = "UPDATE integrity_sealedhead SET"
TAMPERING: dict[str, tuple[str, tuple[str, BreakKind, int]]] = {
    "head": (f"{HEAD} head = '{'0' * 64}' WHERE place = 2",
             (seals.SEALED_HEADS, BreakKind.EDITED, 3)),
    "time": (f"{HEAD} at_ms = 5 WHERE place = 0", (seals.SEALED_HEADS, BreakKind.EDITED, 1)),
    "stream": (f"{HEAD} stream = 'x' WHERE place = 4", (seals.SEALED_HEADS, BreakKind.EDITED, 5)),
    "leaf removed": ("DELETE FROM integrity_sealedhead WHERE place = 1",
                     (seals.SEALED_HEADS, BreakKind.REMOVED, 2)),
    "last leaf removed": ("DELETE FROM integrity_sealedhead WHERE place = 4",
                          (seals.SEALED_HEADS, BreakKind.TRUNCATED, 5)),
    "checkpoint removed": ("DELETE FROM integrity_checkpoint WHERE size = 2",
                           (seals.CHECKPOINTS, BreakKind.REMOVED, 2)),
    "last checkpoint removed": ("DELETE FROM integrity_checkpoint WHERE size = 5",
                                (seals.SEALED_HEADS, BreakKind.ADDED, 5)),
    "root": (f"{CHECKPOINT} root = '{'0' * 64}' WHERE size = 4",
             (seals.CHECKPOINTS, BreakKind.FORGED, 4)),
    "root that is no hash": (f"{CHECKPOINT} root = 'x' WHERE size = 4",
                             (seals.CHECKPOINTS, BreakKind.FORGED, 4)),
    "proof": (f"{CHECKPOINT} proof = '{'0' * 64}' WHERE size = 4",
              (seals.CHECKPOINTS, BreakKind.FORGED, 4)),
    "previous": (f"{CHECKPOINT} previous = 1 WHERE size = 4",
                 (seals.CHECKPOINTS, BreakKind.FORGED, 4)),
    "note": (f"{CHECKPOINT} note = replace(note, 'exam', 'test') WHERE size = 4",
             (seals.CHECKPOINTS, BreakKind.REPLACED_KEY, 4)),
    "signed size": (f"{CHECKPOINT} note = replace(note, '4', '5') WHERE size = 4",
                    (seals.CHECKPOINTS, BreakKind.FORGED, 4)),
    "no note": (f"{CHECKPOINT} note = 'x' WHERE size = 4",
                (seals.CHECKPOINTS, BreakKind.FORGED, 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERING)
def test_tampering_with_the_seals_is_found(name: str) -> None:
    three_checkpoints()
    statement, expected = TAMPERING[name]
    tamper(statement)
    stream, kind, number = broken()
    if name == "signed size":  # the digit may stand in the key id or the signature as well
        assert (stream, number) == (expected[0], expected[2])
        assert kind in (BreakKind.FORGED, BreakKind.REPLACED_KEY)
    else:
        assert (stream, kind, number) == expected


def sign_again(size: int, signer: Signer) -> None:
    """Forge a checkpoint over heads that were changed, as somebody would who has a key."""
    tree = merkle.Tree()
    for row in SealedHead.objects.order_by("place")[:size]:
        tree.append(seals.leaf(row.stream, row.seq, row.head, row.at_ms))
    note = signer.sign(merkle.Checkpoint(signer.name, size, tree.root()).text())
    with triggers.lifted(connection):
        Checkpoint.objects.filter(size=size).update(note=note, root=tree.root().hex())


def test_a_checkpoint_of_another_key_is_found() -> None:
    three_checkpoints()
    tamper(f"{HEAD} at_ms = 5 WHERE place = 2")
    sign_again(4, Signer.generate("exam.example/ledger"))
    assert broken() == (seals.CHECKPOINTS, BreakKind.REPLACED_KEY, 4)
    with pytest.raises(CommandError, match="entry 4, replaced key"):
        call_command("ledger_verify")


def test_a_rewritten_past_under_our_own_key_is_inconsistent() -> None:
    three_checkpoints()
    tamper(f"{HEAD} at_ms = 5 WHERE place = 0")
    sign_again(4, keys.signer())
    assert broken() == (seals.SEALED_HEADS, BreakKind.EDITED, 1)


def test_a_seal_accuses_no_entry_before_its_own_checkpoint_has_held() -> None:
    three_checkpoints()
    tamper(f"{HEAD} head = '{'0' * 64}' WHERE place = 0")
    assert broken() == (seals.SEALED_HEADS, BreakKind.EDITED, 1)


@pytest.mark.parametrize(
    "statement",
    [
        f"{CHECKPOINT} frontier = replace(frontier, 'a', 'b')",
        f"{CHECKPOINT} frontier = 'x'",
        f"{CHECKPOINT} note = 'x'",
        f"{CHECKPOINT} size = size + 1 WHERE size = 5",
    ],
)
def test_nothing_is_built_on_a_checkpoint_that_was_changed(statement: str) -> None:
    three_checkpoints()
    tamper(statement)
    fill("d")
    before = Checkpoint.objects.count()
    with pytest.raises(seals.SealingError):
        seals.seal(AT)
    assert Checkpoint.objects.count() == before
    assert SealedHead.objects.count() == 5


def test_the_seals_are_append_only_in_the_database() -> None:
    three_checkpoints()
    for table in ("integrity_sealedhead", "integrity_checkpoint"):
        for statement in (f"UPDATE {table} SET at_ms = 1", f"DELETE FROM {table}"):
            with pytest.raises(Exception, match="append-only"), transaction.atomic():
                connection.cursor().execute(statement)


def test_without_a_verifier_key_all_but_the_signatures_is_verified(
    key_directory: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    three_checkpoints()
    (key_directory / keys.VERIFIERS).unlink()
    assert seals.verify() == seals.Sealing(3, 5, None, signatures=False)
    call_command("ledger_verify")
    told = capsys.readouterr()
    assert told.err == (
        "Warning: no verifier key is known here, so the signatures were not checked.\n"
    )
    assert told.out.endswith("3 streams, 15 entries verified\n")
    tamper(f"{HEAD} at_ms = 5 WHERE place = 0")
    assert broken() == (seals.SEALED_HEADS, BreakKind.EDITED, 1)


def test_a_checkpoint_of_another_ledger_is_found() -> None:
    three_checkpoints()
    signer = keys.signer()
    row = Checkpoint.objects.get(size=4)
    other = merkle.Checkpoint("other/ledger", 4, bytes.fromhex(row.root))
    with triggers.lifted(connection):
        Checkpoint.objects.filter(size=4).update(note=signer.sign(other.text()))
    assert broken() == (seals.CHECKPOINTS, BreakKind.FORGED, 4)


def test_the_signing_key_is_made_once_and_is_private(key_directory: Path) -> None:
    first = keys.signer()
    assert keys.signer() == first
    assert keys.verifiers() == [first.verifier]
    assert stat.S_IMODE((key_directory / keys.SIGNING).stat().st_mode) == 0o600
    assert stat.S_IMODE(key_directory.stat().st_mode) == 0o700
    assert sorted(path.name for path in key_directory.iterdir()) == [keys.SIGNING, keys.VERIFIERS]


def test_a_rotation_is_signed_by_the_old_key_and_old_checkpoints_stay_verifiable(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fill("a")
    seals.seal(AT)
    old = keys.signer()
    call_command("ledger_key", "--rotate")
    new = keys.signer()
    assert capsys.readouterr().out.split() == [str(old.verifier), str(new.verifier)]
    assert old != new
    (entry,) = ledger.read(keys.STREAM)
    text, by = merkle.open_note(entry.payload["note"], [old.verifier])
    assert (text, by) == (keys.HANDOVER.format(key=new.verifier), old.verifier)
    checkpoint = seals.seal(AT)
    assert checkpoint
    assert checkpoint.key == str(new.verifier)
    assert seals.verify() == seals.Sealing(2, 2, None)


def test_the_commands_say_what_they_did(capsys: pytest.CaptureFixture[str]) -> None:
    fill("a")
    call_command("ledger_seal")
    note = capsys.readouterr().out
    assert note.startswith("exam.example/ledger\n1\n")
    call_command("ledger_seal")
    assert capsys.readouterr().out == "Nothing moved since the last seal.\n"
    call_command("ledger_verify")
    assert capsys.readouterr().out == (
        "1 checkpoints over 1 sealed heads verified\n1 streams, 3 entries verified\n"
    )
    tamper(f"{CHECKPOINT} note = 'x'")
    fill("b")
    with pytest.raises(CommandError, match="The checkpoint over 1 heads is not ours"):
        call_command("ledger_seal")


def test_progress_counts_every_sealed_head(monkeypatch: Any) -> None:
    monkeypatch.setattr(seals, "CHUNK", 2)
    three_checkpoints()
    told: list[int] = []
    assert seals.verify(told.append) == seals.Sealing(3, 5, None)
    assert sum(told) == 5


def test_a_verdict_on_a_seal_reads_as_a_sentence() -> None:
    verdict = Verdict(seals.CHECKPOINTS, 4, Break(BreakKind.REPLACED_KEY, 4))
    assert verdict.broken
    assert verdict.broken.sentence == (
        "The checkpoint over 4 heads is signed by a key that is not ours."
    )
