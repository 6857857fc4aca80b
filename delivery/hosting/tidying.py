"""Collects garbage in small portions: what lives long is looked through once, not again and again.

Python stops everything while it looks through all that lives, and a process of thousands of sockets
holds a million objects: candidates would wait for half a second. What has lived through a
collection is set aside here, until so many sockets have closed that looking again pays.
"""

from __future__ import annotations

import asyncio
import gc
from enum import Enum
from typing import Final

# Net new objects until the youngest are looked through; how many times that is done until the
# middle ones are; and never all by itself.
THRESHOLDS: Final = (5_000, 4, 1_000_000)
SECONDS: Final = 2.0
# Looks at the middle ones: twenty thousand objects each, some ten milliseconds.
ENOUGH: Final = 2


class Step(Enum):
    NOTHING = "nothing"
    COLLECT = "collect what is new, and set aside what lives"
    BEGIN_ANEW = "look at everything"


def step(grown: int, sockets: int, most: int) -> Step:
    """Return what is to be done: `most` sockets were open when something was set aside.

    `grown` counts the looks at the middle ones since the last collection.
    """
    if most and sockets <= most // 2:
        return Step.BEGIN_ANEW
    return Step.COLLECT if grown >= ENOUGH else Step.NOTHING


class Tidier:
    """Tends the objects of one process."""

    def __init__(self) -> None:
        self.most = 0

    def begin(self) -> None:
        """Set aside what is there at the beginning: code and caches, which stay."""
        gc.set_threshold(*THRESHOLDS)
        gc.collect()
        gc.freeze()

    def tend(self, sockets: int) -> Step:
        """Do what is due while so many sockets are open."""
        due = step(gc.get_count()[2], sockets, self.most)
        if due is Step.NOTHING:
            return due
        if due is Step.BEGIN_ANEW:
            gc.unfreeze()
            self.most = 0
        gc.collect()
        gc.freeze()
        self.most = max(self.most, sockets)
        return due


async def keep_tidy(tidier: Tidier, sockets: dict[str, int]) -> None:
    """Tend for ever; `sockets` are those open, by kind."""
    while True:
        await asyncio.sleep(SECONDS)
        tidier.tend(sum(sockets.values()))
