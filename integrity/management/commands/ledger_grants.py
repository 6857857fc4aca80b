"""Print, or execute, what lets an application role add to the ledger and never change it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from integrity import grants


class Command(BaseCommand):
    help = (
        "Print the grants for the application's PostgreSQL role; with --apply, execute them. "
        "Run it as the owner of the tables, after every migration."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("role")
        parser.add_argument("--apply", action="store_true", help="execute instead of printing")

    def handle(self, *args: Any, role: str, apply: bool = False, **options: Any) -> None:
        if connection.vendor != "postgresql":
            raise CommandError("Only PostgreSQL has roles; on SQLite the triggers guard alone.")
        statements = grants.statements(role)
        if not apply:
            self.stdout.write("".join(f"{statement};\n" for statement in statements), ending="")
            return
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        self.stdout.write(f"{role} may add to the ledger and read it.")
