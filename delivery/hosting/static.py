"""Static files for Daphne: hashed names that never change, served before Django is asked."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from whitenoise import WhiteNoise
from whitenoise.storage import CompressedManifestStaticFilesStorage

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[..., Awaitable[None]]

# The sealed frame of a portable interaction has no origin: what it loads may go anywhere.
SEALED = ("css/portable.", "js/qti-portable-frame.")


MODULE_IMPORTS = CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]  # noqa: SLF001  # Django switches them for all files or none


class HashedStatic(CompressedManifestStaticFilesStorage):
    """Names carry their content's hash; a name not yet collected keeps its plain URL."""

    manifest_strict = False
    # Our own modules import each other by name; a library's comments must not be read as imports.
    patterns = (*CompressedManifestStaticFilesStorage.patterns, ("js/*.js", MODULE_IMPORTS))

    def stored_name(self, name: str) -> str:
        known = self.hashed_files.get(self.hash_key(self.clean_name(name)))
        return known or name


def _is_immutable(path: str, url: str) -> bool:
    # staticfiles' hashed names: base.1f0c2e0a9b7d.css
    return any(len(part) == 12 and part.isalnum() for part in url.rsplit("/", 1)[-1].split("."))


def _headers(path: str) -> list[tuple[bytes, bytes]]:
    sealed = path.removeprefix(settings.STATIC_URL).startswith(SEALED)
    readers = b"cross-origin" if sealed else b"same-origin"
    return [(b"x-content-type-options", b"nosniff"), (b"cross-origin-resource-policy", readers)]


def _environ(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {
        "HTTP_" + name.decode("latin-1").upper().replace("-", "_"): value.decode("latin-1")
        for name, value in headers
    }


class StaticFiles:
    """An ASGI layer: what was collected is answered here, everything else goes on to Django."""

    def __init__(self, application: Application) -> None:
        self.application = application

    @cached_property
    def files(self) -> WhiteNoise:
        """Index the files at the first request: `serve` collects them after this is imported."""
        Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
        return WhiteNoise(
            None,
            root=settings.STATIC_ROOT,
            prefix=settings.STATIC_URL,
            immutable_file_test=_is_immutable,
            allow_all_origins=False,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = self.files.files.get(scope["path"]) if scope["type"] == "http" else None
        if found is None:
            await self.application(scope, receive, send)
            return
        response = found.get_response(scope["method"], _environ(scope["headers"]))
        headers = [(k.lower().encode(), v.encode()) for k, v in response.headers]
        content = b""
        if response.file is not None:
            with response.file as file:
                content = await asyncio.to_thread(file.read)
        start = {"type": "http.response.start", "status": int(response.status)}
        await send(start | {"headers": headers + _headers(scope["path"])})
        await send({"type": "http.response.body", "body": content})
