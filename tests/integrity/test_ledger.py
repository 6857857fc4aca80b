import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from integrity import chain, ledger, rowsets, triggers
from integrity.chain import Break, BreakKind
from integrity.ledger import Draft, Sealed, Verdict
from integrity.models import LedgerEntry, LedgerStream
from integrity.rowsets import MovedError

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 10, 42, 7, 128_000, tzinfo=UTC)


def draft(stream: str = "session:1", number: int = 1) -> Draft:
    return Draft(
        stream=stream,
        kind="response.saved",
        payload={"item": f"Q{number}", "revision": number, "in_grace": False},
        actor="candidate:12",
        at=AT + timedelta(milliseconds=number),
    )


def fill(stream: str = "session:1", entries: int = 5) -> list[Sealed]:
    return ledger.append_many([draft(stream, number) for number in range(1, entries + 1)])


def test_an_appended_fact_is_read_back_as_it_was_sealed() -> None:
    sealed = ledger.append(
        stream="session:1",
        kind="session.paused",
        payload={"reason": "Überprüfung \U0001f600 \x00", "scopes": ["a", 1, True]},
        actor="proctor:3",
        at=AT,
    )
    (entry,) = ledger.read("session:1")
    assert sealed == Sealed("session:1", 1, entry.hash)
    assert entry.payload == {"reason": "Überprüfung \U0001f600 \x00", "scopes": ["a", 1, True]}
    assert (entry.kind, entry.actor, entry.at, entry.prev) == (
        "session.paused", "proctor:3", AT, chain.ZEROS,
    )  # fmt: skip


def test_streams_are_chained_apart_and_results_come_in_the_order_of_the_drafts() -> None:
    sealed = ledger.append_many([draft("b"), draft("a"), draft("b", 2)])
    assert [(one.stream, one.seq) for one in sealed] == [("b", 1), ("a", 1), ("b", 2)]
    assert ledger.head("b") == sealed[2]
    assert ledger.head("a") == sealed[1]
    assert [entry.hash for entry in ledger.read("b")] == [sealed[0].head, sealed[2].head]
    assert ledger.append_many([]) == []


def test_appending_goes_on_where_the_stream_stopped() -> None:
    fill(entries=3)
    assert ledger.append_many([draft(number=4)])[0].seq == 4
    assert ledger.verify("session:1") == Verdict("session:1", 4, None)


def test_read_goes_on_behind_a_number_up_to_a_limit() -> None:
    fill(entries=5)
    assert [entry.seq for entry in ledger.read("session:1", after=2)] == [3, 4, 5]
    assert [entry.seq for entry in ledger.read("session:1", after=2, limit=2)] == [3, 4]
    assert ledger.read("nothing") == []
    assert ledger.head("nothing") is None


def test_a_fact_outside_a_transaction_is_refused(transactional_db: None) -> None:
    with pytest.raises(TransactionManagementError):
        fill()
    assert LedgerStream.objects.count() == 0


def test_a_payload_that_is_refused_leaves_nothing_behind() -> None:
    fill(entries=2)
    wrong = Draft("session:1", "x", {"a": 1.5}, "system", AT)  # type: ignore[dict-item]
    with pytest.raises(chain.PayloadError), transaction.atomic():
        ledger.append_many([draft(number=3), wrong])
    assert ledger.verify("session:1") == Verdict("session:1", 2, None)


@pytest.mark.parametrize("count", [1, 3])
def test_appending_takes_three_statements_however_many_drafts(
    count: int, django_assert_num_queries: Any
) -> None:
    names = [f"session:{number}" for number in range(count)]
    ledger.append_many([draft(name) for name in names])
    with django_assert_num_queries(3):
        ledger.append_many([draft(name, 2) for name in names])


def test_a_new_stream_takes_two_statements_more(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(5):
        fill()


def test_more_drafts_than_one_statement_holds_are_kept() -> None:
    ledger.append_many([draft(f"session:{n % 1500}", n) for n in range(2_500)])
    verdicts = list(ledger.verify_all())
    assert len(verdicts) == 1500
    assert sum(verdict.entries for verdict in verdicts) == 2_500
    assert all(verdict.is_whole for verdict in verdicts)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="others write one by one")
def test_entries_that_are_written_with_what_they_record_go_on_in_their_streams() -> None:
    with transaction.atomic():
        ledger.append_many([draft("a"), draft("b")])
    names = ["a", "b"]
    with transaction.atomic():
        streams = ledger.lock(names)
    rows = ledger.seal_each([draft(name) for name in names], streams)

    def write() -> None:
        with transaction.atomic(), rowsets.as_one():
            rowsets.share(ledger.COLUMNS, ledger.KINDS, rows)
            ledger.write_each(len(rows))

    write()
    assert [ledger.verify(name) for name in names] == [Verdict(name, 2, None) for name in names]
    assert [ledger.head(name) for name in names] == [
        Sealed(name, 2, row[-1]) for name, row in zip(names, rows, strict=True)
    ]
    # What was seen before is no more where it was.
    with pytest.raises(MovedError):
        write()
    assert LedgerEntry.objects.count() == 4


def test_an_export_verifies_without_a_database() -> None:
    fill(entries=5)
    lines = list(ledger.export("session:1"))
    assert all(line.endswith("}\n") for line in lines)
    entries = [chain.Entry.from_json(line) for line in lines]
    assert entries == ledger.read("session:1")
    assert chain.verify(entries) is None


def test_every_stream_gets_its_verdict_and_progress_adds_up(monkeypatch: Any) -> None:
    monkeypatch.setattr(ledger, "CHUNK", 2)
    fill("a", 5)
    fill("b", 1)
    LedgerStream.objects.create(name="empty")
    told: list[int] = []
    assert list(ledger.verify_all(told.append)) == [
        Verdict("a", 5, None), Verdict("b", 1, None), Verdict("empty", 0, None),
    ]  # fmt: skip
    assert sum(told) == 6
    assert max(told) == 2


def test_a_stream_that_was_never_written_is_whole() -> None:
    assert ledger.verify("nothing") == Verdict("nothing", 0, None)


def tamper(*statements: str) -> None:
    with triggers.lifted(connection), connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


ENTRY = "integrity_ledgerentry"
HEADS = "UPDATE integrity_ledgerstream"
EDIT = f"UPDATE {ENTRY} SET"
FORGED = '{"item":"Q9","revision":3}'
TAMPERING: list[tuple[str, list[str], Break]] = [
    ("payload", [f"{EDIT} payload = '{FORGED}' WHERE seq = 3"], Break(BreakKind.EDITED, 3)),
    ("time", [f"UPDATE {ENTRY} SET at_ms = at_ms + 1 WHERE seq = 1"], Break(BreakKind.EDITED, 1)),
    ("actor", [f"UPDATE {ENTRY} SET actor = 'x' WHERE seq = 5"], Break(BreakKind.EDITED, 5)),
    ("kind", [f"UPDATE {ENTRY} SET kind = 'x' WHERE seq = 2"], Break(BreakKind.EDITED, 2)),
    ("hash", [f"UPDATE {ENTRY} SET hash = prev WHERE seq = 2"], Break(BreakKind.EDITED, 2)),
    ("removed", [f"DELETE FROM {ENTRY} WHERE seq = 3"], Break(BreakKind.REMOVED, 3)),
    ("first removed", [f"DELETE FROM {ENTRY} WHERE seq = 1"], Break(BreakKind.REMOVED, 1)),
    ("reordered", [
        f"UPDATE {ENTRY} SET seq = 99 WHERE seq = 3",
        f"UPDATE {ENTRY} SET seq = 3 WHERE seq = 4",
        f"UPDATE {ENTRY} SET seq = 4 WHERE seq = 99",
    ], Break(BreakKind.REORDERED, 3)),
    ("removed and closed up", [
        f"DELETE FROM {ENTRY} WHERE seq = 3",
        f"UPDATE {ENTRY} SET seq = 3 WHERE seq = 4",
        f"UPDATE {ENTRY} SET seq = 4 WHERE seq = 5",
    ], Break(BreakKind.REORDERED, 3)),
    ("cut of", [f"DELETE FROM {ENTRY} WHERE seq >= 4"], Break(BreakKind.TRUNCATED, 4)),
    ("emptied", [f"DELETE FROM {ENTRY}"], Break(BreakKind.TRUNCATED, 1)),
    ("head shortened", [f"{HEADS} SET length = 3"], Break(BreakKind.ADDED, 4)),
    ("head replaced", [f"{HEADS} SET head = '{'0' * 64}'"], Break(BreakKind.HEAD, 5)),
    ("renamed", [f"{HEADS} SET name = 'x'"], Break(BreakKind.EDITED, 1)),
]  # fmt: skip


@pytest.mark.parametrize(
    ("statements", "expected"), [row[1:] for row in TAMPERING], ids=[row[0] for row in TAMPERING]
)
def test_tampering_by_raw_sql_is_found(statements: list[str], expected: Break) -> None:
    fill()
    tamper(*statements)
    (verdict,) = ledger.verify_all()
    assert verdict.broken == expected


def test_an_entry_that_was_sealed_again_breaks_the_next_link() -> None:
    fill()
    third = ledger.read("session:1")[2]._replace(body=FORGED)
    forged = chain.digest(*third[:-1])
    tamper(f"UPDATE {ENTRY} SET payload = '{FORGED}', hash = '{forged}' WHERE seq = 3")
    assert ledger.verify("session:1").broken == Break(BreakKind.LINK, 4)


def test_a_forged_last_entry_differs_from_the_head() -> None:
    fill()
    last = ledger.read("session:1")[4]._replace(body=FORGED)
    forged = chain.digest(*last[:-1])
    tamper(f"UPDATE {ENTRY} SET payload = '{FORGED}', hash = '{forged}' WHERE seq = 5")
    assert ledger.verify("session:1").broken == Break(BreakKind.HEAD, 5)


def test_an_entry_behind_the_head_is_found() -> None:
    fill()
    last = ledger.read("session:1")[-1]
    more = chain.seal(
        chain.Position(last.seq, last.hash),
        stream=last.stream, kind="x", at_ms=1, actor="x", payload={},
    )  # fmt: skip
    LedgerEntry.objects.create(
        stream=LedgerStream.objects.get(), seq=more.seq, kind=more.kind, at_ms=more.at_ms,
        actor=more.actor, payload=more.body, prev=more.prev, hash=more.hash,
    )  # fmt: skip
    assert ledger.verify("session:1").broken == Break(BreakKind.ADDED, 6)


def test_one_broken_stream_leaves_the_others_whole() -> None:
    fill("a")
    fill("b")
    stream = LedgerStream.objects.get(name="a").pk
    tamper(f"UPDATE {ENTRY} SET actor = 'x' WHERE stream_id = {stream} AND seq = 2")
    assert list(ledger.verify_all()) == [
        Verdict("a", 5, Break(BreakKind.EDITED, 2)), Verdict("b", 5, None),
    ]  # fmt: skip


@pytest.fixture
def unconstrained(transactional_db: None) -> Iterator[None]:
    """Foreign keys off, as somebody would who removes a stream but leaves its entries."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA foreign_keys = OFF")
            yield
            cursor.execute("PRAGMA foreign_keys = ON")
        else:
            cursor.execute("SET session_replication_role = replica")
            yield
            cursor.execute("SET session_replication_role = DEFAULT")


def test_entries_whose_stream_was_removed_are_found(unconstrained: None) -> None:
    with transaction.atomic():
        fill("a")
        fill("b")
    gone = LedgerStream.objects.get(name="a").pk
    tamper(f"DELETE FROM integrity_ledgerstream WHERE id = {gone}")
    assert list(ledger.verify_all()) == [
        Verdict("b", 5, None),
        Verdict(f"(removed stream {gone})", 5, Break(BreakKind.ORPHANED, 1)),
    ]
    tamper(f"DELETE FROM {ENTRY} WHERE stream_id = {gone}")


def test_writers_of_the_same_streams_wait_for_one_another(transactional_db: None) -> None:
    def write(names: list[str]) -> None:
        try:
            for number in range(8):
                with transaction.atomic():
                    ledger.append_many([draft(name, number) for name in names])
        finally:
            connection.close()

    orders = (["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"], ["c", "a", "b"])
    threads = [threading.Thread(target=write, args=(list(names),)) for names in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((v.stream, v.entries, v.broken) for v in ledger.verify_all()) == [
        ("a", 32, None), ("b", 32, None), ("c", 32, None),
    ]  # fmt: skip
