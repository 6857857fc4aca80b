import asyncio
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings

from delivery.hosting.static import StaticFiles


def readers(path: str) -> str:
    """Who may load a file, as its answer says."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def nobody(*arguments: Any) -> None:
        raise AssertionError(path)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": f"/static/{path}", "headers": []}
    asyncio.run(StaticFiles(nobody)(scope, receive, send))
    return str(dict(sent[0]["headers"])[b"cross-origin-resource-policy"], "ascii")


@pytest.fixture
def collected(tmp_path: Path) -> Any:
    for name in ("css/portable.0123456789ab.css", "js/qti-portable-frame.js", "js/qti-portable.js"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    with override_settings(STATIC_ROOT=str(tmp_path)):
        yield


@pytest.mark.usefixtures("collected")
def test_the_sealed_frame_may_load_what_it_needs_and_nobody_else_anything() -> None:
    assert readers("css/portable.0123456789ab.css") == "cross-origin"
    assert readers("js/qti-portable-frame.js") == "cross-origin"
    assert readers("js/qti-portable.js") == "same-origin"
