"""While nothing can be told to this process's pages, each looks by itself every few seconds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import Any, Final, Protocol

from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.db import DatabaseError

from delivery.facts import hub
from delivery.session.desk import Desk

logger = logging.getLogger(__name__)

LOOK_SECONDS: Final = 3.0


def standing(found: Desk) -> tuple[str, bool, int]:
    """Return what moves a page: the state, the permission to resume, and every other change."""
    session = found.session
    return session.state, session.resume_permitted, session.version


class Page(Protocol):
    """A page's socket that can see for itself what nobody can tell it."""

    async def look(self) -> None: ...


class _Vigil:
    """The pages that are open in this process, and the task that watches for them."""

    def __init__(self) -> None:
        self.open: set[Page] = set()
        self.task: asyncio.Task[None] | None = None

    async def watch(self, layer: Any) -> None:
        deaf = False
        while self.open:
            await asyncio.sleep(LOOK_SECONDS)
            was_deaf, deaf = deaf, not await hub.answers(layer)
            # Once more when it is back: what was told in between is lost.
            if deaf or was_deaf:
                await asyncio.gather(*(_look(page) for page in list(self.open)))


async def _look(page: Page) -> None:
    # A page that is just being closed harms no other.
    with contextlib.suppress(Exception):
        await page.look()


_vigil = _Vigil()


def begin(page: Page) -> None:
    """Look after a page; the memory layer lives and dies with the process and needs no watch."""
    layer = get_channel_layer()
    if isinstance(layer, InMemoryChannelLayer):
        return
    _vigil.open.add(page)
    if _vigil.task is None or _vigil.task.done():
        _vigil.task = asyncio.create_task(_vigil.watch(layer))


def end(page: Page) -> None:
    _vigil.open.discard(page)


# A loop holds its tasks weakly; these must live until they are done.
_background: set[asyncio.Task[None]] = set()


def later(work: Coroutine[Any, Any, None]) -> None:
    """Let work go on by itself, even after its page is gone."""
    task = asyncio.create_task(work)
    _background.add(task)
    task.add_done_callback(_done)


def _done(task: asyncio.Task[None]) -> None:
    _background.discard(task)
    error = None if task.cancelled() else task.exception()
    if isinstance(error, (DatabaseError, KeyError)):
        # Every page's, while the database is away; each asks again by itself.
        logger.info("A page was not told: %r", error)
    elif error is not None:
        logger.error("A page was not told.", exc_info=error)
