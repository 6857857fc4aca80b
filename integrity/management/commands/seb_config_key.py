"""Print the Config Key of a Safe Exam Browser file."""

import getpass
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrity.policy import seb_files


class Command(BaseCommand):
    help = "Print the Config Key of a .seb file, plain or encrypted with a password."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE.seb")
        parser.add_argument(
            "--password", action="store_true", help="ask for the password that the file is under"
        )

    def handle(self, *args: Any, file: Path, password: bool, **options: Any) -> None:
        entered = getpass.getpass("Password of the file: ") if password else ""
        try:
            key = seb_files.config_key(file.read_bytes(), entered)
        except OSError as error:
            raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
        except seb_files.SebFileError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(key)
