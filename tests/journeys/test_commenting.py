"""A comment that the network kept from being sent: still there after moving and reloading."""

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from delivery.candidate import backend
from delivery.models import AssessmentSession, Sitting
from delivery.saving import comments, exports
from tests import factories
from tests.factories import Part
from tests.journeys import acts, device

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
COMMENTED = '<qti-item-session-control allow-comment="true"/>'
FIELD = "#comment-text"


@pytest.fixture
def static_sources() -> Iterator[None]:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


@pytest.fixture
def session(static_sources: None) -> AssessmentSession:
    test = factories.published(Part(items=("Q1", "Q2"), control=COMMENTED))
    sitting = factories.sitting(test, opens_at=None, closes_at=None, offline_pages=True)
    return factories.session(sitting, at=timezone.now())


@pytest.fixture
def page(
    session: AssessmentSession, live_server: LiveServer, new_context: Callable[..., BrowserContext]
) -> Page:
    client = Client()
    client.force_login(session.candidate.user, backend=backend.PATH)
    context = new_context()
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    context.add_cookies(
        [{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}]
    )
    page = context.new_page()
    page.goto(f"{live_server.url}/sessions/{session.pk}/items/Q1/")
    return page


def write(page: Page, text: str) -> None:
    if not page.locator(FIELD).is_visible():
        page.get_by_text("Comment on this item").click()
    page.locator(FIELD).fill(text)
    page.locator(FIELD).blur()


def kept(page: Page, session: AssessmentSession, told: dict[str, str]) -> bool:
    return acts.eventually(lambda: comments.of(session.pk) == told, page)


def test_a_comment_is_kept_while_its_page_is_left_and_loaded_again_without_the_network(
    session: AssessmentSession, page: Page
) -> None:
    write(page, "The first")
    expect(page.locator("[data-comment-state]")).to_contain_text("Comment saved")
    assert comments.of(session.pk) == {"Q1": "The first"}
    wanted = {f"/sessions/{session.pk}/ahead/items/{key}/" for key in ("Q1", "Q2")}
    wanted.add(f"/sessions/{session.pk}/offline/")
    assert acts.eventually(
        lambda: wanted <= {f"/{url.split('/', 3)[3]}" for url in device.kept_pages(page)}, page, 60
    )
    # The device has this page as it was before.
    write(page, "The second")
    assert kept(page, session, {"Q1": "The second"})
    page.context.set_offline(True)
    page.locator("#next").click()
    expect(page.locator("#desk[data-key='Q2']")).to_be_visible()
    page.locator("#back").click()
    expect(page.locator("#desk[data-key='Q1']")).to_be_visible()
    expect(page.locator(FIELD)).to_have_value("The second")
    page.reload()
    expect(page.locator(FIELD)).to_have_value("The second")
    write(page, "Two answers fit")
    expect(page.locator("[data-comment-state]")).to_contain_text("kept on this device")
    page.locator("#next").click()
    expect(page.locator("#desk[data-key='Q2']")).to_be_visible()
    write(page, "None fits")
    # In the very moment of leaving, too.
    page.locator("#back").click()
    expect(page.locator("#desk[data-key='Q1']")).to_be_visible()
    expect(page.locator(FIELD)).to_have_value("Two answers fit")
    page.reload()
    expect(page.locator("#desk[data-key='Q1']")).to_be_visible()
    expect(page.locator(FIELD)).to_have_value("Two answers fit")
    page.context.set_offline(False)
    assert kept(page, session, {"Q1": "Two answers fit", "Q2": "None fits"})
    assert acts.eventually(lambda: device.stored(page) == [], page)


def test_a_comment_that_no_request_carried_is_sent_by_the_next_page(
    session: AssessmentSession, page: Page
) -> None:
    page.route("**/comment/**", lambda route: route.abort())
    write(page, "Two answers fit")
    assert acts.eventually(lambda: len(device.stored(page)) == 1, page)
    assert "Two answers" not in str(device.stored(page)[0]["text"])
    page.unroute("**/comment/**")
    page.goto(page.url.replace("Q1", "Q2"))
    assert kept(page, session, {"Q1": "Two answers fit"})
    assert acts.eventually(lambda: device.stored(page) == [], page)


# Some time later, as the page counts it.
LATER = """() => {
  for (const clock of [performance, Date]) {
    const now = clock.now.bind(clock);
    clock.now = () => now() + 130000;
  }
}"""


def test_a_comment_that_cannot_be_sent_is_in_the_sealed_file(
    session: AssessmentSession, page: Page
) -> None:
    page.context.route("**/comment/**", lambda route: route.abort())
    write(page, "Nobody was told")
    expect(page.locator("[data-comment-state]")).to_contain_text("Not saved yet")
    page.evaluate(LATER)
    expect(page.locator("#rescue")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save the sealed file").click()
    opened = exports.read(waiting.value.path().read_bytes(), Sitting.objects.all())
    [one] = opened.remarks
    assert (one.item, one.text, one.saved) == ("Q1", "Nobody was told", "")
    assert one.written_at is not None


DRAW_ANEW = """() => {
  const desk = document.getElementById("desk");
  htmx.ajax("GET", desk.dataset.url, { source: desk, target: desk, swap: "outerHTML" });
}"""


def test_what_is_being_written_is_kept_where_the_item_is_drawn_anew(
    session: AssessmentSession, page: Page
) -> None:
    page.get_by_text("Comment on this item").click()
    page.evaluate("() => document.getElementById('desk').classList.add('before')")
    page.locator(FIELD).press_sequentially("Half a sen")
    page.evaluate(DRAW_ANEW)
    expect(page.locator("#desk.before")).to_have_count(0)
    expect(page.locator(FIELD)).to_have_value("Half a sen")
    assert kept(page, session, {"Q1": "Half a sen"})
