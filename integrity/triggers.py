"""The database triggers that keep the ledger append-only, and the check that they are there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

ENTRY = "integrity_ledgerentry"
STREAM = "integrity_ledgerstream"
REFUSAL = "the ledger is append-only"

_FUNCTION_BODY = f"""
BEGIN
    RAISE EXCEPTION '{REFUSAL} (% on %)', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END """
POSTGRESQL_FUNCTION = (
    "CREATE OR REPLACE FUNCTION integrity_ledger_refuse() RETURNS trigger LANGUAGE plpgsql "
    f"AS $${_FUNCTION_BODY}$$"
)
_CALL = "EXECUTE FUNCTION integrity_ledger_refuse()"
_ABORT = f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"

# A stream may only grow: its row is the one thing in the ledger that is updated.
_SHRINKS = "NEW.name <> OLD.name OR NEW.length < OLD.length"

# name -> (table, what comes after the name)
_POSTGRESQL = {
    "ledgerentry_rows": (ENTRY, f"BEFORE UPDATE OR DELETE ON {ENTRY} FOR EACH ROW {_CALL}"),
    "ledgerentry_truncate": (ENTRY, f"BEFORE TRUNCATE ON {ENTRY} FOR EACH STATEMENT {_CALL}"),
    "ledgerstream_shrink": (
        STREAM,
        f"BEFORE UPDATE ON {STREAM} FOR EACH ROW WHEN ({_SHRINKS}) {_CALL}",
    ),
    "ledgerstream_delete": (STREAM, f"BEFORE DELETE ON {STREAM} FOR EACH ROW {_CALL}"),
    "ledgerstream_truncate": (STREAM, f"BEFORE TRUNCATE ON {STREAM} FOR EACH STATEMENT {_CALL}"),
}
# pg_trigger.tgtype: 1 row, 2 before, 8 delete, 16 update, 32 truncate; and whether it has a WHEN
POSTGRESQL_TYPES = {
    "ledgerentry_rows": (1 | 2 | 8 | 16, False),
    "ledgerentry_truncate": (2 | 32, False),
    "ledgerstream_shrink": (1 | 2 | 16, True),
    "ledgerstream_delete": (1 | 2 | 8, False),
    "ledgerstream_truncate": (2 | 32, False),
}
_SAME_ENTRY = (
    f"SELECT 1 FROM {ENTRY} "  # noqa: S608 - constants
    "WHERE id = NEW.id OR (stream_id = NEW.stream_id AND seq = NEW.seq)"
)
_SAME_STREAM = f"SELECT 1 FROM {STREAM} WHERE id = NEW.id"  # noqa: S608 - constants
# INSERT OR REPLACE deletes without firing a delete trigger; hence those before an insert.
_SQLITE = {
    "ledgerentry_update": (ENTRY, f"BEFORE UPDATE ON {ENTRY} {_ABORT}"),
    "ledgerentry_delete": (ENTRY, f"BEFORE DELETE ON {ENTRY} {_ABORT}"),
    "ledgerentry_replace": (
        ENTRY,
        f"BEFORE INSERT ON {ENTRY} WHEN EXISTS ({_SAME_ENTRY}) {_ABORT}",
    ),
    "ledgerstream_shrink": (STREAM, f"BEFORE UPDATE ON {STREAM} WHEN {_SHRINKS} {_ABORT}"),
    "ledgerstream_delete": (STREAM, f"BEFORE DELETE ON {STREAM} {_ABORT}"),
    "ledgerstream_replace": (
        STREAM,
        f"BEFORE INSERT ON {STREAM} WHEN EXISTS ({_SAME_STREAM}) {_ABORT}",
    ),
}


def _spelled(triggers: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    return {
        name: (table, f"CREATE TRIGGER {name} {rest}") for name, (table, rest) in triggers.items()
    }


# name -> (table, the statement that creates it)
POSTGRESQL = _spelled(_POSTGRESQL)
SQLITE = _spelled(_SQLITE)


def wanted(connection: BaseDatabaseWrapper) -> dict[str, tuple[str, str]]:
    return POSTGRESQL if connection.vendor == "postgresql" else SQLITE


def install(connection: BaseDatabaseWrapper) -> None:
    """Create every trigger anew; call it at the end of a migration that alters a ledger table."""
    remove(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL_FUNCTION)
        for _, statement in wanted(connection).values():
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for name, (table, _) in wanted(connection).items():
            on_table = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on_table}")


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Take the triggers away for maintenance that empties or remakes the tables."""
    remove(connection)
    try:
        yield
    finally:
        install(connection)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of triggers that are absent, altered or disabled."""
    return sorted(set(wanted(connection)) - _standing(connection))


def _standing(connection: BaseDatabaseWrapper) -> set[str]:
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT t.tgname, c.relname, t.tgtype, t.tgqual IS NOT NULL FROM pg_trigger t "
                "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
                "WHERE c.relname IN (%s, %s) AND t.tgenabled IN ('O', 'A') AND p.prosrc = %s",
                [ENTRY, STREAM, _FUNCTION_BODY],
            )
            return {
                name
                for name, table, *shape in cursor.fetchall()
                if name in POSTGRESQL
                and (POSTGRESQL[name][0], POSTGRESQL_TYPES[name]) == (table, tuple(shape))
            }
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        return {name for name, sql in cursor.fetchall() if SQLITE.get(name, ("", ""))[1] == sql}


def check(
    *,
    databases: Sequence[str] | None = None,
    **kwargs: Any,
) -> list[CheckMessage]:
    """Report a missing trigger as a system check error, once the tables exist."""
    return [
        Error(
            f"The ledger of database {alias!r} is not protected: "
            f"trigger {', '.join(names)} is missing or switched off.",
            hint="Run `python manage.py ledger_protect`, and find out who removed it.",
            id="integrity.E001",
        )
        for alias in databases or ()
        if (names := _missing_once_migrated(connections[alias]))
    ]


def _missing_once_migrated(connection: BaseDatabaseWrapper) -> list[str]:
    tables = connection.introspection.table_names()
    return missing(connection) if ENTRY in tables else []
