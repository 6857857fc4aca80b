"""Django's messages, whose keeping is set up where a page has one to give or to show."""

from __future__ import annotations

from typing import Any

from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.messages.storage import default_storage
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject, empty


class NoticesOnDemand(MessageMiddleware):
    """Leaves alone what nobody touched: a candidate's pages have no messages of this kind."""

    def process_request(self, request: Any) -> None:
        request._messages = SimpleLazyObject(lambda: default_storage(request))  # noqa: SLF001  (Django's own place)

    def process_response(self, request: HttpRequest, response: Any) -> Any:
        kept = getattr(request, "_messages", None)
        if isinstance(kept, SimpleLazyObject) and kept._wrapped is empty:  # noqa: SLF001  (has no other name)
            return response
        return super().process_response(request, response)
