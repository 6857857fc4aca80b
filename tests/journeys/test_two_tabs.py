"""Two tabs or devices of one session: one writes, the other is asked, and nothing gets lost."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys import acts
from tests.journeys.acts import EXAM
from tests.serving import Serving

ELSEWHERE = "Your test is open elsewhere"
Contexts = Callable[..., BrowserContext]


def policy(server: Serving, takeover: str) -> None:
    """Set what the sitting does with a second page."""
    acts.write(server, "UPDATE delivery_sitting SET takeover = ?", takeover)


def choose(page: Page, number: int) -> None:
    page.locator("#item-form input[type=radio]").nth(number).check(force=True)


def begin(page: Page, server: Serving, code: str) -> str:
    """Start the exam and answer its first item; the address of that item."""
    acts.sign_in(page, server, code)
    acts.start(page, EXAM)
    choose(page, 0)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    return page.url


def second_tab(context: BrowserContext, url: str) -> Page:
    tab = context.new_page()
    tab.goto(url)
    return tab


def asked(page: Page) -> None:
    expect(page.get_by_role("heading", name=ELSEWHERE)).to_be_visible()


def test_the_second_tab_takes_over_and_the_first_only_shows(
    demo_server: Serving, page: Page
) -> None:
    server = demo_server
    url = begin(page, server, acts.TO_START)
    session = acts.session_of(page)
    page.reload()
    choose(page, 1)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    other = second_tab(page.context, url)
    asked(other)
    other.get_by_role("button", name="Take over here").click()
    asked(page)
    expect(other.locator("input[type=radio]").nth(1)).to_be_checked()
    choose(other, 2)
    expect(other.locator("#save-state")).to_have_text(acts.SAVED)
    assert acts.eventually(lambda: len(acts.facts(server, session, "response.saved")) == 3, other)
    epochs = [fact["epoch"] for fact in acts.facts(server, session, "lease.claimed")]
    assert epochs == sorted(set(epochs))
    assert acts.rows(server, "SELECT count(*) FROM delivery_quarantine") == [(0,)]


def test_what_the_first_device_had_not_sent_waits_as_a_draft(
    demo_server: Serving, new_context: Contexts
) -> None:
    server, first = demo_server, new_context().new_page()
    begin(first, server, acts.WITH_EXTRA)
    session = acts.session_of(first)
    first.context.set_offline(True)
    choose(first, 3)
    expect(first.locator("#save-state")).to_contain_text("safe on this device", timeout=20_000)
    second = new_context(viewport={"width": 390, "height": 800}).new_page()
    acts.sign_in(second, server, acts.WITH_EXTRA)
    acts.resume(second, EXAM)
    expect(second.locator("input[type=radio]").nth(0)).to_be_checked()
    first.context.set_offline(False)
    asked(first)
    expect(first.locator("#not-saved")).to_contain_text("One answer of this page was not saved")
    second.reload()
    expect(second.locator(".unsaved")).to_contain_text("The answer to 1 item was not saved")
    assert [one["used"] for one in settle(second, server, session)] == [True]
    expect(second.locator("input[type=radio]").nth(3)).to_be_checked()
    kept = acts.rows(server, "SELECT reason, settled_at IS NOT NULL FROM delivery_quarantine")
    assert kept == [("lease_lost", 1)]


def settle(page: Page, server: Serving, session: str) -> list[dict[str, object]]:
    """Look at the draft, use it, and go back to the test."""
    page.get_by_role("link", name="Look at them").click()
    page.get_by_role("heading", name="Answers that were not saved").wait_for()
    page.get_by_role("button", name="Use the unsaved answer").click()
    page.get_by_text("There is nothing left to decide").wait_for()
    page.get_by_role("link", name="Back to the test").click()
    page.locator("#desk").wait_for()
    return acts.facts(server, session, "draft.settled")


def test_the_proctor_is_asked_and_the_waiting_page_goes_on_by_itself(
    demo_server: Serving, new_context: Contexts
) -> None:
    server = demo_server
    policy(server, "ask")
    first = new_context().new_page()
    acts.sign_in(first, server, acts.RUNNING)
    acts.resume(first, EXAM)
    session = acts.session_of(first)
    second = new_context().new_page()
    acts.sign_in(second, server, acts.RUNNING)
    second.get_by_role("link", name="Continue").first.click()
    asked(second)
    second.get_by_role("button", name="Ask to go on here").click()
    expect(second.get_by_text("Your proctor has been asked")).to_be_visible()
    proctor = new_context().new_page()
    acts.sign_in_staff(proctor, server, "proctor", f"/proctor/sessions/{session}/")
    proctor.get_by_role("button", name="Let go on elsewhere").click()
    proctor.get_by_label("In your own words").fill("New laptop")
    proctor.get_by_role("button", name="Let go on there").click()
    second.locator("#desk").wait_for()
    asked(first)
    assert len(acts.facts(server, session, "takeover.allowed")) == 1
    assert acts.reasons(server, session) == ["New laptop"]
    assert len(acts.facts(server, session, "takeover.asked")) == 1


def test_a_sitting_that_stays_where_it_was_opened_says_what_to_do(
    demo_server: Serving, new_context: Contexts
) -> None:
    server = demo_server
    policy(server, "deny")
    first = new_context(java_script_enabled=False).new_page()
    acts.sign_in(first, server, acts.UNLIMITED)
    acts.start(first, EXAM)
    second = new_context(java_script_enabled=False).new_page()
    acts.sign_in(second, server, acts.UNLIMITED)
    second.get_by_role("link", name="Continue").first.click()
    asked(second)
    expect(second.get_by_text("This sitting stays on the page where it was opened")).to_be_visible()
    assert second.get_by_role("button", name="Take over here").count() == 0
    first.reload()
    assert first.locator("#desk").count() == 1


def test_taking_over_needs_no_javascript(demo_server: Serving, new_context: Contexts) -> None:
    server = demo_server
    policy(server, "allow")
    first = new_context(java_script_enabled=False).new_page()
    acts.sign_in(first, server, acts.UNLIMITED)
    first.get_by_role("link", name="Continue").first.click()
    first.locator("#desk, #takeover").wait_for()
    if first.locator("#takeover").count():
        first.get_by_role("button", name="Take over here").click()
    second = new_context(java_script_enabled=False).new_page()
    acts.sign_in(second, server, acts.UNLIMITED)
    second.get_by_role("link", name="Continue").first.click()
    asked(second)
    second.get_by_role("button", name="Take over here").click()
    key = acts.item_key(second)
    acts.answer(first)
    first.get_by_role("button", name="Save", exact=True).click()
    asked(first)
    assert acts.item_key(second) == key
    reasons = "SELECT reason FROM delivery_quarantine WHERE item_key = ? ORDER BY id DESC LIMIT 1"
    assert acts.rows(server, reasons, key) == [("lease_lost",)]
