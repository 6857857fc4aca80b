"""Asks the database for many pages at once: whoever asks while an answer is under way waits for
the next, and all who wait are answered by one thread in one go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async

K = TypeVar("K")
V = TypeVar("V")

MOST_AT_ONCE: Final = 500


@dataclass(slots=True)
class _Turn(Generic[K, V]):
    """Who waits on one loop, and the task that asks for them."""

    waiting: dict[K, asyncio.Future[V]] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None


class Gathering(Generic[K, V]):
    """Turns a question about many keys into one that each socket asks for itself."""

    def __init__(self, ask_all: Callable[[list[K]], Mapping[K, V]]) -> None:
        self._ask_all = ask_all
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, _Turn[K, V]] = WeakKeyDictionary()

    async def ask(self, key: K) -> V:
        """Return the answer for one key; raises KeyError where there is none."""
        loop = asyncio.get_running_loop()
        turn = self._turns.setdefault(loop, _Turn())
        future = turn.waiting.get(key)
        if future is None:
            future = turn.waiting[key] = loop.create_future()
        if turn.task is None or turn.task.done():
            turn.task = loop.create_task(self._take_turns(turn))
        # Two pages may wait for the same: one that leaves must not take it from the other.
        return await asyncio.shield(future)

    async def _take_turns(self, turn: _Turn[K, V]) -> None:
        while turn.waiting:
            asked = dict(list(turn.waiting.items())[:MOST_AT_ONCE])
            for key in asked:
                del turn.waiting[key]
            known: Mapping[K, V] = {}
            failure: Exception | None = None
            try:
                known = await database_sync_to_async(self._ask_all)(list(asked))
            except Exception as error:  # each asker learns of it
                failure = error
            for key, future in asked.items():
                _settle(future, known, key, failure)


def _settle(
    future: asyncio.Future[V], known: Mapping[K, V], key: K, failure: Exception | None
) -> None:
    if future.done():
        return
    if failure is None and key in known:
        future.set_result(known[key])
        return
    future.set_exception(failure or KeyError(key))
    # Where nobody waits any more, nobody misses it.
    future.exception()
