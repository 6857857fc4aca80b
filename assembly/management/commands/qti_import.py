"""Imports packages, folders and single items into the bank, or tells what an import would do."""

from argparse import ArgumentParser
from pathlib import Path
from shutil import get_terminal_size
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from assembly import bank
from assembly.packages.checking import ImportReport, ItemReport, Outcome
from assembly.qti import package
from assembly.qti.errors import ReadingError


class Command(BaseCommand):
    help = "Import QTI packages (zip or folder), or single items, into the item bank."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
        parser.add_argument("--dry-run", action="store_true", help="report, and store nothing")
        parser.add_argument("--by", default="qti_import", help="who is noted as the importer")

    def handle(self, *args: Any, **options: Any) -> None:
        found = [each for path in options["paths"] for each in package.packages_in(path)]
        reports = [self._one(path, options, quiet=path not in options["paths"]) for path in found]
        done = [report for report in reports if report is not None]
        refused = len(found) - len(done)
        self._total(done, refused, dry_run=options["dry_run"])
        if not done:
            raise CommandError("Nothing was imported.")
        if refused and len(found) == len(options["paths"]):
            raise CommandError(f"{refused} of {len(found)} packages were refused.")

    def _one(self, path: Path, options: dict[str, Any], *, quiet: bool) -> ImportReport | None:
        with _bar(path.name, leave=not quiet) as bar:

            def progress(done: int, total: int, _name: str) -> None:
                bar.total = total
                bar.update(done - bar.n)
                if done == total:
                    bar.set_postfix_str("storing")

            try:
                report = bank.import_package(
                    path,
                    by=options["by"],
                    at=timezone.now(),
                    progress=progress,
                    dry_run=options["dry_run"],
                )
            except ReadingError as error:
                self.stdout.write(f"{path}\n  refused  {error} ({error.reason})")
                return None
            bar.set_postfix_str("")
        self._write(path, report, all_rows=options["verbosity"] > 1)
        return report

    def _write(self, path: Path, report: ImportReport, *, all_rows: bool) -> None:
        rows = [row for row in (*report.items, *report.tests) if all_rows or row.message]
        if rows:
            self.stdout.write(str(path))
        for row in rows:
            self.stdout.write(f"  {row.outcome:8} {_where(row)}{_why(row)}")

    def _total(self, reports: list[ImportReport], refused: int, *, dry_run: bool) -> None:
        if dry_run:
            self.stdout.write("Dry run: nothing was stored.")
        for noun in ("items", "tests"):
            rows = [row for report in reports for row in getattr(report, noun)]
            counts = {one: sum(row.outcome is one for row in rows) for one in Outcome}
            told = ", ".join(f"{count} {one}" for one, count in counts.items())
            unchanged = sum(row.unchanged for row in rows)
            self.stdout.write(f"{noun}: {told}" + (f", {unchanged} unchanged" if unchanged else ""))
        if refused:
            self.stdout.write(f"packages refused: {refused}")


def _bar(name: str, *, leave: bool) -> "tqdm[NoReturn]":
    """On terminals only; one that does not know its size is taken for 80 columns of 24 lines."""
    columns, lines = get_terminal_size()
    return tqdm(
        desc=name,
        unit=" documents",
        disable=None,
        leave=leave,
        ncols=columns,
        nrows=lines,
    )


def _where(row: ItemReport) -> str:
    place = f":{row.line}" if row.line else ""
    return f"{row.identifier} ({row.href}{place})"


def _why(row: ItemReport) -> str:
    return f": {row.message} [{row.reason}]" if row.message else ""
