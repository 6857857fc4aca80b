"""Answers each HTTP request in one long-lived thread: one hop instead of one per middleware.

Django's own ASGI handler changes threads for every synchronous middleware and view, and gives each
request a new thread, so that no database connection is used twice. Our views are synchronous.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, Final

from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.http import FileResponse
from django.http.response import HttpResponseBase
from django.urls import set_script_prefix

Message = dict[str, Any]
IN_MEMORY: Final = 64 * 1024


class OneHopHandler(ASGIHandler):
    """Runs middleware, view and the closing of the response in a bounded pool of threads."""

    def __init__(self, threads: int) -> None:
        # Past ASGIHandler's own, which would adapt each middleware to the loop.
        super(ASGIHandler, self).__init__()
        self.load_middleware(is_async=False)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="pages")

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        loop = asyncio.get_running_loop()

        def later(messages: list[Message]) -> None:
            asyncio.run_coroutine_threadsafe(_send_all(send, messages), loop).result()

        try:
            for message in await loop.run_in_executor(
                self._pool, self._respond, scope, body, later
            ):
                await send(message)
        finally:
            body.close()

    def _respond(
        self, scope: Message, body: IO[bytes], later: Callable[[list[Message]], None]
    ) -> list[Message]:
        """Return the messages of the answer; one that streams is sent from here, part by part."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refused = self.create_request(scope, body)
        response: Any = refused if request is None else self.get_response(request)
        try:
            if isinstance(response, FileResponse):
                response.block_size = IN_MEMORY
            start = _start(response)
            if not response.streaming:
                return [start, {"type": "http.response.body", "body": response.content}]
            later([start])
            for part in _parts(response):
                later([{"type": "http.response.body", "body": part, "more_body": True}])
            return [{"type": "http.response.body"}]
        finally:
            response.close()


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
