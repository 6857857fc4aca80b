"""A small cache of parsed immutable content, one per process."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


class Cache(Generic[T]):
    """Values by id, at most `size` of them; the one that came first leaves first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: dict[int, T] = {}
        self._lock = Lock()

    def __contains__(self, key: int) -> bool:
        return key in self._values

    def known(self, key: int) -> T | None:
        return self._values.get(key)

    def get(self, key: int, make: Callable[[int], tuple[T, bool]]) -> T:
        """The value, made where it is missing; `make` says as well whether it may be kept."""
        try:
            return self._values[key]
        except KeyError:
            value, may_keep = make(key)
        if may_keep:
            with self._lock:
                if len(self._values) >= self._size:
                    del self._values[next(iter(self._values))]
                self._values[key] = value
        return value

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
