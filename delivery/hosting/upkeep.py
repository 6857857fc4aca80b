"""Looks after the database connection of a thread that answers pages, once a second.

Django looks after all connections before and after each request, and asks the server `SELECT 1`
before the first statement of each. A server that went away says so by closing the connection, which
costs no question to notice.
"""

from __future__ import annotations

import select
import threading
import time
from typing import Any, Final

from django.core import signals
from django.core.cache import close_caches
from django.db import DEFAULT_DB_ALIAS, close_old_connections, connections

SECONDS: Final = 1.0


class _Looked(threading.local):
    """When this thread's connection has to be looked at again."""

    due = 0.0


_looked = _Looked()


def replace_signals() -> None:
    """Take the place of Django's receivers: whoever answers a request calls `look` before it."""
    signals.request_started.disconnect(close_old_connections)
    signals.request_finished.disconnect(close_old_connections)
    # Ours keep nothing open that belongs to a request.
    signals.request_finished.disconnect(close_caches)


def look() -> None:
    """Close what is old or broken; a connection used a moment ago that still stands is neither."""
    now = time.monotonic()
    if now < _looked.due and _stands(connections[DEFAULT_DB_ALIAS]):
        return
    close_old_connections()
    _looked.due = now + SECONDS


def _stands(connection: Any) -> bool:
    """Tell whether nothing went wrong on a connection, and its server has not closed it."""
    raw = connection.connection
    if raw is None or connection.errors_occurred or not connection.autocommit:
        return False
    if connection.vendor != "postgresql":
        return True
    if raw.closed:
        return False
    waiting = select.poll()
    # Between requests a server has nothing to say but that it is gone.
    waiting.register(raw.fileno(), select.POLLIN)
    return not waiting.poll(0)
