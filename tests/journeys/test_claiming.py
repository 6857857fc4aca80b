"""The right to write is asked for as soon as a page is there, whether a socket comes or not."""

import re

from playwright.sync_api import Page, expect

from tests.journeys import acts, device
from tests.journeys.acts import EXAM
from tests.serving import Serving

# Neither a socket nor anything that waits first: no poll, and no second try.
ALONE = """
window.WebSocket = class { static OPEN = 1; readyState = 0; addEventListener() {} close() {} };
window.setTimeout = () => 0;
"""


def test_a_page_without_a_socket_has_claimed_its_lease_before_it_asks_anything_else(
    demo_server: Serving, page: Page
) -> None:
    page.add_init_script(ALONE)
    acts.sign_in(page, demo_server, acts.TO_START)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    acts.start(page, EXAM)
    session = acts.session_of(page)
    assert acts.eventually(lambda: acts.column(demo_server, session, "epoch") == 1, page)
    frames = [url for url in asked if re.search("/(claim|timer|save)/", url)]
    assert "/claim/" in frames[0]
    device.choose(page, 1)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    rows = acts.rows(
        demo_server,
        "SELECT epoch FROM delivery_itemsession WHERE session_id = ? AND answered",
        session.replace("-", ""),
    )
    assert rows == [(1,)]
