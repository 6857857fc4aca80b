"""Show the keys that the ledger's checkpoints are verified with, or replace the signing key."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from integrity.proof import keys


class Command(BaseCommand):
    help = (
        "Print the verifier keys, oldest first; give them to whoever shall verify without us. "
        "With --rotate, begin to sign with a new key."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--rotate", action="store_true", help="replace the signing key")

    def handle(self, *args: Any, rotate: bool = False, **options: Any) -> None:
        if rotate:
            keys.rotate(timezone.now())
        else:
            keys.signer()
        for verifier in keys.verifiers():
            self.stdout.write(str(verifier))
