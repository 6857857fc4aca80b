"""A loop's own lane: answers are looked at and written without changing threads.

Two threads that take turns at Python cost an answer more than its writing does. What this process
left a moment ago is written on in one statement while the loop goes on; the first answer of an item
is looked at in another, and a session that has changed is read in a third. What is refused, or of a
session whose plan this process has not read, goes to the lane's thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from contextvars import Context
from functools import partial
from typing import Any, Final, TypeVar
from uuid import UUID
from weakref import WeakKeyDictionary

import psycopg
from django.core.exceptions import SynchronousOnlyOperation
from django.db import connection
from django.utils import timezone
from psycopg.types.string import TextLoader

from delivery.queries.lookups import Seen
from delivery.saving import glances, lane, tally
from delivery.saving.glances import Drafted
from delivery.saving.lane import MOST_AT_ONCE, Result
from delivery.saving.responses import Save
from integrity import rowsets
from integrity.rowsets import MovedError
from integrity.statements import LoopStatements, Rows

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = 1.0
# While one writes, the loop prepares what the other will.
CONNECTIONS: Final = 2
# Fewer do not begin beside a commit of many: together they cost the database less. Beside one of
# few they do: where nobody waits for the processor, an answer need not wait for another's commit.
FEW: Final = 16
LIGHT: Final = 6
# What Django's own connections are made with and a loop's is not.
DJANGOS: Final = ("cursor_factory", "prepare_threshold", "context")
T = TypeVar("T")
Tell = Callable[[Result], object]
Waiting = tuple[Save, Tell]


class Swift:
    """One loop's, with connections of its own."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: list[Waiting] = []
        # Sessions of which something is with the thread: what follows is not to overtake it.
        self._slow: Counter[UUID] = Counter()
        self._is_due = False
        # Sessions that are written now: what follows waits for what is remembered of them then.
        self._under_way = set[UUID]()
        self._opening: asyncio.Task[None] | None = None
        self._idle: list[LoopStatements] = []
        self._number = 0
        self._rests_until = 0.0

    def queue(self, save: Save, tell: Tell) -> None:
        """Queue a save; what the loop hears in the same turn and while a commit runs shares it."""
        self._waiting.append((save, tell))
        self._wake()

    def _wake(self) -> None:
        if not self._is_due and (self._idle or not self._number):
            self._is_due = True
            self._loop.call_soon(self._go_on, context=Context())

    def waiting(self) -> int:
        return len(self._waiting)

    def is_open(self) -> bool:
        return any(not one.is_lost for one in self._idle)

    async def stop(self) -> None:
        """Finish what is queued and let the connections go."""
        if self._opening is not None:
            await self._opening
        while self._waiting or self._under_way:  # noqa: ASYNC110  (at the end of a process)
            await asyncio.sleep(0.01)
        for one in self._idle:
            await one.close()
        self._idle, self._number = [], 0

    def _go_on(self) -> None:
        self._is_due = False
        if self._number < CONNECTIONS:
            self._ready()
        held = self._under_way
        free = [one for one in self._waiting if one[0].session_id not in held][:MOST_AT_ONCE]
        if not free or (self._number and not self._idle) or (len(held) > LIGHT and len(free) < FEW):
            return
        known, new, slow = self._split(free) if self._idle else ([], [], free)
        if known and len(self._idle) == 1:
            # What is to be looked at waits for a connection, and what follows it does, too.
            left, new = _sessions(new), []
            slow = [one for one in slow if one[0].session_id not in left]
        self._take([*known, *new, *slow])
        ahead = _sessions([*known, *new])
        self._give_away([one for one in slow if one[0].session_id not in ahead])
        behind = [one for one in slow if one[0].session_id in ahead]
        if known:
            self._commit(known, [one for one in behind if one[0].session_id in _sessions(known)])
        if new:
            self._look(new, [one for one in behind if one[0].session_id in _sessions(new)])
        if self._waiting and not self._under_way:
            # Nothing that ends would take them.
            self._wake()

    def _take(self, some: Sequence[Waiting]) -> None:
        taken = set(map(id, some))
        self._waiting = [one for one in self._waiting if id(one) not in taken]

    def _split(self, some: Sequence[Waiting]) -> tuple[list[Waiting], list[Waiting], list[Waiting]]:
        """Return what is remembered, what is to be looked at, and what is the thread's.

        Of a session nothing overtakes: what follows something that is looked at is looked at with
        it, and what follows something of the thread's is the thread's. What would have to be looked
        at behind something that is written at once waits.
        """
        known: list[Waiting] = []
        new: list[Waiting] = []
        slow: list[Waiting] = []
        ahead, looked_at, late, waiting = set[UUID](), set[UUID](), set(self._slow), set[UUID]()
        for one in some:
            save, _ = one
            pk = save.session_id
            if pk in waiting:
                continue
            if pk in late or not glances.may_draft(save):
                late.add(pk)
                slow.append(one)
            elif pk not in looked_at and glances.is_remembered(save):
                ahead.add(pk)
                known.append(one)
            elif pk in ahead:
                waiting.add(pk)
            else:
                looked_at.add(pk)
                new.append(one)
        return known, new, slow

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

    def _commit(self, some: Sequence[Waiting], behind: Sequence[Waiting]) -> None:
        """Save what is remembered; what that finds changed is looked at."""
        drafted = self._drafted(some)
        if drafted is None:
            self._give_away([*some, *behind])
            return
        self._under_way |= _sessions(some)
        self._write(self._idle.pop(), drafted, some, behind, again=True)

    def _look(self, some: Sequence[Waiting], behind: Sequence[Waiting]) -> None:
        """Look at what saves meet, and at how their sessions stand now, and save them on it."""
        self._under_way |= _sessions(some)
        statements, saves = self._idle.pop(), [save for save, _ in some]

        def looked(error: psycopg.Error | None, rows: Rows) -> None:
            seen = glances.told(rows)
            changed = _tried(partial(glances.standings_asked, saves, seen))
            if error is not None or changed is None:
                decide(seen, error)
            else:
                statements.execute(*changed, partial(learnt, seen))

        def learnt(seen: Sequence[Seen], error: psycopg.Error | None, rows: Rows) -> None:
            if error is None:
                # What is not learnt is the thread's.
                _tried(partial(glances.learn, rows))
            decide(seen, error)

        def decide(seen: Sequence[Seen], error: psycopg.Error | None) -> None:
            drafted = None if error is not None else self._drafted(some, seen)
            if drafted is None:
                self._release(statements, some)
                self._give_away([*some, *behind])
            else:
                self._write(statements, drafted, some, behind)

        statements.execute(*glances.asked(saves), looked)

    def _drafted(
        self, some: Sequence[Waiting], seen: Sequence[Seen] | None = None
    ) -> Drafted | None:
        """Return what can be written at once; None leaves everything to the thread."""
        saves = [save for save, _ in some]
        drafted = _tried(partial(glances.draft, saves, timezone.now(), seen))
        return drafted if drafted is not None and drafted.statement is not None else None

    def _write(
        self,
        statements: LoopStatements,
        drafted: Drafted,
        some: Sequence[Waiting],
        behind: Sequence[Waiting],
        *,
        again: bool = False,
    ) -> None:
        def written(error: psycopg.Error | None, _rows: Rows) -> None:
            if error is not None and again and not statements.is_lost:
                # It is not remembered any more, and looked at now.
                self._waiting = [*some, *behind, *self._waiting]
                self._release(statements, some)
                return
            rest = some if error is not None else _tell(drafted, some)
            self._release(statements, some)
            self._give_away([*rest, *behind])

        asked = drafted.statement
        if asked is not None:
            statements.execute(asked.sql, asked.values, written)

    def _release(self, statements: LoopStatements, some: Sequence[Waiting]) -> None:
        self._under_way -= _sessions(some)
        if statements.is_lost:
            self._number -= 1
        else:
            self._idle.append(statements)
        if self._waiting:
            self._wake()

    def _ready(self) -> None:
        """Open a connection; until there is one everything is the thread's."""
        rests = self._loop.time() < self._rests_until
        if self._opening is None and not rests:
            self._opening = self._loop.create_task(self._open(), context=Context())

    async def _open(self) -> None:
        try:
            self._idle.append(LoopStatements(await _connection()))
            self._number += 1
            if self._waiting:
                self._wake()
        except psycopg.Error as error:
            self._rests_until = self._loop.time() + RETRY_SECONDS
            logger.warning("No connection for the answers of a loop: %s", error)
        finally:
            self._opening = None


def _sessions(some: Iterable[Waiting]) -> set[UUID]:
    return {save.session_id for save, _ in some}


def _tell(drafted: Drafted, some: Sequence[Waiting]) -> list[Waiting]:
    """Tell what is committed, and return what was not accepted."""
    told = drafted.committed()
    for call in drafted.statement.calls if drafted.statement else ():
        _call(call)
    kept = [(one, saved) for one, saved in zip(some, told, strict=True) if saved is not None]
    tally.here.note([save for (save, _), _ in kept], [saved for _, saved in kept], timezone.now())
    for (_save, tell), saved in kept:
        _call(partial(tell, saved))
    return [one for one, saved in zip(some, told, strict=True) if saved is None]


def _tried(call: Callable[[], T]) -> T | None:
    """Return what a step towards a draft gives; None leaves everything to the thread."""
    try:
        return call()
    except (MovedError, SynchronousOnlyOperation):
        return None
    except Exception:  # the thread tries each by itself, and says what is wrong
        logger.exception("Answers could not be drafted.")
        return None


def _call(call: Callable[[], object]) -> None:
    try:
        call()
    except Exception:  # the answers are committed, whatever becomes of words about them
        logger.exception("What follows an answer failed.")


async def _connection() -> psycopg.AsyncConnection[Any]:
    given: dict[str, Any] = connection.get_connection_params()
    known = {name: value for name, value in given.items() if name not in DJANGOS}
    # As Django's own: what is read is compared with what they read.
    known["options"] = f"{known.get('options', '')} -c TimeZone=UTC".strip()
    opened = await psycopg.AsyncConnection.connect(**known, autocommit=True)
    opened.adapters.register_loader("jsonb", TextLoader)
    return opened


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


def is_open() -> bool:
    """Tell whether this loop has a connection to write with at hand."""
    swift = _swifts.get(asyncio.get_running_loop())
    return swift is not None and swift.is_open()


def waiting() -> int:
    """Return how many saves are queued in this process, behind the commits that run."""
    return lane.waiting() + sum(one.waiting() for one in list(_swifts.values()))


async def stop() -> None:
    """Finish what is queued on this loop's own lane."""
    swift = _swifts.pop(asyncio.get_running_loop(), None)
    if swift is not None:
        with suppress(psycopg.Error):
            await swift.stop()
