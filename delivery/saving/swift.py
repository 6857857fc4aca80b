"""A loop's own lane: answers on what is remembered are written without changing threads.

Two threads that take turns at Python cost an answer more than its writing does. What this process
left a moment ago is written on in one statement while the loop goes on; everything else, and what
that statement finds changed, goes to the lane's thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import Any, Final
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connection
from django.utils import timezone

from delivery.saving import lane, responses, tally
from delivery.saving.lane import MOST_AT_ONCE, Result
from delivery.saving.responses import Drafted, Save
from integrity import rowsets
from integrity.rowsets import MovedError
from integrity.statements import LoopStatements

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = 1.0
# What Django's own connections are made with and a loop's is not.
DJANGOS: Final = ("cursor_factory", "prepare_threshold", "context")
Tell = Callable[[Result], object]
Waiting = tuple[Save, Tell]


class Swift:
    """One loop's, with a connection of its own; one commit at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: list[Waiting] = []
        # Sessions of which something is with the thread: what follows is not to overtake it.
        self._slow: Counter[UUID] = Counter()
        self._is_busy = False
        self._opening: asyncio.Task[None] | None = None
        self._statements: LoopStatements | None = None
        self._rests_until = 0.0

    def queue(self, save: Save, tell: Tell) -> None:
        """Queue a save; what the loop hears in the same turn and while a commit runs shares it."""
        self._waiting.append((save, tell))
        if not self._is_busy:
            self._is_busy = True
            self._loop.call_soon(self._go_on, context=Context())

    def waiting(self) -> int:
        return len(self._waiting)

    async def stop(self) -> None:
        """Finish what is queued and let the connection go."""
        if self._opening is not None:
            await self._opening
        while self._is_busy:  # noqa: ASYNC110  (at the end of a process)
            await asyncio.sleep(0.01)
        if self._statements is not None:
            await self._statements.close()
            self._statements = None

    def _go_on(self) -> None:
        """Take what waits, until something is under way or nothing is left."""
        self._is_busy = False
        while self._waiting and not self._is_busy:
            taken = self._waiting[:MOST_AT_ONCE]
            del self._waiting[:MOST_AT_ONCE]
            self._take(taken, self._ready())

    def _take(self, taken: Sequence[Waiting], statements: LoopStatements | None) -> None:
        swift: list[Waiting] = []
        slow: list[Waiting] = []
        late = set[UUID]()
        for one in taken:
            session_id = one[0].session_id
            waits = session_id in late or session_id in self._slow
            if statements is None or waits or not responses.may_draft(one[0]):
                late.add(session_id)
                slow.append(one)
            else:
                swift.append(one)
        ahead = {save.session_id for save, _ in swift}
        behind = [one for one in slow if one[0].session_id in ahead]
        self._give_away([one for one in slow if one[0].session_id not in ahead])
        if statements is not None and swift:
            self._commit(statements, swift, behind)

    def _give_away(self, some: Sequence[Waiting]) -> None:
        """Let the lane's thread save them, in their order."""
        for save, tell in some:
            self._slow[save.session_id] += 1
            lane.queue(save, partial(self._given_back, save.session_id, tell))

    def _given_back(self, session_id: UUID, tell: Tell, result: Result) -> None:
        self._slow[session_id] -= 1
        if not self._slow[session_id]:
            del self._slow[session_id]
        tell(result)

    def _commit(
        self, statements: LoopStatements, some: Sequence[Waiting], behind: Sequence[Waiting]
    ) -> None:
        """Save what can be saved so; the rest is the thread's, and then what came behind."""
        try:
            drafted = responses.draft([save for save, _ in some], timezone.now())
        except (MovedError, SynchronousOnlyOperation):
            self._give_away([*some, *behind])
            return
        except Exception:  # the thread tries each by itself, and says what is wrong
            logger.exception("Answers could not be drafted.")
            self._give_away([*some, *behind])
            return
        asked = drafted.statement
        if asked is None:
            self._give_away([*some, *behind])
            return
        self._is_busy = True
        done = partial(self._committed, drafted, some, behind)
        statements.execute(asked.sql, asked.values, done)

    def _committed(
        self,
        drafted: Drafted,
        some: Sequence[Waiting],
        behind: Sequence[Waiting],
        error: psycopg.Error | None,
    ) -> None:
        try:
            if error is None:
                self._give_away([*_tell(drafted, some), *behind])
                return
            if self._statements is not None and self._statements.is_lost:
                self._statements = None
            self._give_away([*some, *behind])
        finally:
            self._go_on()

    def _ready(self) -> LoopStatements | None:
        """Return the connection if it is there; while it is opened everything is the thread's."""
        rests = self._loop.time() < self._rests_until
        if self._statements is None and self._opening is None and not rests:
            self._opening = self._loop.create_task(self._open(), context=Context())
        return self._statements

    async def _open(self) -> None:
        try:
            self._statements = LoopStatements(await _connection())
        except psycopg.Error as error:
            self._rests_until = self._loop.time() + RETRY_SECONDS
            logger.warning("No connection for the answers of a loop: %s", error)
        finally:
            self._opening = None


def _tell(drafted: Drafted, some: Sequence[Waiting]) -> list[Waiting]:
    """Tell what is committed, and return what was not accepted."""
    told = drafted.committed()
    for call in drafted.statement.calls if drafted.statement else ():
        _call(call)
    kept = [(one, saved) for one, saved in zip(some, told, strict=True) if saved is not None]
    tally.here.note([save for (save, _), _ in kept], [saved for _, saved in kept], timezone.now())
    for (_save, tell), saved in kept:
        tell(saved)
    return [one for one, saved in zip(some, told, strict=True) if saved is None]


def _call(call: Callable[[], object]) -> None:
    try:
        call()
    except Exception:  # the answers are committed, whatever a hint at them does
        logger.exception("What follows an answer failed.")


async def _connection() -> psycopg.AsyncConnection[Any]:
    given: dict[str, Any] = connection.get_connection_params()
    known = {name: value for name, value in given.items() if name not in DJANGOS}
    return await psycopg.AsyncConnection.connect(**known, autocommit=True)


_swifts: WeakKeyDictionary[asyncio.AbstractEventLoop, Swift] = WeakKeyDictionary()


def queue(save: Save, tell: Tell) -> None:
    """Queue a save from a loop; `tell` gets its outcome after the commit, or SaveFailedError."""
    if not rowsets.is_postgresql():
        lane.queue(save, tell)
        return
    loop = asyncio.get_running_loop()
    swift = _swifts.get(loop)
    if swift is None:
        swift = _swifts[loop] = Swift(loop)
    swift.queue(save, tell)


def waiting() -> int:
    """Return how many saves are queued in this process, behind the commits that run."""
    return lane.waiting() + sum(one.waiting() for one in list(_swifts.values()))


async def stop() -> None:
    """Finish what is queued on this loop's own lane."""
    swift = _swifts.pop(asyncio.get_running_loop(), None)
    if swift is not None:
        with suppress(psycopg.Error):
            await swift.stop()
