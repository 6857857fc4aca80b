"""Write an evidence bundle of some streams: entries, seals, keys and a verifier in one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrity import evidence, seals


class Command(BaseCommand):
    help = "Write an evidence bundle that verifies without Invigil; what is open is sealed first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("streams", nargs="+", metavar="stream")

    def handle(self, *args: Any, file: Path, streams: list[str], **options: Any) -> None:
        try:
            seals.seal(timezone.now())
            with file.open("wb") as target:
                evidence.write(target, streams)
        except (evidence.EvidenceError, seals.SealingError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{file}: {len(streams)} streams")
