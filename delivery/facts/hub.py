"""Tells every process's sockets, from any thread, that something changed; a lost word is a hint.

Each process listens once, however many sockets it serves, and hands on to its own.
"""

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextvars import Context
from typing import Any, Final

from channels.layers import InMemoryChannelLayer, get_channel_layer

logger = logging.getLogger(__name__)

Message = dict[str, Any]
# Called in the loop that joined, with each message to the group.
Hear = Callable[[Message], None]
Addressed = tuple[str, Message]

PATIENCE_SECONDS: Final = 2.0
MOST_WAITING: Final = 1_000
# A group that nobody joins.
PULSE: Final = "pulse"
# Every process that serves sockets is in this group, once.
PROCESSES: Final = "processes"
# Redis passes a bundle on in one piece.
MOST_IN_A_BUNDLE: Final = 2_000
# So long what is gathered waits for more of the same.
GATHER_SECONDS: Final = 0.2
# Later than this, the loop that was to send it has ended.
GIVEN_UP_SECONDS: Final = 1.0


class _Hub:
    """The loop that this process sends on, how much is under way, and who listens here."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.lock = threading.Lock()
        self.waiting = 0
        self.here: dict[str, list[Hear]] = {}
        self.beginning: asyncio.Task[None] | None = None
        self.listening: asyncio.Task[None] | None = None
        self.gathered: dict[str, set[str]] = {}
        self.gathering_since = 0.0

    def running_loop(self) -> asyncio.AbstractEventLoop | None:
        loop = self.loop
        return loop if loop is not None and loop.is_running() else None

    def loop_of_our_own(self) -> asyncio.AbstractEventLoop:
        """A loop in a thread, for processes that serve no sockets (workers, commands)."""
        with self.lock:
            found = self.running_loop()
            if found is None:
                found = asyncio.new_event_loop()
                started = threading.Event()
                found.call_soon(started.set)
                threading.Thread(target=found.run_forever, name="hub", daemon=True).start()
                started.wait(PATIENCE_SECONDS)
                self.loop = found
            return found


_hub = _Hub()
# A forked worker has no such thread: it begins anew.
os.register_at_fork(after_in_child=_hub.__init__)  # type: ignore[misc]


def attach() -> None:
    """Makes the running loop the one to send on; the web process calls it on every connection."""
    loop = asyncio.get_running_loop()
    if _hub.loop is not loop:
        _hub.loop = loop


async def join(group: str, hear: Hear) -> bool:
    """Listen to a group; False, soon, where the layer is gone or hangs: the page asks by itself."""
    attach()
    try:
        await _listen(get_channel_layer())
    except Exception as error:  # whatever the layer raises, hints only make a page quicker
        logger.warning("%s is listened to without hints: %r", group, error)
        return False
    _hub.here.setdefault(group, []).append(hear)
    return True


def leave(group: str, hear: Hear) -> None:
    """Listen to a group no more; a process in which nobody does listens to nothing."""
    here = _hub.here.get(group, [])
    if hear in here:
        here.remove(hear)
    if not here:
        _hub.here.pop(group, None)
    if not _hub.here and _hub.listening is not None:
        _hub.listening.cancel()
        _hub.listening = None


async def _listen(layer: Any) -> None:
    """Let what is sent to all processes reach this one; the memory layer is of this one alone."""
    loop = asyncio.get_running_loop()
    if isinstance(layer, InMemoryChannelLayer) or _is_of(_hub.listening, loop):
        return
    # Of many that join at once one begins, and all wait for it.
    if not _is_of(_hub.beginning, loop):
        _hub.beginning = loop.create_task(_begin(layer), context=Context())
    await asyncio.shield(_hub.beginning)  # type: ignore[arg-type]  # one of this loop is there


def _is_of(task: "asyncio.Task[None] | None", loop: asyncio.AbstractEventLoop) -> bool:
    return task is not None and not task.done() and task.get_loop() is loop


async def _begin(layer: Any) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        own = await layer.new_channel()
        await layer.group_add(PROCESSES, own)
    _hub.listening = asyncio.create_task(_keep_listening(layer, own))


async def _keep_listening(layer: Any, own: str) -> None:
    while True:
        bundle = await layer.receive(own)
        _hand_on(bundle["messages"])


def _hand_on(messages: Sequence[Addressed]) -> None:
    for group, message in messages:
        for hear in list(_hub.here.get(group, ())):
            hear(message)


async def answers(layer: Any) -> bool:
    """Tell whether the layer takes a message at all, and soon."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await layer.group_send(PULSE, {"type": "pulse"})
    except Exception:  # whatever it raises, hints do not arrive
        return False
    return True


def send(group: str, message: Message) -> None:
    """Sends `message` to `group` soon; never raises and never waits for Redis."""
    send_all([(group, message)])


def send_all(messages: Sequence[Addressed]) -> None:
    """Sends many messages soon, in their order; they wait as one."""
    if not messages:
        return
    layer = get_channel_layer()
    if isinstance(layer, InMemoryChannelLayer):
        _send_here(messages)
        return
    if _hub.waiting >= MOST_WAITING:
        groups = ", ".join(sorted({group for group, _ in messages})[:3])
        logger.warning("Messages to %s are dropped: %s are waiting.", groups, _hub.waiting)
        return
    _hub.waiting += 1
    loop = _hub.running_loop() or _hub.loop_of_our_own()
    future = asyncio.run_coroutine_threadsafe(_deliver(layer, list(messages)), loop)
    future.add_done_callback(_done)


def gather(group: str, sessions: Iterable[str]) -> None:
    """Tell a group of boards which sessions changed, together with what changes right after.

    Answers come by the hundreds a second, and a board looks a few times a second at most.
    """
    memory = isinstance(get_channel_layer(), InMemoryChannelLayer)
    loop = _hub.running_loop() or (None if memory else _hub.loop_of_our_own())
    if loop is None:
        return
    now = time.monotonic()
    with _hub.lock:
        begins = not _hub.gathered or now - _hub.gathering_since > GIVEN_UP_SECONDS
        _hub.gathered.setdefault(group, set()).update(sessions)
        if begins:
            _hub.gathering_since = now
    if begins:
        with contextlib.suppress(RuntimeError):  # it has just ended, and its sockets with it
            loop.call_soon_threadsafe(loop.call_later, GATHER_SECONDS, _send_gathered)


def _send_gathered() -> None:
    with _hub.lock:
        gathered, _hub.gathered = _hub.gathered, {}
    send_all([(group, changed(sessions)) for group, sessions in gathered.items()])


def changed(sessions: Iterable[str]) -> Message:
    """Return the message that tells a board which sessions to look at."""
    return {"type": "board.changed", "sessions": sorted(sessions)}


def _send_here(messages: Sequence[Addressed]) -> None:
    loop = _hub.running_loop()
    if loop is not None:
        with contextlib.suppress(RuntimeError):  # it has just ended, and its sockets with it
            # Not in the sender's context: who is told must not take its thread for their own.
            loop.call_soon_threadsafe(_hand_on, list(messages), context=Context())


async def _deliver(layer: Any, messages: list[Addressed]) -> None:
    """Send one message for each process instead of one for each socket."""
    for start in range(0, len(messages), MOST_IN_A_BUNDLE):
        some = messages[start : start + MOST_IN_A_BUNDLE]
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await layer.group_send(PROCESSES, {"type": "bundle", "messages": some})
        except Exception as error:  # whatever the layer raises, the database has it
            logger.warning("A message to %s is lost: %r", some[0][0], error)
            return


def _done(future: "Future[None]") -> None:
    _hub.waiting -= 1
