"""The web handler through ASGI messages: one thread a request, whatever the answer is."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import path

from delivery.hosting.onehop import OneHopHandler

pytestmark = pytest.mark.asyncio
SCOPE = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "root_path": ""}
HEADERS = [(b"host", b"localhost")]


def name_of_thread() -> bytes:
    return threading.current_thread().name.encode()


def echo(request: HttpRequest) -> HttpResponse:
    response = HttpResponse(name_of_thread() + b" " + request.body)
    response.set_cookie("seen", "1")
    return response


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[bytes]:
        for _number in range(3):
            yield name_of_thread()

    return StreamingHttpResponse(parts())


def fail(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("a view's own error")


urlpatterns = [path("echo", echo), path("stream", stream), path("fail", fail)]


@pytest.fixture(autouse=True)
def _urls(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = []


async def ask(target: str, *received: dict[str, Any]) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    messages = iter(received or ({"type": "http.request"},))

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    handler = OneHopHandler(threads=1)
    await handler(SCOPE | {"path": target, "headers": HEADERS}, receive, send)
    return sent


def part(body: bytes, *, more: bool) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_view_runs_in_a_thread_of_the_pool_with_the_whole_body() -> None:
    start, body = await ask("/echo", part(b"a long ", more=True), part(b"body", more=False))
    assert (start["status"], body["body"]) == (200, b"pages_0 a long body")


async def test_cookies_are_among_the_headers() -> None:
    start, _ = await ask("/echo")
    assert [value for name, value in start["headers"] if name == b"Set-Cookie"] == [
        b"seen=1; Path=/"
    ]


async def test_streamed_parts_come_one_by_one_from_the_same_thread() -> None:
    start, *parts = await ask("/stream")
    assert start["status"] == 200
    assert [part["body"] for part in parts[:-1]] == [b"pages_0"] * 3
    assert parts[-1].get("body", b"") == b""


async def test_error_of_a_view_is_an_answer() -> None:
    start, _ = await ask("/fail")
    assert start["status"] == 500


async def test_candidate_who_left_while_sending_is_not_answered() -> None:
    assert await ask("/echo", part(b"half", more=True), {"type": "http.disconnect"}) == []
