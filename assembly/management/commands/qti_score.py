"""Scores the cases of an oracle (JSON Lines) and tells each whose outcomes differ."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assembly.qti import oracle
from assembly.qti.errors import ReadingError
from assembly.selection import Stream

KEY = b"qti_score"


class Command(BaseCommand):
    help = "Score oracle cases; exit with 1 when an outcome differs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("oracles", nargs="+", type=Path, metavar="ORACLE.jsonl")
        parser.add_argument("--corpus", type=Path, help="the items' folder (../corpus/public)")

    def handle(self, *args: Any, **options: Any) -> None:
        passed = failed = 0
        for path in options["oracles"]:
            corpus = oracle.Corpus(
                reader(options["corpus"] or path.parent.parent / "corpus/public")
            )
            for line in lines(path):
                failure = oracle.run(line, corpus, stream)
                passed, failed = passed + (failure is None), failed + (failure is not None)
                if failure is not None:
                    self.stdout.write(str(failure))
        self.stdout.write(f"{passed} passed, {failed} failed")
        if failed:
            raise SystemExit(1)


def stream(number: int) -> Stream:
    """The draws of one session, the same on every run."""
    return Stream(KEY + number.to_bytes(8, "big"))


def lines(path: Path) -> list[Any]:
    try:
        return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise CommandError(f"{path} cannot be read as JSON Lines: {error}") from error


def reader(folder: Path) -> oracle.Read:
    """Reads files below one folder only."""
    root = folder.resolve()
    if not root.is_dir():
        raise CommandError(f"There is no folder {folder}.")

    def read(path: str) -> bytes:
        found = (root / path).resolve()
        if not found.is_relative_to(root) or not found.is_file():
            raise ReadingError(f"There is no file {path} in the corpus.", reason="missing_file")
        return found.read_bytes()

    return read
