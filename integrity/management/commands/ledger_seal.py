"""Seal the ledger's heads now, as the background task does every few seconds."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrity.proof import seals


class Command(BaseCommand):
    help = "Put the heads that moved into the tree and sign a checkpoint; print the note."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            checkpoint = seals.seal(timezone.now())
        except seals.SealingError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(checkpoint.note if checkpoint else "Nothing moved since the last seal.")
