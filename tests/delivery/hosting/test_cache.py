"""The cache with Redis, and without it."""

import time
from urllib.parse import urlsplit

from delivery.hosting.cache import TolerantRedisCache
from tests.faults.proxy import Proxy


def test_value_comes_back(redis_url: str) -> None:
    cache = TolerantRedisCache(redis_url, {})
    cache.set("key", "value")
    assert cache.get("key") == "value"
    assert cache.add("key", "other") is False
    assert cache.delete("key") is True
    assert cache.get("key", "nothing") == "nothing"


def test_every_call_is_a_miss_without_redis() -> None:
    cache = TolerantRedisCache("redis://127.0.0.1:1/0", {})
    cache.set("key", "value")
    cache.set_many({"key": "value"})
    cache.delete_many(["key"])
    cache.clear()
    assert cache.get("key", "nothing") == "nothing"
    assert cache.get_many(["key"]) == {}
    assert [cache.add("key", 1), cache.delete("key"), cache.touch("key")] == [True, False, False]
    assert ["key" in cache, cache.incr("key", 2)] == [False, 2]


def test_dead_redis_is_asked_once_and_then_left_alone() -> None:
    # An address that swallows packets: each try would cost its whole time limit.
    cache = TolerantRedisCache("redis://192.0.2.1:6379/0", {})
    before = time.monotonic()
    for _ in range(50):
        cache.get("key")
    assert time.monotonic() - before < 2.0


def test_a_slow_redis_is_asked_once_and_then_left_alone_by_every_thread(redis_url: str) -> None:
    wire = Proxy(urlsplit(redis_url).port or 0)
    url = f"redis://127.0.0.1:{wire.port}/0"
    try:
        first, other = TolerantRedisCache(url, {}), TolerantRedisCache(url, {})
        first.set("key", "value")
        assert first.get("key") == "value"
        wire.slow(0.1)
        assert first.get("key") == "value"
        wire.cut()
        # Nothing is asked: it would hang now.
        assert [first.get("key", "left alone"), other.get("key", "left alone")] == [
            "left alone"
        ] * 2
    finally:
        wire.close()
