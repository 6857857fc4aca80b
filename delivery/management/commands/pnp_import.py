"""Puts AfA PNP 3.0 profiles on candidates: extra time, supports and languages."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from delivery.models import Candidate
from delivery.people import needs
from delivery.people.needs import NeedsError


class Command(BaseCommand):
    help = "Read AfA PNP 3.0 profiles from a file and put them on candidates; all of them or none."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--candidate", help="the candidate's number, for a single profile")
        parser.add_argument("--dry-run", action="store_true", help="check, and store nothing")
        parser.add_argument("--by", default="pnp_import", help="who is noted in the ledger")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = needs.read(options["file"].read_bytes(), only=_candidate(options["candidate"]))
        except (OSError, NeedsError) as error:
            raise CommandError(f"Nothing was imported. {error}") from error
        if options["dry_run"]:
            self.stdout.write(f"Dry run: {len(rows)} profiles are in order.")
            return
        count = needs.keep(rows, by=options["by"], at=timezone.now())
        self.stdout.write(f"{count} profiles were put on their candidates.")


def _candidate(number: str | None) -> Candidate | None:
    if number is None:
        return None
    found = Candidate.objects.filter(number=number).first()
    if found is None:
        raise CommandError(f"No candidate has the number {number}.")
    return found
