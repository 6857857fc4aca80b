"""A whole exam in a browser with JavaScript off: two parts, every interaction, to the receipt."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page

from tests.journeys import acts
from tests.journeys.acts import EXAM
from tests.serving import Serving

MOST = 60


def test_a_whole_exam_needs_no_javascript(
    demo_server: Serving, new_context: Callable[..., BrowserContext]
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    acts.sign_in(page, demo_server, acts.TO_START)
    acts.start(page, EXAM)
    session = acts.session_of(page)
    seen = walk(page)
    assert len(seen) == 29
    page.get_by_role("link", name="Submit the test").click()
    page.get_by_role("button", name="Submit").click()
    assert page.get_by_role("heading", name=EXAM).is_visible()
    assert page.get_by_text("29 of 29 items").is_visible()
    assert acts.column(demo_server, session, "state") == "completed"
    assert len(acts.facts(demo_server, session, "response.saved")) >= 29
    assert acts.column(demo_server, session, "receipt_code") in page.inner_text("main")


def walk(page: Page) -> list[str]:
    """Answer item after item, through both parts, to the page that offers to submit."""
    seen = list[str]()
    for _ in range(MOST):
        if page.get_by_role("link", name="Submit the test").is_visible():
            return seen
        if page.locator("#desk").count():
            seen.append(acts.item_key(page))
            acts.answer(page)
            acts.next_item(page)
        elif page.get_by_role("heading", name="Go on without a way back?").is_visible():
            page.get_by_role("checkbox").check()
            page.get_by_role("button", name="Go on").click()
        elif page.get_by_role("heading", name="Finish").is_visible():
            page.get_by_role("button", name="Finish and go on").click()
        else:
            page.get_by_role("link", name="Finish").click()
    raise AssertionError(f"No end after {MOST} pages: {page.url}")
