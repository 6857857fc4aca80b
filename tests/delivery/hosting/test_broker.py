"""The way to the broker when its connection is lost under a worker."""

import logging
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import pytest
from kombu import Connection, Exchange, Queue
from kombu.common import ignore_errors
from redis.exceptions import ConnectionError as LostError

from tests.faults.proxy import Proxy

QUEUE = Queue("work", routing_key="work")
# Commands to every worker; they come on a channel of their own.
TOLD_TO_ALL = Queue("told", Exchange("to all", type="fanout"), auto_delete=True)
OURS = "delivery.hosting.broker:Transport"


def _losing_a_taken_message(redis_url: str) -> tuple[Connection, Any]:
    """Take a message, wait for the next one as a worker does, and lose the server meanwhile."""
    wire = Proxy(urlsplit(redis_url).port or 0)
    url = urlsplit(redis_url)._replace(netloc=f"127.0.0.1:{wire.port}").geturl()
    connection = Connection(url, transport=OURS, transport_options={"socket_timeout": 5})
    with connection.Producer() as producer:
        producer.publish("a task", routing_key="work", declare=[QUEUE])
    connection.Consumer(TOLD_TO_ALL, channel=connection.channel()).consume()
    taken = connection.SimpleQueue(QUEUE.name).get(timeout=5)
    assert taken.payload == "a task"
    _wait_for_nothing(connection)
    wire.close()
    return connection, taken


def _wait_for_nothing(connection: Connection) -> None:
    with suppress(TimeoutError):
        while True:
            connection.drain_events(timeout=0.1)


def _let_go(connection: Connection) -> None:
    # What Celery's consumer does with a connection that was lost.
    with suppress(LostError):
        connection.collect(socket_timeout=1)
    ignore_errors(connection, connection.close)


def test_a_lost_connection_is_let_go_without_ending_the_worker(redis_url: str) -> None:
    connection, _ = _losing_a_taken_message(redis_url)
    _let_go(connection)
    assert connection.connected is False


def test_a_task_that_is_done_after_the_loss_does_not_end_the_worker(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    connection, taken = _losing_a_taken_message(redis_url)
    errors = connection.connection_errors
    _let_go(connection)
    taken.ack_log_error(logging.getLogger("celery"), errors)
    (said,) = caplog.messages
    assert said.startswith("Couldn't ack")
