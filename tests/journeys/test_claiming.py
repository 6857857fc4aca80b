"""The right to write is asked for as soon as a page is there, whether a socket comes or not."""

import re

from playwright.sync_api import Page, expect

from tests.journeys import acts, device
from tests.journeys.acts import EXAM
from tests.serving import Serving

NO_SOCKET = "window.WebSocket = class { addEventListener() {} close() {} }"


def test_a_page_without_a_socket_has_claimed_its_lease_before_it_asks_anything_else(
    demo_server: Serving, page: Page
) -> None:
    page.add_init_script(NO_SOCKET)
    acts.sign_in(page, demo_server, acts.TO_START)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    # Neither the poll nor the second try is waited for: they would come too late here.
    page.clock.install()
    acts.start(page, EXAM)
    page.clock.pause_at(page.evaluate("Date.now()"))
    session = acts.session_of(page)
    claims = "/claim/"
    assert acts.eventually(lambda: any(claims in url for url in asked), page)
    assert not any(re.search("/timer/", url) for url in asked)
    assert acts.eventually(lambda: acts.column(demo_server, session, "epoch") == 1, page)
    page.clock.resume()
    device.choose(page, 1)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    rows = acts.rows(
        demo_server,
        "SELECT epoch FROM delivery_itemsession WHERE session_id = ? AND answered",
        session.replace("-", ""),
    )
    assert rows == [(1,)]
