"""The one lane a process saves through: whatever queued while the last commit ran goes together."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final

from django.db import close_old_connections
from django.utils import timezone

from delivery import responses
from delivery.responses import Outcome, Save

logger = logging.getLogger(__name__)

MOST_AT_ONCE: Final = 256
Waiting = tuple[Save, "Future[Outcome]"]


class Lane:
    """A thread with a database connection of its own that commits saves in batches."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Waiting | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, save: Save) -> Future[Outcome]:
        """Queue a save; the future is done after the commit, and then it is an acknowledgement."""
        future: Future[Outcome] = Future()
        self._queue.put((save, future))
        self._ensure()
        return future

    def waiting(self) -> int:
        """Return how many saves are queued behind the commit that runs."""
        return self._queue.qsize()

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
            while (waiting := self._take()) is not None:
                close_old_connections()
                _commit(waiting)
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
            except queue.Empty:
                break
            if more is None:
                self._queue.put(None)
                break
            taken.append(more)
        return taken


def _commit(waiting: Sequence[Waiting]) -> None:
    """Save a batch; where it fails as a whole, each save is tried alone and fails alone."""
    try:
        outcomes = responses.save([save for save, _ in waiting], timezone.now())
    except Exception:  # the lane outlives whatever one batch does
        if len(waiting) > 1:
            for one in waiting:
                _commit([one])
            return
        logger.exception("A save could not be committed.")
        waiting[0][1].set_exception(SaveFailedError())
        return
    for (_, future), outcome in zip(waiting, outcomes, strict=True):
        future.set_result(outcome)


class SaveFailedError(Exception):
    """The commit failed, so nothing is acknowledged: the page keeps the answer and tries again."""


_lane = Lane()


def submit(save: Save) -> Future[Outcome]:
    """Queue a save on this process's lane."""
    return _lane.submit(save)


def waiting() -> int:
    """Return how many saves are queued on this process's lane."""
    return _lane.waiting()


def stop() -> None:
    """Finish what is queued; the next save begins a new thread."""
    _lane.stop()
