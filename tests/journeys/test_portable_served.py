"""A portable interaction answers behind the real server, whose headers keep others' frames out."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import BrowserContext, expect

from tests.journeys import answering
from tests.serving import Serving, manage

pytestmark = pytest.mark.browser

SCENE = """
from django.test import Client
from django.utils import timezone
from delivery.candidate import backend
from tests import factories, kinds
items = {"portable": kinds.version("portable")}
test = factories.published(factories.Part(items=("portable",)), items=items)
session = factories.session(
    factories.sitting(test, opens_at=None, closes_at=None), at=timezone.now()
)
client = Client()
client.force_login(session.candidate.user, backend=backend.PATH)
print(session.pk, client.cookies["sessionid"].value)
"""


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    started = Serving(tmp_path, "--no-celery")
    manage(started.folder, "migrate", "--verbosity", "0")
    manage(started.folder, "collectstatic", "--noinput", "--verbosity", "0")
    started.start()
    yield started
    started.stop()


def test_portable_interaction_is_drawn_and_answered(
    serving: Serving, new_context: Callable[..., BrowserContext]
) -> None:
    session, cookie = serving.manage("shell", "-v", "0", "-c", SCENE).split()[-2:]
    context = new_context()
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": serving.url}]
    )
    page, refused = context.new_page(), list[str]()
    page.on("requestfailed", lambda request: refused.append(request.url))
    page.goto(f"{serving.url}/sessions/{session}/items/portable/")
    answering.BY_MOUSE["portable"](page)
    expect(page.get_by_role("contentinfo")).to_contain_text("Saved")
    assert refused == []
