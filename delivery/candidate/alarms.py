"""Wakes pages at their deadlines: one alarm for all whose time is up in the same moment.

All are told before the database is asked: its threads would make every frame wait for its turn.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID
from weakref import WeakKeyDictionary

from delivery.candidate import asking, vigil
from delivery.session.desk import Desk

# At the instant itself a save still counts; right after it, nothing does.
AFTER: Final = timedelta(milliseconds=2)
AGAIN: Final = timedelta(milliseconds=20)
# While one part waits for the database, the next is made ready; the fewer they are, the fewer
# statements they take, but an answer that comes late waits for the part that ends its session.
AT_ONCE: Final = 700
# So many clocks are told before others have their turn.
CLOCKS_AT_ONCE: Final = 50


class Page(Protocol):
    """A page's socket as its alarm sees it; what these tell is written at once."""

    session_id: UUID

    def tell_due(self) -> None: ...

    def take_end(self, found: Desk) -> None: ...

    def tell_end_clock(self, found: Desk) -> None: ...


@dataclass(eq=False, slots=True)
class Alarm:
    """The pages that wake in one moment, and the timer that wakes them."""

    moment: int
    pages: dict[Page, None] = field(default_factory=dict)
    timer: asyncio.TimerHandle | None = None

    def forget(self, page: Page) -> None:
        """Let a page sleep on."""
        self.pages.pop(page, None)
        if not self.pages and self.timer is not None:
            self.timer.cancel()
            _here().pop(self.moment, None)


_alarms: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[int, Alarm]] = WeakKeyDictionary()
# Sessions whose end is under way: their pages are told by the alarm, and need no hint.
_closing: set[UUID] = set()


def _here() -> dict[int, Alarm]:
    return _alarms.setdefault(asyncio.get_running_loop(), {})


def wake(page: Page, due: datetime, now: datetime) -> Alarm:
    """Wake a page right after something is due; whoever wakes first closes, all others see it."""
    at = max(due + AFTER, now + AGAIN)
    moment = math.ceil(at.timestamp() * 1000)
    here = _here()
    alarm = here.get(moment)
    if alarm is None:
        alarm = here[moment] = Alarm(moment)
        wait = moment / 1000 - now.timestamp()
        alarm.timer = asyncio.get_running_loop().call_later(wait, _ring, alarm)
    alarm.pages[page] = None
    return alarm


def is_closing(session_id: UUID) -> bool:
    """Tell whether the end of a session is under way here."""
    return session_id in _closing


def _ring(alarm: Alarm) -> None:
    _here().pop(alarm.moment, None)
    pages = list(alarm.pages)
    alarm.pages.clear()
    for page in pages:
        page.tell_due()
    vigil.later(_close(pages))


async def _close(pages: Sequence[Page]) -> None:
    """Let the database decide, and tell what it decided."""
    of: dict[UUID, list[Page]] = {}
    for page in pages:
        of.setdefault(page.session_id, []).append(page)
    parts = [list(of)[start : start + AT_ONCE] for start in range(0, len(of), AT_ONCE)]
    _closing.update(of)
    try:
        ends = await asyncio.gather(*(_close_some(part, of) for part in parts))
    finally:
        _closing.difference_update(of)
    told = 0
    for end in ends:
        for session_id, found in end.items():
            for page in of[session_id]:
                page.tell_end_clock(found)
            told += 1
            if told % CLOCKS_AT_ONCE == 0:
                await asyncio.sleep(0)


async def _close_some(part: list[UUID], of: dict[UUID, list[Page]]) -> dict[UUID, Desk]:
    ends = await asking.close(part)
    for session_id, found in ends.items():
        for page in of[session_id]:
            page.take_end(found)
    return ends
