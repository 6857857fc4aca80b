"""The network goes and comes back: what waits is sealed here, pages go on, nothing is lost."""

import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests import programs
from tests.journeys import acts, device
from tests.journeys.acts import EXAM
from tests.serving import Serving

if TYPE_CHECKING:
    from playwright._impl._api_structures import SetCookieParam

Contexts = Callable[..., BrowserContext]
WAITS = "safe on this device"


# The requests that a browser lets outlive their page.
LAST_REQUESTS = """() => {
  window.outliving = [];
  window.WebSocket.prototype.send = () => {};
  const asks = window.fetch;
  window.fetch = (url, options) => {
    if (options?.keepalive) window.outliving.push(new URL(url, location.href).pathname);
    return asks(url, options);
  };
}"""


def test_what_waits_is_sealed_survives_a_reload_and_is_cleared_when_saved(
    demo_server: Serving, page: Page
) -> None:
    acts.sign_in(page, demo_server, acts.TO_START)
    acts.start(page, EXAM)
    session = acts.session_of(page)
    device.choose(page, 0)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    assert acts.eventually(lambda: device.stored(page) == [], page)
    # The page still loads, while no save arrives.
    page.context.route("**/save/**", lambda route: route.abort())
    page.evaluate("() => { window.WebSocket.prototype.send = () => {} }")
    device.choose(page, 2)
    assert acts.eventually(lambda: len(device.stored(page)) == 1, page)
    (row,) = device.stored(page)
    assert row["names"] == ["iv", "sealed", "session"]
    assert "r.RESPONSE" not in str(row["text"])
    page.reload()
    assert acts.eventually(
        lambda: len(acts.facts(demo_server, session, "response.saved")) == 2, page
    )
    expect(page.locator("#item-form input[type=radio]").nth(2)).to_be_checked()
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    assert acts.eventually(lambda: device.stored(page) == [], page)
    assert acts.rows(demo_server, "SELECT count(*) FROM delivery_quarantine") == [(0,)]
    page.context.unroute("**/save/**")
    # A socket that swallows everything. How long a browser waits for a page that it closes is its
    # own affair, and no less on a busy machine: so the page is told of its end and stays.
    page.evaluate(LAST_REQUESTS)
    device.choose(page, 1)
    page.evaluate("() => dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert acts.eventually(
        lambda: len(acts.facts(demo_server, session, "response.saved")) == 3, page
    )
    assert f"/sessions/{session}/save/" in page.evaluate("() => window.outliving")


@pytest.fixture
def restartable(browser: Browser, tmp_path: Path) -> Iterator[Callable[[], BrowserContext]]:
    """A browser with a folder of its own, which can be killed and opened again."""
    opened: list[BrowserContext] = []

    def launch() -> BrowserContext:
        context = browser.browser_type.launch_persistent_context(
            tmp_path / "profile",
            executable_path=programs.chromium(),
            args=["--no-sandbox", "--disable-background-networking", "--disable-dev-shm-usage"],
            locale="en-GB",
            timezone_id="UTC",
        )
        context.set_default_timeout(30_000)
        opened.append(context)
        return context

    yield launch
    opened[-1].close()


def kill(folder: Path) -> None:
    """End the browser of that folder without warning, as a power cut does."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if f"--user-data-dir={folder}".encode() in command:
                os.kill(int(entry.name), signal.SIGKILL)


def test_what_waits_survives_a_browser_that_is_killed(
    demo_server: Serving, restartable: Callable[[], BrowserContext], tmp_path: Path
) -> None:
    context = restartable()
    page = context.pages[0]
    acts.sign_in(page, demo_server, acts.WITH_EXTRA)
    acts.start(page, EXAM)
    session, url = acts.session_of(page), page.url
    device.choose(page, 0)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    context.set_offline(True)
    device.choose(page, 3)
    expect(page.locator("#save-state")).to_contain_text(WAITS)
    assert acts.eventually(lambda: len(device.stored(page)) == 1, page)
    # The browser writes its cookies down every half a minute: these are on its disk by then.
    cookies = context.cookies()
    kill(tmp_path / "profile")
    context = restartable()
    context.add_cookies([cast("SetCookieParam", dict(cookie)) for cookie in cookies])
    again = context.pages[0]
    # The same browser, and no page of it lives: nobody is asked whether to take over.
    again.goto(url)
    assert acts.eventually(
        lambda: len(acts.facts(demo_server, session, "response.saved")) == 2, again
    )
    expect(again.locator("#item-form input[type=radio]").nth(3)).to_be_checked()
    expect(again.locator("#save-state")).to_have_text(acts.SAVED)
    assert acts.rows(demo_server, "SELECT count(*) FROM delivery_quarantine") == [(0,)]


def test_a_candidate_reads_answers_and_moves_without_the_network(
    demo_server: Serving, page: Page
) -> None:
    acts.sign_in(page, demo_server, acts.UNLIMITED)
    acts.start(page, EXAM)
    session = acts.session_of(page)
    part = device.items_of_part(demo_server, session)
    entered = len(acts.facts(demo_server, session, "item.entered"))
    device.choose(page, 1)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    ready = {f"{demo_server.url}/sessions/{session}/ahead/items/{key}/" for key in part}
    assert acts.eventually(lambda: ready <= set(device.kept_pages(page)), page, 60)
    others = {url for url in device.kept_pages(page) if "/ahead/" in url} - ready
    assert others == set()
    # Fetching ahead visits nothing.
    assert len(acts.facts(demo_server, session, "item.entered")) == entered
    # Neither the candidate's own answers nor anything the server alone may know.
    kept = device.kept_text(page)
    assert kept.count('name="r.') > len(part)
    assert re.search(r'name="r\.[^>]*\schecked', kept) is None
    assert re.search("correct-response|outcome|rubric", kept, re.IGNORECASE) is None
    page.context.set_offline(True)
    page.locator("#next").click()
    expect(page.locator(f"#desk[data-key='{part[1]}']")).to_be_visible()
    expect(page.locator("#alerts")).to_contain_text("The network is down")
    # Ten minutes, as the page counts them.
    page.evaluate(
        "() => { const now = performance.now.bind(performance);"
        " performance.now = () => now() + 600000 }"
    )
    acts.answer(page)
    expect(page.locator("#save-state")).to_contain_text("Offline since")
    page.locator("#next").click()
    expect(page.locator(f"#desk[data-key='{part[2]}']")).to_be_visible()
    page.locator("#back").click()
    page.locator("#back").click()
    expect(page.locator(f"#desk[data-key='{part[0]}']")).to_be_visible()
    expect(page.locator("#item-form input[type=radio]").nth(1)).to_be_checked()
    device.choose(page, 2)
    chosen = str(page.locator("#item-form input[type=radio]").nth(2).get_attribute("value"))
    page.locator("#next").click()
    expect(page.locator(f"#desk[data-key='{part[1]}']")).to_be_visible()
    expect(page.locator("#save-state")).to_contain_text("2 answers waiting")
    page.context.set_offline(False)
    assert acts.eventually(
        lambda: len(acts.facts(demo_server, session, "offline_span")) == 1, page, 60
    )
    # An item with several controls was saved once for each that was touched.
    saved = [fact["item"] for fact in acts.facts(demo_server, session, "response.saved")]
    assert (saved[0], set(saved), saved.count(part[0])) == (part[0], set(part[:2]), 2)
    assert chosen in acts.response_of(demo_server, session, part[0])
    (span,) = acts.facts(demo_server, session, "offline_span")
    assert (span["answers"], span["visited"][-1]) == (2, part[1])
    assert span["away_ms"] > 600_000
    assert acts.eventually(lambda: acts.column(demo_server, session, "position") == part[1], page)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    assert acts.rows(demo_server, "SELECT count(*) FROM delivery_quarantine") == [(0,)]
    page.reload()
    expect(page.locator(f"#desk[data-key='{part[1]}']")).to_be_visible()


def test_a_part_without_a_way_back_stays_on_its_item_and_says_so(
    demo_server: Serving, page: Page
) -> None:
    acts.sign_in(page, demo_server, acts.ADAPTIVE)
    acts.start(page, acts.PLACEMENT)
    here = str(page.locator("#desk").get_attribute("data-key"))
    acts.answer(page)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    page.context.set_offline(True)
    page.locator("#next").click()
    page.locator("#onward-dialog").get_by_role("button", name="Go on").click()
    expect(page.locator("#alerts")).to_contain_text("Stay here: your answer waits on this page")
    expect(page.locator(f"#desk[data-key='{here}']")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    expect(page.locator(f"#desk[data-key='{here}']")).to_be_visible()


def test_a_pause_and_the_end_take_the_pages_off_the_device(
    demo_server: Serving, new_context: Contexts
) -> None:
    page = new_context().new_page()
    acts.sign_in(page, demo_server, acts.RUNNING)
    acts.resume(page, EXAM)
    session = acts.session_of(page)
    assert acts.eventually(lambda: len(device.kept_pages(page)) > 3, page, 30)
    proctor = new_context().new_page()
    acts.sign_in_staff(proctor, demo_server, "proctor", f"/proctor/sessions/{session}/")
    proctor.get_by_role("button", name="Pause", exact=True).click()
    proctor.get_by_label("In your own words").fill("Fire alarm")
    proctor.get_by_role("button", name="Pause now").click()
    expect(page.get_by_role("heading", name="Your proctor has paused the test")).to_be_visible()
    page.wait_for_url("**/paused/")
    assert acts.eventually(lambda: device.kept_pages(page) == [], page)
