"""Writes tests, items and sittings as QTI 3 packages, with everything that they show."""

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assembly.models import AssessmentTestVersion, Item, ItemVersion
from assembly.packages import exporting
from assembly.packages.exporting import ExportError
from delivery.models import Sitting
from delivery.records import packages


class Command(BaseCommand):
    help = "Write a published test, items (--items) or a sitting (--sitting) as a QTI 3 package."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "names", nargs="+", metavar="NAME", help="a test's identifier; see --items, --sitting"
        )
        parser.add_argument("file", type=Path, help="the zip to write; it must not be there yet")
        parser.add_argument("--number", type=int, help="which version; by default the newest")
        kinds = parser.add_mutually_exclusive_group()
        kinds.add_argument(
            "--items", action="store_true", help="the names are items'; ALL are all of the bank"
        )
        kinds.add_argument("--sitting", action="store_true", help="the name is a sitting's number")
        parser.add_argument(
            "--results", action="store_true", help="with a sitting's results as QTI documents"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            content = _content(options)
        except ExportError as error:
            raise CommandError(str(error)) from error
        try:
            with options["file"].open("xb") as file:
                file.write(content)
        except OSError as error:
            raise CommandError(f"{options['file']} was not written: {error.strerror}.") from error
        self.stdout.write(f"{len(content):,} bytes in {options['file']}")


def _content(options: dict[str, Any]) -> bytes:
    names, number = options["names"], options["number"]
    if options["items"]:
        return exporting.of_items(_items(names, number))
    if len(names) > 1:
        raise CommandError("One package holds one test or one sitting: give one name.")
    if options["sitting"]:
        return packages.of_sitting(_sitting(names[0]), with_results=options["results"])
    return exporting.of_test(_test(names[0], number))


def _test(identifier: str, number: int | None) -> AssessmentTestVersion:
    found = AssessmentTestVersion.objects.filter(test__identifier=identifier)
    chosen = found.filter(number=number) if number else found.order_by("-number")
    version = chosen.first()
    if version is None:
        raise CommandError(f"There is no published version of {identifier}: publish it first.")
    return version


def _items(names: Sequence[str], number: int | None) -> list[ItemVersion]:
    wanted = list(names)
    if wanted == ["ALL"]:
        wanted = list(Item.objects.order_by("identifier").values_list("identifier", flat=True))
    return [_item(name, number) for name in wanted]


def _item(identifier: str, number: int | None) -> ItemVersion:
    found = ItemVersion.objects.filter(item__identifier=identifier).select_related("item")
    chosen = found.filter(number=number) if number else found.order_by("-number")
    version = chosen.first()
    if version is None:
        raise CommandError(f"There is no item {identifier}" + (f" v{number}." if number else "."))
    return version


def _sitting(named: str) -> Sitting:
    rows = Sitting.objects.select_related("test_version__test")
    found = rows.filter(pk=int(named)).first() if named.isdecimal() else None
    if found is None:
        raise CommandError(f"There is no sitting {named}.")
    return found
