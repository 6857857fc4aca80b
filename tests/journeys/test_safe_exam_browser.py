"""Chromium as Safe Exam Browser: with its headers, with its JavaScript API, and without either."""

import json
import re
import urllib.request
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from integrity.policy import seb, seb_files
from tests.axe import violations
from tests.journeys import acts
from tests.journeys.acts import EXAM
from tests.serving import Serving

NewContext = Callable[..., BrowserContext]
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 Chrome/130.0 SEB/3.7.0"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X) AppleWebKit/605.1 Version/17.0 Safari/605.1 SEB/3.5"
# As the real one, the API appears a moment after the page and knows the address it began with.
API = """
(async () => {
  const bytes = new TextEncoder().encode(location.href.split("#")[0] + %s);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const configKey = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  setTimeout(() => {
    const security = { configKey, browserExamKey: "" };
    window.SafeExamBrowser = { version: "SEB_macOS_3.5", security };
  }, 300);
})();
"""


def require(server: Serving) -> None:
    """Ask for Safe Exam Browser at the exam, from the next session on."""
    server.manage(
        "shell",
        "-c",
        "from delivery.models import Sitting; from integrity.models import LockdownPolicy;"
        "row = LockdownPolicy.objects.create(name='Locked', seb_mode='required');"
        f"Sitting.objects.filter(title='{EXAM}').update(lockdown=row)",
    )


def configuration(page: Page, server: Serving) -> dict[str, Any]:
    """Ask for a configuration in an ordinary browser, and fetch it as the link does."""
    acts.sign_in(page, server, acts.TO_START)
    page.get_by_role("link", name=re.compile(EXAM)).first.click()
    expect(page.get_by_role("button", name="Start the test")).to_be_disabled()
    page.get_by_role("button", name="Open in Safe Exam Browser").click()
    link = page.get_by_role("link", name="Open Safe Exam Browser").get_attribute("href") or ""
    assert link.startswith("seb://")
    with urllib.request.urlopen(link.replace("seb://", "http://")) as answer:
        return seb_files.read(answer.read())


def with_headers(new_context: NewContext, key: str) -> Page:
    """Return a page that sends the Config Key's hash with every request to its server."""
    page = new_context(user_agent=WINDOWS).new_page()
    # The protocol's own interception, which sees every step of a redirect with its address.
    devtools = page.context.new_cdp_session(page)

    def add(paused: dict[str, Any]) -> None:
        asked = paused["request"]
        sent = {seb.CONFIG_KEY_HEADER: seb.request_hash(asked["url"], key)}
        headers = [
            {"name": name, "value": value} for name, value in {**asked["headers"], **sent}.items()
        ]
        devtools.send(
            "Fetch.continueRequest", {"requestId": paused["requestId"], "headers": headers}
        )

    devtools.on("Fetch.requestPaused", add)
    devtools.send("Fetch.enable", {"patterns": [{"urlPattern": "*"}]})
    return page


def with_api(new_context: NewContext, key: str) -> Page:
    context = new_context(user_agent=MAC)
    context.add_init_script(API % json.dumps(key))
    return context.new_page()


def begin(page: Page, settings: dict[str, Any]) -> str:
    """Open the configuration's start address and start the test."""
    page.goto(settings["startURL"])
    assert violations(page) == []
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("checkbox", name="I have read this page").wait_for()
    assert violations(page) == []
    page.get_by_role("checkbox", name="I have read this page").check()
    page.get_by_role("button", name="Start the test").click()
    page.locator("#desk").wait_for()
    return acts.session_of(page)


def answer(page: Page) -> None:
    page.locator("input[type=radio]").nth(1).check(force=True)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)


def test_headers_carry_the_test_and_another_browser_s_cookie_pauses_it(
    server: Serving, page: Page, new_context: NewContext
) -> None:
    require(server)
    settings = configuration(page, server)
    browser = with_headers(new_context, seb.config_key(settings))
    session = begin(browser, settings)
    answer(browser)
    assert acts.column(server, session, "assurance") == "config_key"
    thief = new_context()
    thief.add_cookies(browser.context.cookies())  # type: ignore[arg-type]
    other = thief.new_page()
    other.goto(f"{server.url}/sessions/{session}/")
    expect(other.get_by_text("No key arrived")).to_be_visible()
    assert violations(other) == []
    browser.get_by_text("did not prove to be Safe Exam Browser").first.wait_for()
    assert violations(browser) == []
    assert acts.column(server, session, "state") == "paused"
    assert acts.column(server, session, "answered") == 1


def test_the_javascript_api_carries_the_test_where_no_header_is_sent(
    server: Serving, page: Page, new_context: NewContext
) -> None:
    require(server)
    settings = configuration(page, server)
    browser = with_api(new_context, seb.config_key(settings))
    session = begin(browser, settings)
    answer(browser)
    browser.reload()
    browser.locator("#desk").wait_for()
    assert acts.column(server, session, "assurance") == "config_key"
    assert acts.column(server, session, "state") == "in_progress"
