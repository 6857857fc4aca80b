"""A message reaches its group from any thread, and a dead Redis stops nobody."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer, channel_layers
from channels_redis.pubsub import RedisPubSubChannelLayer

from delivery.facts import hub

HELLO = {"type": "session.changed", "what": "session.paused"}


@pytest.fixture(autouse=True)
def _fresh_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "_hub", hub._Hub())


def use(monkeypatch: pytest.MonkeyPatch, layer: Any) -> None:
    monkeypatch.setattr(channel_layers, "backends", {"default": layer})


class Ear:
    """Keeps what it hears, and can be waited for."""

    def __init__(self) -> None:
        self.heard = asyncio.Queue[Any]()

    def hear(self, message: dict[str, Any]) -> None:
        self.heard.put_nowait(message)

    async def next(self) -> Any:
        async with asyncio.timeout(20):
            return await self.heard.get()


async def elsewhere(layer: Any) -> Any:
    """Listens as another process does; returns what takes its next bundle."""
    channel = await layer.new_channel()
    await layer.group_add(hub.PROCESSES, channel)

    async def received() -> Any:
        async with asyncio.timeout(20):
            return (await layer.receive(channel))["messages"]

    return received


@pytest.mark.parametrize("in_memory", [True, False])
def test_thread_wakes_the_loop_that_serves(
    monkeypatch: pytest.MonkeyPatch, redis_url: str, in_memory: bool
) -> None:
    layer: Any = InMemoryChannelLayer() if in_memory else RedisPubSubChannelLayer(hosts=[redis_url])
    use(monkeypatch, layer)

    async def listen() -> Any:
        ear = Ear()
        assert await hub.join("session.1", ear.hear)
        threading.Timer(0.05, hub.send, ("session.1", HELLO)).start()
        # Nothing else wakes this loop: a message put in from outside would lie here unread.
        found = await ear.next()
        hub.leave("session.1", ear.hear)
        await layer.flush()
        return found

    assert asyncio.run(listen()) == HELLO


@pytest.mark.parametrize("in_memory", [True, False])
def test_what_answers_change_is_told_together(
    monkeypatch: pytest.MonkeyPatch, redis_url: str, in_memory: bool
) -> None:
    layer: Any = InMemoryChannelLayer() if in_memory else RedisPubSubChannelLayer(hosts=[redis_url])
    use(monkeypatch, layer)

    async def listen() -> Any:
        first, other = Ear(), Ear()
        assert await hub.join("board.1", first.hear)
        assert await hub.join("board.2", other.hear)
        for session in ("a", "c", "b", "a"):
            threading.Thread(target=hub.gather, args=("board.1", [session])).start()
        hub.gather("board.2", ["d"])
        found = [await first.next(), await other.next()]
        # What comes afterwards is told anew.
        hub.gather("board.1", ["e"])
        found.append(await first.next())
        rest = first.heard.qsize() + other.heard.qsize()
        hub.leave("board.1", first.hear)
        hub.leave("board.2", other.hear)
        await layer.flush()
        return found, rest

    assert asyncio.run(listen()) == (
        [hub.changed(["a", "b", "c"]), hub.changed(["d"]), hub.changed(["e"])],
        0,
    )


def test_what_a_loop_that_ended_did_not_tell_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, InMemoryChannelLayer())

    async def leave_at_once() -> None:
        hub.attach()
        hub.gather("board.1", ["a"])

    async def listen() -> Any:
        ear = Ear()
        assert await hub.join("board.1", ear.hear)
        hub.gather("board.1", ["b"])
        return await ear.next()

    asyncio.run(leave_at_once())
    monkeypatch.setattr(hub, "GIVEN_UP_SECONDS", 0.0)
    assert asyncio.run(listen()) == hub.changed(["a", "b"])


def test_memory_layer_without_a_server_has_nobody_to_tell(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    use(monkeypatch, InMemoryChannelLayer())
    hub.send("session.1", HELLO)
    hub.gather("board.1", ["a"])
    assert (hub._hub.waiting, hub._hub.loop, caplog.records) == (0, None, [])


def test_worker_without_a_loop_reaches_another_process_through_redis(
    monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    ours, theirs = (RedisPubSubChannelLayer(hosts=[redis_url]) for _ in range(2))
    use(monkeypatch, ours)

    async def listen() -> Any:
        received = await elsewhere(theirs)
        await asyncio.to_thread(hub.send, "session.1", HELLO)
        found = await received()
        await theirs.flush()
        return found

    assert asyncio.run(listen()) == [["session.1", HELLO]]


def test_dead_redis_costs_no_time_and_raises_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    use(monkeypatch, RedisPubSubChannelLayer(hosts=["redis://127.0.0.1:1/0"]))
    before = time.monotonic()
    for _ in range(20):
        hub.send("session.1", HELLO)
    assert time.monotonic() - before < 1.0
    until = time.monotonic() + 10
    while hub._hub.waiting and time.monotonic() < until:
        time.sleep(0.02)
    assert hub._hub.waiting == 0
    assert all("is lost" in record.getMessage() for record in caplog.records)
    assert len(caplog.records) == 20


def test_where_redis_is_dead_nobody_waits_for_hints(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, RedisPubSubChannelLayer(hosts=["redis://127.0.0.1:1/0"]))
    assert asyncio.run(hub.join("session.1", print)) is False
    assert hub._hub.here == {}


def test_many_messages_come_in_one_and_reach_each_listener_once(
    monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    layer = RedisPubSubChannelLayer(hosts=[redis_url])
    use(monkeypatch, layer)
    messages = [(f"session.{number}", HELLO | {"number": number}) for number in range(20)]

    async def listen() -> tuple[list[Any], int]:
        ears, received = [Ear() for _number in range(10)], await elsewhere(layer)
        for number, ear in enumerate(ears):
            assert await hub.join(f"session.{number}", ear.hear)
        # Somebody who left hears nothing, and the others still do.
        hub.leave("session.9", ears[9].hear)
        await asyncio.to_thread(hub.send_all, messages)
        heard = [await ear.next() for ear in ears[:9]]
        assert all(ear.heard.empty() for ear in ears)
        for number, ear in enumerate(ears[:9]):
            hub.leave(f"session.{number}", ear.hear)
        assert (hub._hub.here, hub._hub.listening) == ({}, None)
        bundled = len(await received())
        await layer.flush()
        return heard, bundled

    assert asyncio.run(listen()) == ([message for _group, message in messages[:9]], 20)


def test_two_who_join_at_once_hear_once_each(
    monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    layer = RedisPubSubChannelLayer(hosts=[redis_url])
    use(monkeypatch, layer)

    async def listen() -> list[int]:
        ears = [Ear(), Ear()]
        hears: list[Callable[[dict[str, Any]], None]] = [ear.hear for ear in ears]
        assert await asyncio.gather(*(hub.join("session.1", hear) for hear in hears)) == [True] * 2
        hub.send("session.1", HELLO)
        hub.send("session.1", HELLO | {"last": True})
        counted = []
        for ear in ears:
            heard = [await ear.next()]
            while "last" not in heard[-1]:
                heard.append(await ear.next())
            counted.append(len(heard) + ear.heard.qsize())
        for hear in hears:
            hub.leave("session.1", hear)
        await layer.flush()
        return counted

    assert asyncio.run(listen()) == [2, 2]
