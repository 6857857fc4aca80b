"""Redis goes and returns under an open page: a pause still arrives, and the socket comes back."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, WebSocket, expect

from tests import programs
from tests.faults.servers import Redis
from tests.journeys import acts
from tests.serving import Demo, Serving

Contexts = Callable[..., BrowserContext]


@pytest.fixture(scope="module")
def redis() -> Iterator[Redis]:
    programs.need("Redis")
    service = Redis()
    yield service
    service.close()


@pytest.fixture(scope="module")
def server(demo: Demo, tmp_path_factory: pytest.TempPathFactory, redis: Redis) -> Iterator[Serving]:
    folder = demo.copy_to(tmp_path_factory.mktemp("hints"))
    serving = Serving(folder, "--no-celery", REDIS_URL=redis.url)
    serving.start()
    yield serving
    serving.stop()


def sockets_of(page: Page) -> list[WebSocket]:
    """The sockets that the page opens from now on, and that have heard something."""
    alive: list[WebSocket] = []
    page.on("websocket", lambda made: made.on("framereceived", lambda _: alive.append(made)))
    return alive


def pause(proctor: Page, server: Serving, session: str) -> None:
    acts.sign_in_staff(proctor, server, "proctor", f"/proctor/sessions/{session}/")
    proctor.get_by_role("button", name="Pause", exact=True).click()
    proctor.get_by_label("In your own words").fill("Fire alarm")
    proctor.get_by_role("button", name="Pause now").click()


def test_a_pause_reaches_an_open_page_while_redis_is_dead(
    server: Serving, redis: Redis, new_context: Contexts
) -> None:
    page = new_context().new_page()
    alive = sockets_of(page)
    acts.sign_in(page, server, acts.TO_START)
    acts.start(page, acts.EXAM)
    session = acts.session_of(page)
    assert acts.eventually(lambda: bool(alive), page)
    # Neither the clock's own round of the page nor a save of it may be what tells.
    page.evaluate("() => { window.WebSocket.prototype.send = () => {} }")
    redis.kill()
    try:
        pause(new_context().new_page(), server, session)
        expect(page.get_by_role("heading", name="Your proctor has paused the test")).to_be_visible()
        page.wait_for_url("**/paused/")
    finally:
        redis.start()


# Keeps the page's socket at hand, as soon as it speaks.
SOCKET_AT_HAND = """() => {
  const send = WebSocket.prototype.send;
  WebSocket.prototype.send = function (frame) {
    window.wire = this;
    return send.call(this, frame);
  };
}"""


def test_the_socket_of_a_page_returns_after_the_server_and_after_redis(
    server: Serving, redis: Redis, new_context: Contexts
) -> None:
    page = new_context().new_page()
    alive = sockets_of(page)
    acts.sign_in(page, server, acts.WITH_EXTRA)
    acts.start(page, acts.EXAM)
    session = acts.session_of(page)
    assert acts.eventually(lambda: len(set(alive)) == 1, page)
    page.evaluate(SOCKET_AT_HAND)
    server.restart()
    assert acts.eventually(lambda: len(set(alive)) == 2, page, 90)
    assert acts.eventually(lambda: page.evaluate("() => Boolean(window.wire)"), page)
    redis.kill()
    try:
        page.evaluate("() => window.wire.close()")
        page.locator("#item-form input[type=radio]").nth(1).check(force=True)
        expect(page.locator("#save-state")).to_have_text(acts.SAVED)
        assert len(acts.facts(server, session, "response.saved")) == 1
        assert len(set(alive)) == 2
    finally:
        redis.start()
    assert acts.eventually(lambda: len(set(alive)) == 3, page, 90)
