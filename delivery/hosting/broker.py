"""The way to the broker: whatever is asked of a connection that is gone is a connection error.

Celery drops what it holds of a lost connection and then closes the channel, which gives back what
was taken from it. Its Redis transport looks for the server's address then, finds nothing, and that
error ended the worker. As a connection error it is passed over, and the worker connects again.
"""

from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as LostError


class Channel(redis.Channel):
    """A channel that says that its connection is gone."""

    def _connparams(self, *args: Any, **options: Any) -> dict[str, Any]:
        if self.connection.client is None:
            raise LostError("The connection to the broker is closed.")
        found: dict[str, Any] = super()._connparams(*args, **options)  # type: ignore[misc]  # not in the stubs
        return found


class Transport(redis.Transport):
    """Celery's way to Redis with that channel."""

    Channel = Channel
