"""Tells open pages the time every half minute: all of one moment by one timer and one question."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async
from django.utils import timezone

from delivery.candidate import frames, vigil
from delivery.queries import sight
from delivery.queries.sight import Stamp
from delivery.rules import clock
from delivery.rules.clock import Clock
from delivery.rules.protocol import TimerSync
from delivery.session.desk import Desk

# A round takes 28 s, so that a page on a slow loop still hears within 30.
STEP_SECONDS: Final = 0.5
STEPS: Final = 56
# So many are told before others have their turn.
AT_ONCE: Final = 50


@dataclass(slots=True)
class Standing:
    """How a session stood when its page read it, and the clock as it was last written out."""

    stamp: Stamp
    clock: Clock
    state: str
    written: TimerSync | None = None

    @classmethod
    def of(cls, found: Desk) -> Standing:
        return cls(sight.stamp_of(found.session), found.clock, found.session.state)

    def timer(self, at: datetime) -> TimerSync:
        """Return the clock at an instant; while one runs, only what is left changes."""
        if self.written is None or self.written.scopes or self.clock.paused_at is not None:
            self.written = frames.timer_of(self.clock, self.state, self.stamp[0], at)
            return self.written
        end = clock.deadline(self.clock, at)
        left = -1 if end is None else max(0, clock.milliseconds(end - at))
        return replace(
            self.written,
            remaining_ms=left,
            remaining_seconds=left // 1000,
            server_time=at.isoformat(timespec="milliseconds"),
        )


class Page(Protocol):
    """A page's socket that tells the time, or looks anew where the stamp is another."""

    session_id: UUID

    def tell_time(self, stamp: Stamp, at: datetime) -> None: ...


@dataclass(eq=False, slots=True)
class _Round:
    """The pages by the step at which they are told, and the timer of the next step."""

    steps: list[dict[Page, None]] = field(default_factory=lambda: [{} for _ in range(STEPS)])
    place: dict[Page, int] = field(default_factory=dict)
    step: int = 0
    next_at: float = 0.0
    timer: asyncio.TimerHandle | None = None

    def go_on(self) -> None:
        # Each step has its turn, however late: a page that is passed over would wait a round more.
        self.next_at += STEP_SECONDS
        self.timer = asyncio.get_running_loop().call_at(self.next_at, self._tick)

    def _tick(self) -> None:
        self.step = (self.step + 1) % len(self.steps)
        pages = list(self.steps[self.step])
        self.go_on()
        if pages:
            vigil.later(self._tell(pages))

    async def _tell(self, pages: Sequence[Page]) -> None:
        ask = database_sync_to_async(sight.stamps)
        stamps: dict[UUID, Stamp] = await ask(list({page.session_id for page in pages}))
        for start in range(0, len(pages), AT_ONCE):
            at = timezone.now()
            for page in pages[start : start + AT_ONCE]:
                stamp = stamps.get(page.session_id)
                if stamp is not None and page in self.place:
                    page.tell_time(stamp, at)
            await asyncio.sleep(0)


_rounds: WeakKeyDictionary[asyncio.AbstractEventLoop, _Round] = WeakKeyDictionary()


def begin(page: Page) -> None:
    """Tell a page the time from now on, at a step by chance: not all ask at once."""
    loop = asyncio.get_running_loop()
    here = _rounds.setdefault(loop, _Round())
    step = here.place[page] = random.randrange(len(here.steps))  # noqa: S311 - only spreads
    here.steps[step][page] = None
    if here.timer is None:
        here.next_at = loop.time()
        here.go_on()


def end(page: Page) -> None:
    here = _rounds.get(asyncio.get_running_loop())
    step = None if here is None else here.place.pop(page, None)
    if here is None or step is None:
        return
    del here.steps[step][page]
    if not here.place and here.timer is not None:
        here.timer.cancel()
        here.timer = None
