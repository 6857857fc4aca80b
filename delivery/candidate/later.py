"""An answer that waits for a commit without keeping a thread from others meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from django.http import HttpResponse
from django.utils import translation


class LaterResponse(HttpResponse):
    """Finished by whoever asks for its content first; a server waits before, in its loop.

    `finish` is called when all of `waits_for` are done, in the language of the request; what it
    returns gives content and status.
    """

    def __init__(
        self, waits_for: Sequence[Future[Any]], finish: Callable[[], HttpResponse], kind: str
    ) -> None:
        super().__init__(content_type=kind)
        self.waits_for = waits_for
        self._finish: Callable[[], HttpResponse] | None = finish
        self._language = translation.get_language()
        # Whoever counts the content would wait for it.
        self.headers["Content-Length"] = "0"

    def complete(self) -> None:
        """Wait, and take what there is to say; the second time does nothing."""
        finish, self._finish = self._finish, None
        if finish is None:
            return
        with translation.override(self._language):
            found = finish()
        self.content = found.content
        self.status_code = found.status_code
        self.headers["Content-Length"] = str(len(found.content))

    @property
    def content(self) -> bytes:
        self.complete()
        return HttpResponse.content.fget(self)  # type: ignore[attr-defined, no-any-return]

    @content.setter
    def content(self, value: Any) -> None:
        HttpResponse.content.fset(self, value)  # type: ignore[attr-defined]
