"""axe finds nothing serious on any page, for anybody, in light and dark, wide and narrow."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.axe import violations
from tests.journeys import acts
from tests.journeys.acts import EXAM
from tests.serving import Serving

LOOKS = [
    {"viewport": {"width": 1280, "height": 800}, "color_scheme": "light"},
    {"viewport": {"width": 390, "height": 800}, "color_scheme": "dark"},
]
IDS = ["wide and light", "narrow and dark"]
MOST = 60


def found(page: Page) -> dict[str, list[str]]:
    """The serious findings of the present page, under its address; empty when there are none."""
    page.locator("main").first.wait_for()
    grave = violations(page)
    return {page.url: grave} if grave else {}


@pytest.mark.parametrize("look", LOOKS, ids=IDS)
def test_doors_and_lists(
    demo_server: Serving, new_context: Callable[..., BrowserContext], look: dict[str, Any]
) -> None:
    page, grave = new_context(**look).new_page(), dict[str, list[str]]()
    page.goto(f"{demo_server.url}/signin/")
    grave |= found(page)
    page.get_by_label("Access code").fill("WRONG-CODE-1234")
    page.get_by_role("button", name="Sign in").click()
    page.locator("#code-problem").wait_for()
    grave |= found(page)
    page.goto(f"{demo_server.url}/staff/signin/")
    grave |= found(page)
    page.goto(f"{demo_server.url}/no/such/page/")
    acts.sign_in(page, demo_server, acts.ENDED)
    grave |= found(page)
    page.get_by_role("link", name="Result").first.click()
    grave |= found(page)
    page.goto(page.url.replace("/result/", "/receipt/"))
    grave |= found(page)
    assert grave == {}


@pytest.mark.parametrize("look", LOOKS, ids=IDS)
def test_every_kind_of_item_to_the_submission(
    server: Serving, new_context: Callable[..., BrowserContext], look: dict[str, Any]
) -> None:
    page, grave = new_context(**look).new_page(), dict[str, list[str]]()
    acts.sign_in(page, server, acts.TO_START)
    page.get_by_role("link", name="Open").first.click()
    grave |= found(page)
    page.goto(f"{server.url}/")
    acts.start(page, EXAM)
    for _ in range(MOST):
        page.locator(".clock-time", has_text=acts.TICKING).wait_for()
        grave |= found(page)
        key = acts.item_key(page)
        acts.next_item(page)
        confirm = page.locator("#onward-dialog")
        if confirm.is_visible():
            grave |= found(page)
            confirm.get_by_role("checkbox").check()
            confirm.get_by_role("button", name="Go on").click()
        acts.left(page, key)
        if not page.locator("#desk").count():
            grave |= found(page)
            if page.get_by_role("link", name="Submit the test").count():
                break
            page.get_by_role("link", name="Finish").click()
            grave |= found(page)
            page.get_by_role("button", name="Finish and go on").click()
            page.locator("#desk").wait_for()
    page.get_by_role("link", name="Submit the test").click()
    grave |= found(page)
    assert grave == {}


@pytest.mark.parametrize("look", LOOKS, ids=IDS)
def test_paused_and_the_desks_of_staff(
    demo_server: Serving, new_context: Callable[..., BrowserContext], look: dict[str, Any]
) -> None:
    grave = dict[str, list[str]]()
    page = new_context(**look).new_page()
    acts.sign_in(page, demo_server, acts.PAUSED)
    page.get_by_role("link", name="Continue").first.click()
    grave |= found(page)
    page = new_context(**look).new_page()
    acts.sign_in_staff(page, demo_server, "proctor", "/proctor/")
    grave |= found(page)
    page.get_by_role("link", name=EXAM).click()
    page.locator("#lines tr").first.wait_for()
    grave |= found(page)
    page.goto(str(page.locator("#lines th a").first.evaluate("link => link.href")))
    grave |= found(page)
    page = new_context(**look).new_page()
    acts.sign_in_staff(page, demo_server, "auditor", "/auditor/")
    grave |= found(page)
    page.locator("main a[href*='/auditor/']").first.click()
    grave |= found(page)
    assert grave == {}


def keep_aside(server: Serving, session: str, item: str, value: str) -> None:
    """Put an answer of the session into quarantine, as a page that lost its lease would."""
    acts.write(
        server,
        "INSERT INTO delivery_quarantine (session_id, item_key, key, value, reason, epoch, writer,"
        " client_seq, received_at, grounds, refusal_grounds, salt)"
        " VALUES (?, ?, 'kept', ?, 'lease_lost', 1, 'lost', 1, ?, '', '', '')",
        session.replace("-", ""),
        item,
        value,
        "2026-01-02 10:00:00",
    )


@pytest.mark.parametrize("look", LOOKS, ids=IDS)
def test_losing_and_finding_again(
    demo_server: Serving, new_context: Callable[..., BrowserContext], look: dict[str, Any]
) -> None:
    grave = dict[str, list[str]]()
    page = new_context(**look).new_page()
    acts.sign_in(page, demo_server, acts.RUNNING)
    acts.resume(page, EXAM)
    session, item = acts.session_of(page), acts.item_key(page)
    keep_aside(demo_server, session, item, '{"RESPONSE": "A"}')
    page.reload()
    page.locator(".unsaved").wait_for()
    grave |= found(page)
    for path in ("drafts/", "offline/"):
        page.goto(f"{demo_server.url}/sessions/{session}/{path}")
        grave |= found(page)
    page.goto(f"{demo_server.url}/sessions/{session}/")
    acts.seconds_left(page)
    other = new_context(**look).new_page()
    acts.sign_in(other, demo_server, acts.RUNNING)
    other.goto(f"{demo_server.url}/sessions/{session}/elsewhere/")
    grave |= found(other)
    other.get_by_role("button", name="Take over here").click()
    acts.seconds_left(other)
    other.evaluate("document.getElementById('cover').innerHTML = again.innerHTML; cover.hidden = 0")
    grave |= found(other)
    sitting = acts.column(demo_server, session, "sitting_id")
    [(kept,)] = acts.rows(demo_server, "SELECT max(id) FROM delivery_quarantine")
    page = new_context(**look).new_page()
    acts.sign_in_staff(page, demo_server, "proctor", f"/proctor/{sitting}/quarantine/")
    grave |= found(page)
    for path in (f"quarantine/{kept}/", f"{sitting}/sealed/"):
        page.goto(f"{demo_server.url}/proctor/{path}")
        grave |= found(page)
    acts.write(demo_server, "DELETE FROM delivery_quarantine")
    assert grave == {}
