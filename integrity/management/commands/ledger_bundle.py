"""Write an evidence bundle: streams, all that is known of them, seals, keys and a verifier."""

from argparse import ArgumentParser
from itertools import chain
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrity.proof import evidence, seals


class Command(BaseCommand):
    help = "Write an evidence bundle that verifies without Invigil; what is open is sealed first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("streams", nargs="+", metavar="stream")
        parser.add_argument(
            "--named", action="store_true", help="tell whose sessions they are, not their digests"
        )

    def handle(
        self, *args: Any, file: Path, streams: list[str], named: bool = False, **options: Any
    ) -> None:
        try:
            seals.seal(timezone.now())
            found = [evidence.gather(stream, named=named) for stream in streams]
            every = list(dict.fromkeys(name for one in found for name in one.streams))
            files = chain.from_iterable(one.files for one in found)
            with file.open("wb") as target:
                evidence.write(target, every, files=files)
        except (evidence.EvidenceError, seals.SealingError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{file}: {len(every)} streams")
