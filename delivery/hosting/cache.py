"""A Redis cache that may fail: an error is a miss, and a slow Redis is left alone for a while."""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends import redis
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

TIMEOUT_SECONDS = 0.25
# Slower than this, asking costs a page more than what it saves.
SLOW_SECONDS = 0.05
REST_SECONDS = 5.0
# Until when each server is left alone: one thread's bad experience is every thread's.
_rests_until: dict[str, float] = {}


class KeptClients(redis.RedisCacheClient):
    """Asks through one client a server: making one costs as much as asking."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._clients: dict[int, Any] = {}

    def get_client(self, key: Any = None, *, write: bool = False) -> Any:
        pool = self._get_connection_pool(write)  # type: ignore[attr-defined]  # unknown to the stubs
        client = self._clients.get(id(pool))
        if client is None:
            client = self._clients[id(pool)] = super().get_client(key, write=write)
        return client


class TolerantRedisCache(redis.RedisCache):
    """Answers every call; without Redis as if nothing were stored."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = dict(params.get("OPTIONS", {}))
        options.setdefault("socket_timeout", TIMEOUT_SECONDS)
        options.setdefault("socket_connect_timeout", TIMEOUT_SECONDS)
        super().__init__(server, {**params, "OPTIONS": options})
        self._server = server
        self._class = KeptClients

    def _or(self, fallback: Any, call: Callable[[], Any]) -> Any:
        begun = time.monotonic()
        if begun < _rests_until.get(self._server, 0.0):
            return fallback
        try:
            found = call()
        except (RedisError, OSError) as error:
            self._rest(str(error))
            return fallback
        if time.monotonic() - begun > SLOW_SECONDS:
            self._rest("it answers slowly")
        return found

    def _rest(self, why: str) -> None:
        _rests_until[self._server] = time.monotonic() + REST_SECONDS
        logger.warning("The cache is left alone for %s s: %s", REST_SECONDS, why)

    def add(self, *args: Any, **kwargs: Any) -> bool:
        # True: the caller believes to be the first, as it would with an empty cache.
        return bool(self._or(True, lambda: super(TolerantRedisCache, self).add(*args, **kwargs)))

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._or(default, lambda: super(TolerantRedisCache, self).get(key, default, version))

    def set(self, *args: Any, **kwargs: Any) -> None:
        self._or(None, lambda: super(TolerantRedisCache, self).set(*args, **kwargs))

    def touch(self, *args: Any, **kwargs: Any) -> bool:
        return bool(self._or(False, lambda: super(TolerantRedisCache, self).touch(*args, **kwargs)))

    def delete(self, *args: Any, **kwargs: Any) -> bool:
        gone = self._or(False, lambda: super(TolerantRedisCache, self).delete(*args, **kwargs))
        return bool(gone)

    def get_many(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        found = self._or({}, lambda: super(TolerantRedisCache, self).get_many(*args, **kwargs))
        return dict(found)

    def has_key(self, *args: Any, **kwargs: Any) -> bool:
        return bool(
            self._or(False, lambda: super(TolerantRedisCache, self).has_key(*args, **kwargs))
        )

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        counted = self._or(delta, lambda: super(TolerantRedisCache, self).incr(key, delta, version))
        return int(counted)

    def set_many(self, *args: Any, **kwargs: Any) -> list[str]:
        return list(self._or([], lambda: super(TolerantRedisCache, self).set_many(*args, **kwargs)))

    def delete_many(self, *args: Any, **kwargs: Any) -> None:
        self._or(None, lambda: super(TolerantRedisCache, self).delete_many(*args, **kwargs))

    def clear(self) -> None:
        self._or(None, super().clear)
