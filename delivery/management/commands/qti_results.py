"""Writes what came of a session or of a whole sitting as QTI Results Reporting 3.0."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError

from delivery.models import AssessmentSession, Sitting
from delivery.records import result_documents
from delivery.session import desk


class Command(BaseCommand):
    help = "Write a session's result as XML, or all of a sitting's as a zip of such files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("of", help="a session's UUID, or a sitting's number")
        parser.add_argument("file", type=Path, help="the file to write; it must not be there yet")
        parser.add_argument("--correct", action="store_true", help="tell the right answers, too")

    def handle(self, *args: Any, **options: Any) -> None:
        content = _content(options["of"], with_correct=options["correct"])
        try:
            with options["file"].open("xb") as file:
                file.write(content)
        except OSError as error:
            raise CommandError(f"{options['file']} was not written: {error.strerror}.") from error
        self.stdout.write(f"{len(content):,} bytes in {options['file']}")


def _content(named: str, *, with_correct: bool) -> bytes:
    if named.isdecimal():
        sitting = Sitting.objects.filter(pk=int(named)).first()
        if sitting is None:
            raise CommandError(f"There is no sitting {named}.")
        return result_documents.of_sitting(sitting, with_correct=with_correct)
    try:
        return result_documents.of(desk.read(UUID(named)), with_correct=with_correct)
    except (ValueError, AssessmentSession.DoesNotExist) as error:
        raise CommandError(f"There is no session {named}.") from error
