"""Put back the triggers that keep the ledger append-only."""

from typing import Any

from django.core.management.base import BaseCommand
from django.db import connection

from integrity import triggers


class Command(BaseCommand):
    help = "Put back the database triggers that keep the ledger append-only."

    def handle(self, *args: Any, **options: Any) -> None:
        absent = triggers.missing(connection)
        if absent:
            triggers.install(connection)
            self.stdout.write(f"{len(absent)} triggers put back; the ledger is append-only.")
        else:
            self.stdout.write("Every trigger stands; the ledger is append-only.")
