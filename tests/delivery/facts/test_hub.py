"""A message reaches its group from any thread, and a dead Redis stops nobody."""

import asyncio
import threading
import time
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


def test_thread_wakes_the_loop_that_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = InMemoryChannelLayer()
    use(monkeypatch, layer)

    async def listen() -> Any:
        hub.attach()
        channel = await layer.new_channel()
        await layer.group_add("session.1", channel)
        threading.Timer(0.05, hub.send, ("session.1", HELLO)).start()
        # Nothing else wakes this loop: a message put in from outside would lie here unread.
        async with asyncio.timeout(5):
            return await layer.receive(channel)

    assert asyncio.run(listen()) == HELLO


def test_memory_layer_without_a_server_has_the_message_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layer = InMemoryChannelLayer()
    use(monkeypatch, layer)

    async def join() -> str:
        channel = str(await layer.new_channel())
        await layer.group_add("session.1", channel)
        return channel

    channel = asyncio.run(join())
    hub.send("session.1", HELLO)
    assert asyncio.run(layer.receive(channel)) == HELLO


def test_worker_without_a_loop_reaches_another_process_through_redis(
    monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    ours, theirs = (RedisPubSubChannelLayer(hosts=[redis_url]) for _ in range(2))
    use(monkeypatch, ours)

    async def listen() -> Any:
        channel = await theirs.new_channel()
        await theirs.group_add("session.1", channel)
        await asyncio.to_thread(hub.send, "session.1", HELLO)
        async with asyncio.timeout(5):
            received = await theirs.receive(channel)
        await theirs.flush()
        return received

    assert asyncio.run(listen()) == HELLO


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


def test_many_messages_go_to_another_process_in_one_and_reach_each_socket_once(
    monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    ours, theirs = (RedisPubSubChannelLayer(hosts=[redis_url]) for _ in range(2))
    use(monkeypatch, ours)
    messages = [(f"session.{number}", HELLO | {"number": number}) for number in range(20)]

    async def listen() -> list[Any]:
        channels = [await theirs.new_channel() for _number in range(10)]
        for number, channel in enumerate(channels):
            assert await hub.join(theirs, f"session.{number}", channel)
        # Somebody who left hears nothing, and the others still do.
        await hub.leave(theirs, "session.9", channels[9])
        await asyncio.to_thread(hub.send_all, messages)
        async with asyncio.timeout(20):
            heard = [await theirs.receive(channel) for channel in channels[:9]]
        assert all(theirs.channels[channel].empty() for channel in channels)
        for number, channel in enumerate(channels[:9]):
            await hub.leave(theirs, f"session.{number}", channel)
        assert (hub._hub.local, hub._hub.handing_on) == ({}, None)
        await theirs.flush()
        return heard

    assert asyncio.run(listen()) == [message for _group, message in messages[:9]]


def test_bundle_is_taken_at_once_by_those_who_can(
    monkeypatch: pytest.MonkeyPatch, redis_url: str
) -> None:
    ours, theirs = (RedisPubSubChannelLayer(hosts=[redis_url]) for _ in range(2))
    use(monkeypatch, ours)
    words, change = {"type": "session.changed", "what": "message.sent"}, HELLO
    taken: list[Any] = []

    def hear(message: dict[str, Any]) -> bool:
        if message["what"] != "message.sent":
            return False
        taken.append(message)
        return True

    async def listen() -> Any:
        channel = await theirs.new_channel()
        assert await hub.join(theirs, "session.1", channel, hear)
        await asyncio.to_thread(hub.send_all, [("session.1", words), ("session.1", change)])
        async with asyncio.timeout(20):
            received = await theirs.receive(channel)
        await hub.leave(theirs, "session.1", channel)
        await theirs.flush()
        return received

    assert asyncio.run(listen()) == change
    assert taken == [words]
