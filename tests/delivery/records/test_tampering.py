"""Tamperings by somebody who holds the database: triggers off, hashes made anew; each is named."""

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from delivery.models import AssessmentSession
from delivery.session import interventions, scoring, sessions
from integrity import chain, ledger, triggers
from integrity.chain import Position
from integrity.models import Checkpoint, LedgerEntry, LedgerStream, LockdownPolicy, SealedHead
from integrity.proof import keys, merkle, seals
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db
RULES = {"tab_hidden": [{"action": "warn", "after": 1}]}
Tamper = Callable[[AssessmentSession], object]


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Path) -> None:
    settings.LEDGER_KEY_DIR = tmp_path / "ledger"


def sat() -> AssessmentSession:
    """A session with all that may be tampered with, sealed in two checkpoints."""
    policy = LockdownPolicy.objects.create(name=f"Watched {after(0)}", rules=RULES)
    sitting = factories.sitting(lockdown=policy)
    session = factories.session(sitting, factories.candidate("Zelda Zuckerberg"))
    proctor = factories.proctor("paula", sitting)
    factories.answer(session, "Q1", "A", received_at=after(1))
    factories.answer(session, "Q1", "B", received_at=after(2), base_revision=1)
    interventions.message(session.pk, "Please look at your screen.", by=proctor, at=after(4))
    interventions.extend(session.pk, ms=300_000, reason="Noise.", by=proctor, at=after(5))
    seals.seal(after(6))
    sessions.complete(session.pk, after(60), by="candidate:1", confirmed=True)
    factories.answer(session, "Q2", "C", received_at=after(99))
    scoring.score(session.pk, after(61))
    seals.seal(after(100))
    session.refresh_from_db()
    return session


def sql(statement: str, *values: str | int | float | bool | None) -> None:
    with triggers.lifted(connection), connection.cursor() as cursor:
        cursor.execute(statement, values)


def of(session: AssessmentSession, table: str, change: str) -> None:
    """Change rows of a session by raw SQL."""
    column = {"delivery_assessmentsession": "id"}.get(table, "session_id")
    key = str(session.pk) if connection.vendor == "postgresql" else session.pk.hex
    sql(f"UPDATE {table} SET {change} WHERE {column} = %s", key)


def changed(table: str, change: str) -> Tamper:
    return lambda session: of(session, f"delivery_{table}", change)


def entry(session: AssessmentSession, kind: str) -> LedgerEntry:
    return LedgerEntry.objects.filter(stream__name=session.stream, kind=kind).latest("seq")


def rehashed(session: AssessmentSession, kind: str, **told: Any) -> None:
    """Edit one entry's payload and hash the stream anew from there, its head included."""
    wanted = entry(session, kind)
    stream = LedgerStream.objects.get(name=session.stream)
    place = Position(0, chain.ZEROS)
    for row in ledger.read(session.stream):
        payload = row.payload | (told if row.seq == wanted.seq else {})
        made = chain.seal(
            place, stream=row.stream, kind=row.kind, at_ms=row.at_ms, actor=row.actor,
            payload=payload,
        )  # fmt: skip
        place = Position(made.seq, made.hash)
        sql(
            "UPDATE integrity_ledgerentry SET payload = %s, prev = %s, hash = %s"
            " WHERE stream_id = %s AND seq = %s",
            made.body, made.prev, made.hash, stream.pk, made.seq,
        )  # fmt: skip
    sql("UPDATE integrity_ledgerstream SET head = %s WHERE id = %s", place.hash, stream.pk)


def swap_heads(session: AssessmentSession) -> None:
    mine = LedgerStream.objects.get(name=session.stream)
    other = LedgerStream.objects.exclude(pk=mine.pk).filter(length__gt=0).earliest("pk")
    for one, two in ((mine, other), (other, mine)):
        sql(
            "UPDATE integrity_ledgerstream SET head = %s, length = %s WHERE id = %s",
            two.head, two.length, one.pk,
        )  # fmt: skip


def remove_stream(session: AssessmentSession) -> None:
    stream = LedgerStream.objects.get(name=session.stream)
    sql("DELETE FROM integrity_ledgerentry WHERE stream_id = %s", stream.pk)
    sql("DELETE FROM integrity_ledgerstream WHERE id = %s", stream.pk)


def cut_the_tail(session: AssessmentSession) -> None:
    """Take the last entry away, and let the head say so."""
    last, before = (ledger.read(session.stream)[place] for place in (-1, -2))
    stream = LedgerStream.objects.get(name=session.stream)
    sql("DELETE FROM integrity_ledgerentry WHERE stream_id = %s AND seq = %s", stream.pk, last.seq)
    sql(
        "UPDATE integrity_ledgerstream SET head = %s, length = %s WHERE id = %s",
        before.hash, before.seq, stream.pk,
    )  # fmt: skip


def remove_newest_checkpoint(_session: AssessmentSession) -> None:
    newest = Checkpoint.objects.latest("size")
    sql("DELETE FROM integrity_sealedhead WHERE place >= %s", newest.previous)
    sql("DELETE FROM integrity_checkpoint WHERE size = %s", newest.size)


def remove_checkpoint_alone(_session: AssessmentSession) -> None:
    sql("DELETE FROM integrity_checkpoint WHERE size = %s", Checkpoint.objects.latest("size").size)


def seal_anew_with_another_key(session: AssessmentSession) -> None:
    """Rewrite the story, then all heads, roots and signatures, with a key of one's own."""
    rehashed(session, "time.extended", ms=9_000_000)
    forger = merkle.Signer.generate(keys.signer().name)
    hashes = {(row.stream.name, row.seq): row.hash for row in LedgerEntry.objects.all()}
    tree = merkle.Tree()
    for head in SealedHead.objects.order_by("place"):
        hash_ = hashes[head.stream, head.seq]
        sql("UPDATE integrity_sealedhead SET head = %s WHERE id = %s", hash_, head.pk)
        tree.append(seals.leaf(head.stream, head.seq, hash_, head.at_ms))
        for signed in Checkpoint.objects.filter(size=tree.size):
            note = forger.sign(merkle.Checkpoint(forger.name, tree.size, tree.root()).text())
            old = signed.previous
            sql(
                "UPDATE integrity_checkpoint SET root = %s, note = %s, key = %s, proof = %s"
                " WHERE size = %s",
                tree.root().hex(), note, str(forger.verifier),
                " ".join(one.hex() for one in tree.consistency(old)) if old else "", tree.size,
            )  # fmt: skip


def score_by_item(session: AssessmentSession) -> None:
    outcomes = json.loads(json.dumps(session.outcomes))
    outcomes["items"][0]["score"] = 3.0
    sql("UPDATE delivery_assessmentsession SET outcomes = %s", json.dumps(outcomes))


CHAINS: dict[str, tuple[Tamper, str]] = {
    "an entry edited, the stream hashed anew": (
        lambda s: rehashed(s, "time.extended", ms=1), "rewritten"),
    "an answer's digest edited, the stream hashed anew": (
        lambda s: rehashed(s, "response.saved", digest="0" * 64), "rewritten"),
    "two streams' heads swapped": (swap_heads, "truncated tail|head|added"),
    "a whole stream removed": (remove_stream, "removed"),
    "the newest entry removed": (cut_the_tail, "truncated tail"),
    "the newest checkpoint removed": (remove_newest_checkpoint, "truncated tail"),
    "a checkpoint removed, its heads left": (remove_checkpoint_alone, "added|truncated tail"),
    "everything sealed anew with another key": (seal_anew_with_another_key, "replaced key"),
    "an answer edited": (
        lambda _s: sql("UPDATE delivery_responserevision SET value = %s", '{"RESPONSE": "C"}'),
        "answer differs"),
    "the answer that counts edited": (
        changed("itemsession", "response = '{\"RESPONSE\": \"C\"}'"), "answer differs"),
    "an answer told as empty": (
        lambda _s: sql("UPDATE delivery_responserevision SET answered = %s", False),
        "answer differs"),
    "an answer removed": (
        lambda _s: sql("DELETE FROM delivery_responserevision WHERE revision = 1"),
        "answer differs"),
    "an outcome edited": (score_by_item, "result differs"),
    "a score edited": (changed("assessmentsession", "score = 3"), "result differs"),
    "a score by item edited": (changed("itemsession", "score = 3"), "result differs"),
    "a result taken back": (
        changed("assessmentsession", "score = NULL, scored_at = NULL"), "result differs"),
    "a time adjustment edited": (changed("timeadjustment", "ms = 900000"), "session differs"),
    "a time adjustment's reason edited": (
        changed("timeadjustment", "reason = 'A friend.'"), "session differs"),
    "a time adjustment removed": (
        lambda _s: sql("DELETE FROM delivery_timeadjustment"), "session differs"),
    "time given off the record": (
        changed("assessmentsession", "adjusted_ms = adjusted_ms + 60000"), "session differs"),
    "a state edited": (changed("assessmentsession", "state = 'terminated'"), "session differs"),
    "an end moved": (
        changed("assessmentsession", "finished_at = started_at"), "session differs"),
    "a beginning moved": (
        changed("assessmentsession", "started_at = finished_at"), "session differs"),
    "a form edited": (changed("assessmentsession", "plan = '{}'"), "session differs"),
    "a receipt code edited": (
        changed("assessmentsession", "receipt_code = '2222-2222-2222-2222'"), "session differs"),
    "a policy edited": (
        lambda s: sql("UPDATE integrity_lockdownpolicy SET rules = '{}' WHERE id = %s",
                      s.lockdown_id), "policy differs"),
    "another policy put in": (
        lambda s: of(s, "delivery_assessmentsession", "lockdown_id = "
                     "(SELECT id FROM integrity_lockdownpolicy WHERE name = 'Another')"),
        "policy differs"),
    "an item's text edited": (
        lambda _s: sql("UPDATE assembly_itemversion SET xml = '<x/>' WHERE id ="
                       " (SELECT MIN(id) FROM assembly_itemversion)"), "content differs"),
    "a test's text edited": (
        lambda _s: sql("UPDATE assembly_assessmenttestversion SET xml = '<x/>'"),
        "content differs"),
    "a message edited": (changed("message", "text = 'Go home.'"), "answer differs"),
    "a message removed": (lambda _s: sql("DELETE FROM delivery_message"), "answer differs"),
    "an answer kept aside edited": (
        changed("quarantine", "value = '{\"RESPONSE\": \"A\"}'"), "answer differs"),
    "an answer kept aside removed": (
        lambda _s: sql("DELETE FROM delivery_quarantine"), "answer differs"),
    "the reason of an answer kept aside edited": (
        changed("quarantine", "reason = 'paused'"), "answer differs"),
}  # fmt: skip


def verified() -> str:
    """Return what the command says; "" where it finds nothing."""
    try:
        call_command("ledger_verify", verbosity=0)
    except CommandError as broken:
        return str(broken)
    return ""


@pytest.mark.parametrize("name", CHAINS)
def test_tampering_with_the_database_is_found_and_named(
    name: str, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        session = sat()
    LockdownPolicy.objects.create(name="Another", rules={})
    assert verified() == ""
    tamper, kinds = CHAINS[name]
    tamper(session)
    said = verified()
    assert said.startswith("Broken: stream "), said
    assert any(f", {kind}. " in said for kind in kinds.split("|")), said
    if kinds == "content differs":
        assert "stream bank" in said
    elif "differs" in kinds or kinds == "rewritten":
        assert session.stream in said


def test_somebody_elses_session_is_not_made_ones_own() -> None:
    session, other = sat(), factories.candidate("Another")
    of(session, "delivery_assessmentsession", f"candidate_id = {other.pk}")
    assert "session differs" in verified()


def test_a_session_made_up_is_found() -> None:
    session = sat()
    row = AssessmentSession.objects.get(pk=session.pk)
    row.pk, row.attempt_number, row.receipt_code = uuid.uuid4(), 2, ""
    AssessmentSession.objects.bulk_create([row])
    assert f"stream {row.stream}, entry 0, " in verified()
