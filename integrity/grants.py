"""The application's rights on PostgreSQL: it may add to the ledger and read it, nothing else."""

from typing import Any

from django.core import checks
from django.db import DatabaseError, connection
from django.db.backends.utils import CursorWrapper

from integrity import triggers

_APPEND_ONLY = ", ".join(triggers.APPEND_ONLY)
FORBIDDEN = {
    **dict.fromkeys(triggers.APPEND_ONLY, ("UPDATE", "DELETE", "TRUNCATE")),
    triggers.STREAM: ("DELETE", "TRUNCATE"),
}


def statements(role: str) -> list[str]:
    """Return what the owner of the tables executes, after every migration, for an app role."""
    name = connection.ops.quote_name(role)
    return [
        f"GRANT USAGE ON SCHEMA public TO {name}",
        f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {name}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}",
        f"REVOKE UPDATE, DELETE, TRUNCATE ON {_APPEND_ONLY} FROM PUBLIC, {name}",
        f"REVOKE DELETE, TRUNCATE ON {triggers.STREAM} FROM PUBLIC, {name}",
    ]


def excessive() -> list[str]:
    """Return what the current role may do to the ledger and should not; a right each."""
    with connection.cursor() as cursor:
        return _excessive(cursor)


def _excessive(cursor: CursorWrapper) -> list[str]:
    cursor.execute(
        "SELECT relname, pg_has_role(current_user, relowner, 'MEMBER') "
        "FROM pg_class WHERE oid = ANY (SELECT to_regclass(name) FROM unnest(%s::text[]) name)",
        [list(FORBIDDEN)],
    )
    found = []
    for table, is_owner in sorted(cursor.fetchall()):
        if is_owner:
            found.append(f"own {table}")
            continue
        for right in FORBIDDEN[table]:
            cursor.execute("SELECT has_table_privilege(%s, %s)", [table, right])
            if cursor.fetchone() == (True,):
                found.append(f"{right} {table}")
    return found


def check(**kwargs: Any) -> list[checks.CheckMessage]:
    """Warn where the application's role on PostgreSQL could change the ledger."""
    if connection.vendor != "postgresql":
        return []
    try:
        rights = excessive()
    except DatabaseError:
        return []  # a database that does not answer has its own way of saying so
    if not rights:
        return []
    return [
        checks.Warning(
            f"The application's database role may change the ledger: {', '.join(rights)}.",
            hint=(
                "Migrate as another role that owns the tables, and let it execute what "
                "`python manage.py ledger_grants ROLE` prints."
            ),
            id="integrity.W001",
        )
    ]
