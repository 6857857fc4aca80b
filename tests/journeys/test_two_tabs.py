"""Two tabs of one session: one writes, the other says so and may take over."""

from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys import acts
from tests.journeys.acts import EXAM
from tests.serving import Serving


def test_the_second_tab_takes_over_and_the_first_only_shows(
    demo_server: Serving, page: Page
) -> None:
    acts.sign_in(page, demo_server, acts.TO_START)
    acts.start(page, EXAM)
    session = acts.session_of(page)
    page.locator("input[type=radio]").nth(0).check(force=True)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    other = second_tab(page.context, page.url)
    expect(other.get_by_role("heading", name="Your test is open elsewhere")).to_be_visible()
    with other.expect_navigation():
        other.get_by_role("button", name="Take over here").click()
    expect(page.get_by_role("heading", name="Your test is open elsewhere")).to_be_visible()
    expect(other.locator("input[type=radio]").nth(0)).to_be_checked()
    other.locator("input[type=radio]").nth(2).check(force=True)
    expect(other.locator("#save-state")).to_have_text(acts.SAVED)
    assert acts.eventually(
        lambda: len(acts.facts(demo_server, session, "response.saved")) == 2, other
    )
    epochs = [fact["epoch"] for fact in acts.facts(demo_server, session, "lease.claimed")]
    assert epochs == sorted(set(epochs))
    assert acts.column(demo_server, session, "epoch") == epochs[-1] > 1
    assert acts.rows(demo_server, "SELECT count(*) FROM delivery_quarantine") == [(0,)]


def second_tab(context: BrowserContext, url: str) -> Page:
    tab = context.new_page()
    tab.goto(url)
    return tab
