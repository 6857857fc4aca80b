"""Answers each HTTP request in one long-lived thread: one hop instead of one per middleware.

Django's own ASGI handler changes threads for every synchronous middleware and view, and gives each
request a new thread, so that no database connection is used twice. Our views are synchronous.
"""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from io import BytesIO
from typing import IO, Any, Final

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http import FileResponse, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

from delivery.candidate.later import LaterResponse
from delivery.hosting import upkeep
from delivery.hosting.pool import Pool

Message = dict[str, Any]
IN_MEMORY: Final = 64 * 1024


class OneHopHandler(ASGIHandler):
    """Runs middleware, view and the closing of the response in a bounded pool of threads."""

    def __init__(self, threads: int) -> None:
        # Past ASGIHandler's own, which would adapt each middleware to the loop.
        super(ASGIHandler, self).__init__()
        self.load_middleware(is_async=False)
        upkeep.replace_signals()
        self._pool = Pool(threads, "pages")

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        loop = asyncio.get_running_loop()

        def later(messages: list[Message]) -> None:
            asyncio.run_coroutine_threadsafe(_send_all(send, messages), loop).result()

        try:
            found = await self._pool.run(partial(self._respond, scope, body, later))
            if isinstance(found, LaterResponse):
                finished = partial(self._finished, scope, found)
                found = await self._pool.run_after(found.waits_for, finished)
            for message in found:
                await send(message)
        finally:
            body.close()

    async def read_body(self, receive: Any) -> IO[bytes]:
        """Read what was sent; only what does not come at once may grow out of the memory."""
        message = await receive()
        if message["type"] == "http.request" and not message.get("more_body", False):
            return BytesIO(message.get("body", b""))
        messages = iter((message,))

        async def again() -> Any:
            return next(messages, None) or await receive()

        body: IO[bytes] = await super().read_body(again)
        return body

    def _respond(
        self, scope: Message, body: IO[bytes], later: Callable[[list[Message]], None]
    ) -> list[Message] | LaterResponse:
        """Return the messages of the answer; one that streams is sent from here, part by part."""
        set_script_prefix(get_script_prefix(scope))
        upkeep.look()
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refused = self.create_request(scope, body)
        response: Any = refused if request is None else self.get_response(request)
        if isinstance(response, LaterResponse) and response.waits_for:
            return response
        try:
            return _messages(response, later)
        finally:
            response.close()

    def _finished(self, scope: Message, response: LaterResponse) -> list[Message]:
        """Return the messages of an answer for which nothing is waited any more."""
        set_script_prefix(get_script_prefix(scope))
        try:
            response.complete()
            return _whole(response)
        finally:
            response.close()


def _messages(response: Any, later: Callable[[list[Message]], None]) -> list[Message]:
    if isinstance(response, FileResponse):
        response.block_size = IN_MEMORY
    if not response.streaming:
        return _whole(response)
    later([_start(response)])
    for part in _parts(response):
        later([{"type": "http.response.body", "body": part, "more_body": True}])
    return [{"type": "http.response.body"}]


def _whole(response: HttpResponse) -> list[Message]:
    content = response.content
    return [_start(response), {"type": "http.response.body", "body": content}]


async def _send_all(send: Any, messages: list[Message]) -> None:
    for message in messages:
        await send(message)


def _parts(response: Any) -> Iterator[bytes]:
    """Yield the parts of a streaming response, which iterates synchronously."""
    for part in response.streaming_content:
        yield bytes(part)


def _start(response: HttpResponseBase) -> Message:
    headers = [(name.encode("ascii"), value.encode("latin1")) for name, value in response.items()]
    headers += [
        (b"Set-Cookie", cookie.output(header="").encode("ascii").strip())
        for cookie in response.cookies.values()
    ]
    return {"type": "http.response.start", "status": response.status_code, "headers": headers}
