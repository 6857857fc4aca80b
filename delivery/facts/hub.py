"""Hands a message to a channel group from any thread, sync or async; a lost one is only a hint."""

import asyncio
import contextlib
import logging
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer
from channels_redis.pubsub import RedisPubSubChannelLayer

logger = logging.getLogger(__name__)
Hear = Callable[[dict[str, Any]], bool]

PATIENCE_SECONDS = 2.0
MOST_WAITING = 1_000
# A group that nobody joins.
PULSE = "pulse"
# Every process that serves sockets is in this group, once, and hands bundles on to its own.
PROCESSES = "processes"
# Redis passes a bundle on in one piece.
MOST_IN_A_BUNDLE = 2_000


class _Hub:
    """The loop that this process sends on, and how much is under way."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.lock = threading.Lock()
        self.waiting = 0
        self.own_loop = False
        # The channels of this process's sockets by group, with what they can take at once, and
        # who hands bundles on to them.
        self.local: dict[str, dict[str, Hear | None]] = {}
        self.handing_on: asyncio.Task[None] | None = None

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
                self.loop, self.own_loop = found, True
            return found


_hub = _Hub()
# A forked worker has no such thread: it begins anew.
os.register_at_fork(after_in_child=_hub.__init__)  # type: ignore[misc]


def attach() -> None:
    """Makes the running loop the one to send on; the web process calls it on every connection."""
    loop = asyncio.get_running_loop()
    if _hub.loop is not loop:
        _hub.loop, _hub.own_loop = loop, False


async def join(layer: Any, group: str, channel: str, hear: Hear | None = None) -> bool:
    """Join a group; False, soon, where the layer is gone or hangs: the page then asks by itself.

    `hear` may take a message of a bundle at once and then says so; all others wait in the channel.
    """
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await layer.group_add(group, channel)
            if isinstance(layer, RedisPubSubChannelLayer):
                await _join_locally(layer, group, channel, hear)
    except Exception as error:  # whatever the layer raises, hints only make a page quicker
        logger.warning("%s is listened to without hints: %r", group, error)
        return False
    return True


async def answers(layer: Any) -> bool:
    """Tell whether the layer takes a message at all, and soon."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await layer.group_send(PULSE, {"type": "pulse"})
    except Exception:  # whatever it raises, hints do not arrive
        return False
    return True


async def _join_locally(layer: Any, group: str, channel: str, hear: Hear | None) -> None:
    """Let bundles reach the channel; the first of a process has it listen to them."""
    loop = asyncio.get_running_loop()
    task = _hub.handing_on
    if task is None or task.done() or task.get_loop() is not loop:
        _hub.local.clear()
        own = await layer.new_channel()
        await layer.group_add(PROCESSES, own)
        _hub.handing_on = loop.create_task(_hand_on(layer, own))
    _hub.local.setdefault(group, {})[channel] = hear


async def _hand_on(layer: Any, own: str) -> None:
    """Put what comes for all processes where the layer would have put it for each socket."""
    while True:
        bundle = await layer.receive(own)
        for group, message in bundle["messages"]:
            for channel, hear in _hub.local.get(group, {}).items():
                queue = layer.channels.get(channel)
                if queue is not None and not (hear is not None and hear(message)):
                    queue.put_nowait(layer.serialize(message))


def _leave_locally(group: str, channel: str) -> None:
    here = _hub.local.get(group)
    if here is None:
        return
    here.pop(channel, None)
    if not here:
        del _hub.local[group]
    if not _hub.local and _hub.handing_on is not None:
        _hub.handing_on.cancel()
        _hub.handing_on = None


async def leave(layer: Any, group: str, channel: str) -> None:
    """Leave a group; a layer that is gone has forgotten it already."""
    _leave_locally(group, channel)
    with contextlib.suppress(Exception):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await layer.group_discard(group, channel)


def send(group: str, message: dict[str, Any]) -> None:
    """Sends `message` to `group` soon; never raises and never waits for Redis."""
    send_all([(group, message)])


def send_all(messages: list[tuple[str, dict[str, Any]]]) -> None:
    """Sends many messages soon, one after the other; they wait as one."""
    if not messages:
        return
    layer = get_channel_layer()
    loop = _hub.running_loop()
    if isinstance(layer, InMemoryChannelLayer) and (loop is None or _hub.own_loop):
        _send_here(layer, messages)
        return
    if _hub.waiting >= MOST_WAITING:
        groups = ", ".join(sorted({group for group, _ in messages})[:3])
        logger.warning("Messages to %s are dropped: %s are waiting.", groups, _hub.waiting)
        return
    _hub.waiting += 1
    delivery = _deliver(layer, messages)
    future = asyncio.run_coroutine_threadsafe(delivery, loop or _hub.loop_of_our_own())
    future.add_done_callback(_done)


async def _deliver(layer: Any, messages: list[tuple[str, dict[str, Any]]]) -> None:
    if len(messages) > 1 and isinstance(layer, RedisPubSubChannelLayer):
        # One message for each process instead of one for each socket.
        parts = range(0, len(messages), MOST_IN_A_BUNDLE)
        messages = [
            (PROCESSES, {"type": "bundle", "messages": messages[at : at + MOST_IN_A_BUNDLE]})
            for at in parts
        ]
    for group, message in messages:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await layer.group_send(group, message)
        except Exception as error:  # whatever the layer raises, the database has it
            logger.warning("A message to %s is lost: %r", group, error)
            if isinstance(error, TimeoutError):
                # A layer that hangs would keep each of the others as long.
                return


def _done(future: "Future[None]") -> None:
    _hub.waiting -= 1


def _send_here(layer: Any, messages: list[tuple[str, dict[str, Any]]]) -> None:
    """In a process without a web loop the memory layer only has listeners of this very thread."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        async_to_sync(_deliver)(layer, messages)
        return
    task = loop.create_task(_deliver(layer, messages))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


# A loop holds its tasks weakly; these must live until they are done.
_tasks: set["asyncio.Task[None]"] = set()
