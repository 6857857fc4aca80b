"""Loads the demo where it is absent: the bank, three tests, the sittings and sixty candidates."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from delivery.demo import fresh, loading, signins
from delivery.demo.loading import DemoError


class Command(BaseCommand):
    help = "Load the demo where it is absent, and say how to sign in."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--reset", action="store_true", help="begin anew")
        parser.add_argument("--quiet", action="store_true", help="do not print the sign-ins")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["reset"]:
                fresh.begin()
            doors = loading.load(timezone.now(), self._say)
        except DemoError as error:
            raise CommandError(str(error)) from error
        if not options["quiet"]:
            self.stdout.write("\n".join(signins.table(doors)))

    def _say(self, line: str) -> None:
        self.stdout.write(f"demo: {line}")
        self.stdout.flush()
