"""The database triggers that keep the ledger append-only, and the check that they are there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

ENTRY = "integrity_ledgerentry"
STREAM = "integrity_ledgerstream"
SEALED = "integrity_sealedhead"
CHECKPOINT = "integrity_checkpoint"
REFUSAL = "the ledger is append-only"

# table -> when a new row would take the place of one that is there
APPEND_ONLY = {
    ENTRY: "id = NEW.id OR (stream_id = NEW.stream_id AND seq = NEW.seq)",
    SEALED: "id = NEW.id OR place = NEW.place OR (stream = NEW.stream AND seq = NEW.seq)",
    CHECKPOINT: "id = NEW.id OR size = NEW.size",
}

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


@dataclass(frozen=True, slots=True)
class Trigger:
    """One trigger: its table, its whole statement, and PostgreSQL's shape of it.

    The shape is pg_trigger.tgtype (1 row, 2 before, 8 delete, 16 update, 32 truncate)
    and whether there is a WHEN.
    """

    name: str
    table: str
    rest: str
    shape: tuple[int, bool] = (0, False)

    @property
    def statement(self) -> str:
        return f"CREATE TRIGGER {self.name} {self.rest}"


def _postgresql() -> Iterator[Trigger]:
    row, statement = f"FOR EACH ROW {_CALL}", f"FOR EACH STATEMENT {_CALL}"
    for table in APPEND_ONLY:
        rest = f"BEFORE UPDATE OR DELETE ON {table} {row}"
        yield Trigger(_name(table, "rows"), table, rest, (1 | 2 | 8 | 16, False))
    for table in (*APPEND_ONLY, STREAM):
        rest = f"BEFORE TRUNCATE ON {table} {statement}"
        yield Trigger(_name(table, "truncate"), table, rest, (2 | 32, False))
    rest = f"BEFORE UPDATE ON {STREAM} FOR EACH ROW WHEN ({_SHRINKS}) {_CALL}"
    yield Trigger(_name(STREAM, "shrink"), STREAM, rest, (1 | 2 | 16, True))
    yield Trigger(
        _name(STREAM, "delete"), STREAM, f"BEFORE DELETE ON {STREAM} {row}", (1 | 2 | 8, False)
    )


def _sqlite() -> Iterator[Trigger]:
    for table in APPEND_ONLY:
        yield Trigger(_name(table, "update"), table, f"BEFORE UPDATE ON {table} {_ABORT}")
    # INSERT OR REPLACE deletes without firing a delete trigger; hence those before an insert.
    for table, same in {**APPEND_ONLY, STREAM: "id = NEW.id"}.items():
        found = f"EXISTS (SELECT 1 FROM {table} WHERE {same})"  # noqa: S608 - constants
        rest = f"BEFORE INSERT ON {table} WHEN {found} {_ABORT}"
        yield Trigger(_name(table, "delete"), table, f"BEFORE DELETE ON {table} {_ABORT}")
        yield Trigger(_name(table, "replace"), table, rest)
    rest = f"BEFORE UPDATE ON {STREAM} WHEN {_SHRINKS} {_ABORT}"
    yield Trigger(_name(STREAM, "shrink"), STREAM, rest)


def _name(table: str, what: str) -> str:
    return f"{table.removeprefix('integrity_')}_{what}"


POSTGRESQL = tuple(_postgresql())
SQLITE = tuple(_sqlite())


def wanted(connection: BaseDatabaseWrapper) -> dict[str, Trigger]:
    """Return the triggers, by name, of the ledger's tables that exist by now."""
    tables = set(connection.introspection.table_names())
    triggers = POSTGRESQL if connection.vendor == "postgresql" else SQLITE
    return {trigger.name: trigger for trigger in triggers if trigger.table in tables}


def install(connection: BaseDatabaseWrapper) -> None:
    """Create every trigger anew; call it at the end of a migration that alters a ledger table."""
    remove(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(POSTGRESQL_FUNCTION)
        for trigger in wanted(connection).values():
            cursor.execute(trigger.statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        for trigger in wanted(connection).values():
            on_table = f" ON {trigger.table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}{on_table}")


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Take the triggers away for maintenance that empties or remakes the tables."""
    remove(connection)
    try:
        yield
    finally:
        install(connection)


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of triggers that are absent, altered or switched off."""
    triggers = wanted(connection)
    with connection.cursor() as cursor:
        standing = _STANDING[connection.vendor](cursor, triggers)
    return sorted(set(triggers) - standing)


def _standing_in_postgresql(cursor: CursorWrapper, triggers: dict[str, Trigger]) -> set[str]:
    cursor.execute(
        "SELECT t.tgname, c.relname, t.tgtype, t.tgqual IS NOT NULL FROM pg_trigger t "
        "JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid "
        "WHERE t.tgenabled IN ('O', 'A') AND p.prosrc = %s",
        [_FUNCTION_BODY],
    )
    shapes = {(trigger.name, trigger.table, *trigger.shape) for trigger in triggers.values()}
    return {row[0] for row in cursor.fetchall() if tuple(row) in shapes}


def _standing_in_sqlite(cursor: CursorWrapper, triggers: dict[str, Trigger]) -> set[str]:
    cursor.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger'")
    statements = {sql for (sql,) in cursor.fetchall()}
    return {name for name, trigger in triggers.items() if trigger.statement in statements}


_STANDING = {"postgresql": _standing_in_postgresql, "sqlite": _standing_in_sqlite}


def check(*, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Report a missing trigger as a system check error."""
    return [
        Error(
            f"The ledger of database {alias!r} is not protected: "
            f"trigger {', '.join(names)} is missing or switched off.",
            hint="Run `python manage.py ledger_protect`, and find out who removed it.",
            id="integrity.E001",
        )
        for alias in databases or ()
        if (names := missing(connections[alias]))
    ]
