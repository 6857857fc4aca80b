"""The one lane a process saves through: whatever queued while the last commit ran goes together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Final

from django.db import close_old_connections, connection
from django.utils import timezone

from delivery.saving import responses, tally
from delivery.saving.responses import Outcome, Save

logger = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 256
# A connection that has just worked is taken to work still; a batch that fails asks.
TRUSTED_SECONDS: Final = 1.0
Result = Outcome | Exception


@dataclass(frozen=True, slots=True)
class Told:
    """Whoever is called in a loop with what became of a save, and is nobody's future."""

    loop: asyncio.AbstractEventLoop
    set_result: Callable[[Result], object]

    def get_loop(self) -> asyncio.AbstractEventLoop:
        return self.loop

    def done(self) -> bool:
        return False

    def set_exception(self, error: Exception) -> None:
        self.set_result(error)


AnyFuture = Future[Outcome] | asyncio.Future[Outcome] | Told
Waiting = tuple[Save, AnyFuture]


class Lane:
    """A thread with a database connection of its own that commits saves in batches."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Waiting | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, save: Save) -> Future[Outcome]:
        """Queue a save; the future is done after the commit, and then it is an acknowledgement."""
        future: Future[Outcome] = Future()
        self._queue.put((save, future))
        self._ensure()
        return future

    def queue(self, save: Save, tell: Callable[[Result], object]) -> None:
        """Queue a save from a loop, which calls `tell` after the commit or the failure.

        A batch wakes the loop once, not once for each save.
        """
        self._queue.put((save, Told(asyncio.get_running_loop(), tell)))
        self._ensure()

    async def saved(self, save: Save) -> Outcome:
        """Queue a save from a loop and wait for it as `queue` does."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._queue.put((save, future))
        self._ensure()
        return await future

    def waiting(self) -> int:
        """Return how many saves are queued behind the commit that runs."""
        return self._queue.qsize()

    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def stop(self) -> None:
        """Finish what is queued and end the thread."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            self._queue.put(None)
            thread.join()

    def _ensure(self) -> None:
        if self._thread is not None and self._thread.is_alive():
            return
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="lane", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        try:
            heard = 0.0
            while (waiting := self._take()) is not None:
                # Asking a connection whether it lives costs as much as some answers.
                if time.monotonic() - heard > TRUSTED_SECONDS:
                    close_old_connections()
                _commit(waiting)
                heard = time.monotonic()
        finally:
            close_old_connections()

    def _take(self) -> list[Waiting] | None:
        """Wait for one save and take whatever else is there; None ends the lane."""
        first = self._queue.get()
        if first is None:
            return None
        taken = [first]
        while len(taken) < MOST_AT_ONCE:
            try:
                more = self._queue.get_nowait()
            except Empty:
                break
            if more is None:
                self._queue.put(None)
                break
            taken.append(more)
        return taken


def _commit(waiting: Sequence[Waiting], *, again: bool = True) -> None:
    """Save a batch; where it fails, each save is tried again alone and fails alone."""
    try:
        outcomes = _together([save for save, _ in waiting])
    except Exception:  # the lane outlives whatever one batch does
        close_old_connections()
        if again:
            for one in waiting:
                _commit([one], again=False)
            return
        logger.exception("A save could not be committed.")
        tally.here.failed += 1
        _tell([(waiting[0][1], SaveFailedError())])
        return
    _tell([(future, outcome) for (_, future), outcome in zip(waiting, outcomes, strict=True)])


def _together(saves: Sequence[Save]) -> list[Outcome]:
    outcomes = responses.save(saves, timezone.now())
    tally.here.note(saves, outcomes, timezone.now())
    return outcomes


def _tell(results: Sequence[tuple[AnyFuture, Result]]) -> None:
    """Give each its result: threads at once, each loop in one call for all that wait there."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[AnyFuture, Result]]] = {}
    for future, result in results:
        if isinstance(future, Future):
            _settle([(future, result)])
        else:
            loops.setdefault(future.get_loop(), []).append((future, result))
    for loop, some in loops.items():
        with contextlib.suppress(RuntimeError):  # a loop that has ended waits for nothing
            loop.call_soon_threadsafe(_settle, some)


def _settle(results: Sequence[tuple[AnyFuture, Result]]) -> None:
    for future, result in results:
        if future.done():  # a page that left does not wait any more
            continue
        try:
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)
        except Exception:  # one page that cannot be told keeps no other waiting
            logger.exception("What became of an answer could not be told.")


class SaveFailedError(Exception):
    """The commit failed, so nothing is acknowledged: the page keeps the answer and tries again."""


_lane = Lane()


async def saved(save: Save) -> Outcome:
    """Queue a save and wait for its commit; raises SaveFailedError."""
    return await _lane.saved(save)


def queue(save: Save, tell: Callable[[Result], object]) -> None:
    """Queue a save from a loop; `tell` gets its outcome after the commit, or SaveFailedError."""
    _lane.queue(save, tell)


def submit(save: Save) -> Future[Outcome]:
    """Queue a save on this process's lane."""
    return _lane.submit(save)


def queue_all(saves: Sequence[Save]) -> list[Future[Outcome]]:
    """Queue saves, so that what others save meanwhile shares the commit.

    Whoever is in a transaction already saves in that. The futures may raise SaveFailedError.
    """
    if not saves or not connection.in_atomic_block:
        return [_lane.submit(one) for one in saves]
    futures: list[Future[Outcome]] = [Future() for _ in saves]
    for future, outcome in zip(futures, _together(saves), strict=True):
        future.set_result(outcome)
    return futures


def waiting() -> int:
    """Return how many saves are queued on this process's lane."""
    return _lane.waiting()


def is_running() -> bool:
    """Tell whether the thread is there: the first save begins it."""
    return _lane.is_running()


def stop() -> None:
    """Finish what is queued; the next save begins a new thread."""
    _lane.stop()
