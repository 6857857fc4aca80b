"""Long-lived threads for a loop: a job costs one wake-up of a thread and one of the loop."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class Job(NamedTuple):
    """What is to be done, and who waits for it in which loop."""

    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    work: Callable[[], Any]


class Pool:
    """A number of threads that do the jobs of loops, begun with the first of them.

    `concurrent.futures` does the same with two futures a job, a lock and a condition for each, and
    a hand-over between them: a fifth of what a small page costs.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._threads, self._name = threads, name
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._begin = threading.Lock()
        self._begun = False

    def run(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Let a thread do the work."""
        return self.run_after((), work)

    def run_after(
        self, waits_for: Sequence[Future[Any]], work: Callable[[], T]
    ) -> asyncio.Future[T]:
        """Let a thread do the work once all futures are done, however they ended."""
        if not self._begun:
            self._start()
        loop = asyncio.get_running_loop()
        job = Job(loop.create_future(), loop, work)
        left = iter(waits_for)

        # One after the other: whoever ends the last of them hands the job over.
        def go_on(_done: object = None) -> None:
            following = next(left, None)
            if following is None:
                self._jobs.put(job)
            else:
                following.add_done_callback(go_on)

        go_on()
        return job.future

    def _start(self) -> None:
        with self._begin:
            if not self._begun:
                for number in range(self._threads):
                    name, given = f"{self._name}_{number}", (self._jobs,)
                    threading.Thread(target=_work, args=given, name=name, daemon=True).start()
                weakref.finalize(self, _end, self._jobs, self._threads)
                self._begun = True


def _work(jobs: SimpleQueue[Job | None]) -> None:
    while (job := jobs.get()) is not None:
        _do(job)
        # What a job holds must not wait for the next one.
        del job


def _end(jobs: SimpleQueue[Job | None], threads: int) -> None:
    """Let the threads of a pool end that nobody has any more."""
    for _thread in range(threads):
        jobs.put(None)


def _do(job: Job) -> None:
    if job.future.cancelled():
        return
    found, problem = None, None
    try:
        found = job.work()
    except BaseException as error:
        # Whatever it is, it is the caller's; but this one a future does not take.
        problem = RuntimeError(repr(error)) if isinstance(error, StopIteration) else error
    try:
        job.loop.call_soon_threadsafe(_settle, job.future, found, problem)
    except RuntimeError:
        # The loop has ended, and nobody waits.
        return


def _settle(future: asyncio.Future[Any], found: Any, problem: BaseException | None) -> None:
    if future.done():
        return
    if problem is None:
        future.set_result(found)
    else:
        future.set_exception(problem)
