"""An answer that waits for a commit leaves its thread to others, and is finished once."""

import asyncio
import json
from concurrent.futures import Future
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import override_settings
from django.urls import path
from django.utils import translation
from django.utils.translation import gettext

from delivery.candidate.later import LaterResponse
from delivery.hosting.onehop import OneHopHandler

waiting: list[Future[str]] = []


def slow(_request: Any) -> HttpResponse:
    future: Future[str] = Future()
    waiting.append(future)
    return LaterResponse([future], lambda: HttpResponse(future.result()), "text/plain")


slow.login_required = False  # type: ignore[attr-defined]
urlpatterns = [path("slow/", slow)]


def test_it_is_finished_once_by_who_asks_first() -> None:
    future: Future[str] = Future()
    finished: list[str] = []

    def finish() -> HttpResponse:
        finished.append(future.result())
        return HttpResponse("told", status=409)

    response = LaterResponse([future], finish, "application/json")
    future.set_result("saved")
    assert (response.content, response.content) == (b"told", b"told")
    assert (response.status_code, response.headers["Content-Length"]) == (409, "4")
    assert (response.headers["Content-Type"], finished) == ("application/json", ["saved"])


def test_it_speaks_the_language_of_its_request() -> None:
    with translation.override("de"):
        response = LaterResponse([], lambda: HttpResponse(gettext("Yes")), "text/plain")
    with translation.override("en"):
        assert response.content == b"Ja"


async def answered(handler: OneHopHandler) -> tuple[int, bytes]:
    scope = {
        "type": "http", "method": "GET", "path": "/slow/", "query_string": b"",
        "headers": [(b"host", b"localhost")], "client": ["127.0.0.1", 1], "server": ["x", 80],
    }  # fmt: skip
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await handler(scope, receive, send)
    assert (b"Content-Length", str(len(sent[1]["body"])).encode()) in sent[0]["headers"]
    return sent[0]["status"], sent[1]["body"]


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__)
def test_one_thread_serves_all_who_wait_for_the_same_commit() -> None:
    waiting.clear()

    async def together() -> list[tuple[int, bytes]]:
        handler = OneHopHandler(1)
        asked = [asyncio.create_task(answered(handler)) for _ in range(4)]
        async with asyncio.timeout(30):
            # All four are queued although the one thread has answered none.
            while len(waiting) < 4:  # noqa: ASYNC110  (a view in a thread sets no event)
                await asyncio.sleep(0.01)
            for number, future in enumerate(waiting):
                future.set_result(json.dumps(number))
            return sorted(await asyncio.gather(*asked))

    assert asyncio.run(together()) == [(200, b"0"), (200, b"1"), (200, b"2"), (200, b"3")]
