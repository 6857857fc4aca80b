from datetime import UTC, datetime

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from integrity import ledger, triggers
from integrity.models import LedgerEntry, LedgerStream

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 10, 42, tzinfo=UTC)
ENTRY, STREAM = triggers.ENTRY, triggers.STREAM
COPY = "stream_id, seq, kind, at_ms, 'forged', payload, prev, hash"
COLUMNS = "stream_id, seq, kind, at_ms, actor, payload, prev, hash"
UPSERT = (
    f"INSERT INTO {ENTRY} ({COLUMNS}) SELECT {COPY} FROM {ENTRY} WHERE seq = 1 "
    "ON CONFLICT (stream_id, seq) DO UPDATE SET actor = 'forged'"
)
REPLACE_STREAM = (
    f"INSERT OR REPLACE INTO {STREAM} (id, name, head, length) "
    f"SELECT id, 'other', head, 0 FROM {STREAM}"
)


@pytest.fixture(autouse=True)
def _two_entries() -> None:
    for _ in range(2):
        ledger.append(stream="s", kind="k", payload={"a": 1}, actor="x", at=AT)


FORBIDDEN = [
    f"UPDATE {ENTRY} SET actor = 'forged'",
    f"DELETE FROM {ENTRY}",
    f"INSERT INTO {ENTRY} ({COLUMNS}) SELECT {COPY} FROM {ENTRY} WHERE seq = 1",
    UPSERT,
    f"UPDATE {STREAM} SET name = 'other'",
    f"UPDATE {STREAM} SET length = length - 1",
    f"DELETE FROM {STREAM}",
]
POSTGRESQL_ONLY = [
    f"TRUNCATE {ENTRY}",
    f"TRUNCATE {STREAM} CASCADE",
]
SQLITE_ONLY = [
    f"INSERT OR REPLACE INTO {ENTRY} ({COLUMNS}) SELECT {COPY} FROM {ENTRY} WHERE seq = 1",
    f"REPLACE INTO {ENTRY} (id, {COLUMNS}) SELECT id, {COPY} FROM {ENTRY} WHERE seq = 1",
    REPLACE_STREAM,
]


@pytest.mark.parametrize("statement", [*FORBIDDEN, *POSTGRESQL_ONLY, *SQLITE_ONLY])
def test_the_database_refuses_to_change_the_ledger(statement: str) -> None:
    before = list(LedgerEntry.objects.values()), list(LedgerStream.objects.values())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert (list(LedgerEntry.objects.values()), list(LedgerStream.objects.values())) == before


def test_the_check_is_silent_while_every_trigger_stands() -> None:
    assert triggers.missing(connection) == []
    assert run_checks(databases=["default"]) == []


def test_the_check_names_each_trigger_that_is_missing() -> None:
    names = sorted(triggers.wanted(connection))
    triggers.remove(connection)
    assert triggers.missing(connection) == names
    (error,) = run_checks(databases=["default"])
    assert error.id == "integrity.E001"
    assert all(name in error.msg for name in names)


def test_the_check_names_a_trigger_that_was_replaced_by_a_harmless_one() -> None:
    triggers.remove(connection)
    with connection.cursor() as cursor:
        for name, trigger in triggers.wanted(connection).items():
            weaker = trigger.statement.replace("BEFORE DELETE", "AFTER INSERT")
            cursor.execute(weaker if name == "ledgerstream_delete" else trigger.statement)
    assert triggers.missing(connection) == ["ledgerstream_delete"]


def test_lifted_triggers_stand_again_afterwards_even_after_an_error() -> None:
    with triggers.lifted(connection):
        assert len(triggers.missing(connection)) == len(triggers.wanted(connection))
    with pytest.raises(ZeroDivisionError), triggers.lifted(connection):
        raise ZeroDivisionError
    assert triggers.missing(connection) == []


def test_the_command_puts_missing_triggers_back(capsys: pytest.CaptureFixture[str]) -> None:
    triggers.remove(connection)
    call_command("ledger_protect")
    assert triggers.missing(connection) == []
    count = len(triggers.wanted(connection))
    assert capsys.readouterr().out == f"{count} triggers put back; the ledger is append-only.\n"
    call_command("ledger_protect")
    assert capsys.readouterr().out == "Every trigger stands; the ledger is append-only.\n"
