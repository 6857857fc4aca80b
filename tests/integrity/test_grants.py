from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from integrity import grants, ledger, triggers
from integrity.proof import seals

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 10, 42, tzinfo=UTC)
DENIED = r"permission denied|must be owner"
ROLE = "invigil_app_test"


def told() -> list[str]:
    messages = run_checks(include_deployment_checks=True)
    return [message.msg for message in messages if message.id == "integrity.W001"]


@contextmanager
def application_role() -> Iterator[None]:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {ROLE}")
        yield
        cursor.execute("RESET ROLE")


def on_sqlite() -> None:
    """What SQLite offers instead: no roles, so no warning, and a command that says so."""
    assert told() == []
    with pytest.raises(CommandError, match="Only PostgreSQL has roles"):
        call_command("ledger_grants", ROLE)


def on_postgresql() -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {ROLE}")
    (warning,) = told()
    assert "own integrity_ledgerentry" in warning
    call_command("ledger_grants", ROLE, apply=True)
    ledger.append(stream="s", kind="k", payload={}, actor="x", at=AT)
    with application_role():
        ledger.append_many([ledger.Draft(name, "k", {}, "x", AT) for name in ("s", "new")])
        assert seals.seal(AT)
        assert ledger.verify("s").entries == 2
        assert told() == []
        for statement in (
            *(f"UPDATE {table} SET id = id" for table in triggers.APPEND_ONLY),
            *(f"DELETE FROM {table}" for table in grants.FORBIDDEN),
            *(f"TRUNCATE {table} CASCADE" for table in grants.FORBIDDEN),
            f"ALTER TABLE {triggers.ENTRY} DISABLE TRIGGER ALL",
            f"DROP TABLE {triggers.ENTRY} CASCADE",
            "SET session_replication_role = replica",
        ):
            with pytest.raises(DatabaseError, match=DENIED), transaction.atomic():
                connection.cursor().execute(statement)
    with connection.cursor() as cursor:
        cursor.execute(f"GRANT TRUNCATE ON {triggers.ENTRY} TO {ROLE}")
    with application_role():
        assert told() == [
            "The application's database role may change the ledger: TRUNCATE integrity_ledgerentry."
        ]


def test_the_application_may_add_to_the_ledger_and_nothing_else(
    settings: Any, tmp_path: Path
) -> None:
    settings.LEDGER_KEY_DIR = tmp_path
    on_postgresql() if connection.vendor == "postgresql" else on_sqlite()


def test_the_grants_are_printed_for_whoever_owns_the_tables(
    capsys: pytest.CaptureFixture[str],
) -> None:
    statements = grants.statements("app role")
    assert all('"app role"' in statement for statement in statements if "GRANT" in statement)
    if connection.vendor == "postgresql":
        call_command("ledger_grants", "app role")
        printed = capsys.readouterr().out
        assert printed.splitlines() == [f"{statement};" for statement in statements]
