"""Read aloud: what the browser's voice is asked to say, in order, and that it can be stopped."""

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone
from playwright.sync_api import BrowserContext, expect
from pytest_django.live_server_helper import LiveServer

from delivery.candidate import backend
from delivery.models import Candidate
from tests import factories
from tests.factories import QTI, Part

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ITEM = f"""<qti-assessment-item {QTI} identifier="R" title="R" xml:lang="en" adaptive="false"
  time-dependent="false">
  <qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="identifier"/>
  <qti-item-body>
    <p>Dr. <span data-catalog-idref="c1">AB</span> <em data-qti-suppress-tts="all">psst</em></p>
    <p data-ssml='{{"sub": {{"alias": "two metres"}}}}'>2 m</p>
    <qti-choice-interaction response-identifier="RESPONSE" max-choices="1">
      <qti-prompt>Which one?</qti-prompt>
      <qti-simple-choice identifier="A">The first</qti-simple-choice>
      <qti-simple-choice identifier="B">The <img src="b.png" alt="second"/></qti-simple-choice>
    </qti-choice-interaction>
  </qti-item-body>
  <qti-catalog-info><qti-catalog id="c1"><qti-card support="spoken"><qti-html-content>Ah Bee
  </qti-html-content></qti-card></qti-catalog></qti-catalog-info></qti-assessment-item>"""
# A voice that says each piece when it is told to, so that nothing depends on a machine's voices.
VOICE = """
window.said = [];
window.SpeechSynthesisUtterance = function (text) { this.text = text; };
Object.defineProperty(window, "speechSynthesis", { value: {
  speak(one) { window.said.push([one.text, one.lang]); window.now = one; },
  cancel() { window.now = null; },
} });
"""


@pytest.fixture
def static_sources() -> Iterator[None]:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


def test_an_item_is_read_to_who_asks_for_it_piece_by_piece(
    static_sources: None, live_server: LiveServer, new_context: Callable[..., BrowserContext]
) -> None:
    version = factories.item_version("R", ITEM)
    test = factories.published(Part(items=("R",)), items={"R": version})
    sitting = factories.sitting(test, opens_at=None, closes_at=None)
    session = factories.session(sitting, at=timezone.now())
    client = Client()
    client.force_login(session.candidate.user, backend=backend.PATH)
    context = new_context()
    context.add_init_script(VOICE)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}]
    )
    page = context.new_page()
    address = f"{live_server.url}/sessions/{session.pk}/items/R/"
    page.goto(address)
    assert page.get_by_role("button", name="Read aloud").count() == 0
    Candidate.objects.update(preferences={"supports": {"spoken": {}}})
    page.goto(address)
    page.get_by_role("button", name="Read aloud").click()
    for _ in range(4):
        page.evaluate("window.now.onend()")
    expect(page.locator(".qti-spoken-now")).to_have_count(1)
    assert page.evaluate("window.said") == [
        ["Dr. Ah Bee", "en"],
        ["two metres", "en"],
        ["Which one?", "en"],
        ["The first", "en"],
        ["The second", "en"],
    ]
    page.get_by_role("button", name="Stop reading").click()
    expect(page.locator(".qti-spoken-now")).to_have_count(0)
    page.get_by_role("button", name="Read aloud").click()
    assert page.evaluate("window.said.length") == 6
    for _ in range(5):
        page.evaluate("window.now.onend()")
    expect(page.get_by_role("button", name="Read aloud")).to_be_visible()
