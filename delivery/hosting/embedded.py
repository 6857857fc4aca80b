"""A real Celery worker and beat in threads of this process, for the one-machine server."""

import threading
from typing import Any

from celery import Celery
from celery.beat import EmbeddedService
from celery.worker import WorkController, state
from celery.worker.consumer import Consumer

START_SECONDS = 15.0
STOP_SECONDS = 10.0


class EmbeddedCelery:
    """Starts with `start()`, ends with `stop()`; a process has at most one."""

    def __init__(self, app: Celery) -> None:
        self.app = app
        self.ready = ready = threading.Event()

        class Worker(WorkController):
            def on_consumer_ready(self, consumer: Consumer) -> None:
                ready.set()

        self.worker = Worker(
            app=app,
            pool="threads",
            concurrency=2,
            hostname="embedded@localhost",
            loglevel="WARNING",
            without_heartbeat=True,
            without_mingle=True,
            without_gossip=True,
        )
        self.thread = threading.Thread(target=self.worker.start, name="celery-worker", daemon=True)
        # The plain scheduler keeps no file: the schedule is in the settings.
        beat = EmbeddedService(app, thread=True, scheduler_cls="celery.beat:Scheduler")
        assert isinstance(beat, threading.Thread)
        self.beat: Any = beat

    def start(self) -> None:
        self.thread.start()
        if not self.ready.wait(START_SECONDS):
            raise RuntimeError("The Celery worker did not start.")
        self.beat.start()

    def stop(self) -> None:
        # The worker looks at this flag in its own thread and leaves in order; 0 is its exit code.
        state.should_stop = 0  # type: ignore[assignment]  # declared None
        # It may wait two seconds for a message before it looks: beat's next tick wakes it sooner.
        if self.thread.is_alive():
            self.thread.join(STOP_SECONDS)
        self.beat.stop()
        state.should_stop = None
