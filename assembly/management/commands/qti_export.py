"""Writes a published test as a QTI 3 package: its items, stimuli and files with it."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assembly import exporting
from assembly.exporting import ExportError
from assembly.models import AssessmentTestVersion


class Command(BaseCommand):
    help = "Write a published test as a QTI 3 package."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("test", help="the test's identifier")
        parser.add_argument("file", type=Path, help="the zip to write; it must not be there yet")
        parser.add_argument("--number", type=int, help="which version; by default the newest")

    def handle(self, *args: Any, **options: Any) -> None:
        version = self._version(options["test"], options["number"])
        try:
            content = exporting.of_test(version)
        except ExportError as error:
            raise CommandError(str(error)) from error
        try:
            with options["file"].open("xb") as file:
                file.write(content)
        except OSError as error:
            raise CommandError(f"{options['file']} was not written: {error.strerror}.") from error
        self.stdout.write(f"{version}: {len(content):,} bytes in {options['file']}")

    def _version(self, identifier: str, number: int | None) -> AssessmentTestVersion:
        found = AssessmentTestVersion.objects.filter(test__identifier=identifier)
        chosen = found.filter(number=number) if number else found.order_by("-number")
        version = chosen.first()
        if version is None:
            raise CommandError(f"There is no published version of {identifier}: publish it first.")
        return version
