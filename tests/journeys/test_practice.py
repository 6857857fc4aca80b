"""Practice and placement: feedback between two attempts, and items chosen by the answers."""

from playwright.sync_api import Page, expect

from tests.journeys import acts
from tests.serving import Serving

PRACTICE = "Open practice: a bit of everything"


def test_feedback_comes_between_two_attempts(demo_server: Serving, page: Page) -> None:
    acts.sign_in(page, demo_server, acts.PRACTISING)
    acts.start(page, PRACTICE)
    assert acts.item_key(page) == "pr-marble"
    assert "metamorphic" not in page.content()
    page.get_by_role("radio", name="slate").check(force=True)
    page.get_by_role("button", name="Check answer").click()
    expect(page.get_by_text("Not yet.")).to_be_visible()
    page.get_by_role("radio", name="marble").check(force=True)
    page.get_by_role("button", name="Check answer").click()
    expect(page.get_by_text("Right. Marble is metamorphic limestone")).to_be_visible()
    expect(page.get_by_role("button", name="Check answer")).to_have_count(0)
    expect(page.get_by_role("radio", name="slate")).to_be_disabled()
    session = acts.session_of(page)
    attempts = acts.facts(demo_server, session, "item.attempted")
    assert [fact["attempt"] for fact in attempts] == [1, 2]


def test_the_adaptive_test_chooses_by_the_answers_and_ends(
    demo_server: Serving, page: Page
) -> None:
    acts.sign_in(page, demo_server, acts.ADAPTIVE)
    acts.start(page, acts.PLACEMENT)
    session, seen = acts.session_of(page), list[str]()
    while page.locator("#desk").count():
        seen.append(acts.item_key(page))
        acts.answer(page)
        acts.next_item(page)
        confirm = page.locator("#onward-dialog")
        if confirm.is_visible():
            confirm.get_by_role("checkbox").check()
            confirm.get_by_role("button", name="Go on").click()
        acts.left(page, seen[-1])
    assert 6 <= len(seen) == len(set(seen)) <= 12
    chosen = acts.facts(demo_server, session, "item.selected")
    assert [fact["item"] for fact in chosen] == seen
    assert len({fact["theta_milli"] for fact in chosen}) > 1
    page.get_by_role("link", name="Submit the test").click()
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url("**/receipt/")
    assert acts.eventually(lambda: acts.column(demo_server, session, "score") is not None, page)
