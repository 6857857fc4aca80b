"""A file too large for a form: handed in by the script, waited for, and shown again."""

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone
from playwright.sync_api import BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from delivery.candidate import backend
from delivery.models import AnswerFile, ItemSession
from tests import factories, kinds
from tests.factories import Part

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BIG = kinds.png(700, 700) + bytes(120_000)


@pytest.fixture
def static_sources() -> Iterator[None]:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


def test_large_files_are_handed_in_and_seen_again(
    static_sources: None, live_server: LiveServer, new_context: Callable[..., BrowserContext]
) -> None:
    versions = {name: kinds.version(name) for name in ("upload", "drawing")}
    test = factories.published(Part(items=(*versions, "last")), items=versions)
    sitting = factories.sitting(test, opens_at=None, closes_at=None)
    session = factories.session(sitting, at=timezone.now())
    client = Client()
    client.force_login(session.candidate.user, backend=backend.PATH)
    context = new_context()
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}]
    )
    page = context.new_page()
    base = f"{live_server.url}/sessions/{session.pk}/items"
    chosen = {"name": "plan.png", "mimeType": "image/png", "buffer": BIG}
    for kind in versions:
        page.goto(f"{base}/{kind}/")
        page.locator("[data-file]").set_input_files(chosen)  # type: ignore[arg-type]
        expect(page.get_by_text("Your file: plan.png")).to_be_visible()
        page.locator("#next").click()
        page.wait_for_url(f"**/items/{'drawing' if kind == 'upload' else 'last'}/")
        held = ItemSession.objects.get(session=session, key=kind).response["RESPONSE"]
        assert held.endswith(f";type=image/png;size={len(BIG)};name=plan.png")
    assert AnswerFile.objects.count() == 1
    page.goto(f"{base}/drawing/")
    page.wait_for_function("document.querySelector('.qti-drawing-ground').naturalWidth === 700")
