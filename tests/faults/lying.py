"""Runs a program of ours with an application clock that can be moved while it runs.

`python -m tests.faults.lying FILE program.py arguments`: the clock goes wrong by as many seconds as
FILE says at the moment. Moved is `django.utils.timezone.now`, which is where every instant of ours
comes from; the kernel's clock, which belongs to every process of the machine, stays as it is.
"""

from __future__ import annotations

import runpy
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.utils import timezone


class Clock:
    """The wrong clock; the file is looked at once for each new content's time stamp."""

    def __init__(self, file: Path) -> None:
        self.file, self.seen, self.off = file, 0, timedelta()

    def now(self) -> datetime:
        stamp = self.file.stat().st_mtime_ns
        if stamp != self.seen:
            self.seen, self.off = stamp, timedelta(seconds=float(self.file.read_text() or 0))
        return datetime.now(tz=UTC) + self.off


def main(file: str, program: str, *arguments: str) -> None:
    timezone.now = Clock(Path(file)).now
    sys.argv = [program, *arguments]
    if program.endswith(".py"):
        runpy.run_path(program, run_name="__main__")
    else:
        runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
