"""A page loaded anew without the network, while another device takes the test over meanwhile."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys import acts, device
from tests.journeys.acts import EXAM
from tests.journeys.test_reloading import begin, shows, value
from tests.serving import Serving

ELSEWHERE = "Your test is open elsewhere"
Contexts = Callable[..., BrowserContext]


def taken_over(new_context: Contexts, server: Serving, code: str) -> Page:
    second = new_context(viewport={"width": 390, "height": 800}).new_page()
    acts.sign_in(second, server, code)
    acts.resume(second, EXAM)
    return second


def test_it_ends_at_the_cover_and_its_answers_are_offered_on_the_other_device(
    demo_server: Serving, new_context: Contexts
) -> None:
    first = new_context().new_page()
    session, part = begin(first, demo_server, acts.TO_START)
    first.context.set_offline(True)
    device.choose(first, 2)
    first.locator("#next").click()
    expect(first.locator(f"#desk[data-key='{part[1]}']")).to_be_visible()
    first.locator("#back").click()
    expect(first.locator(f"#desk[data-key='{part[0]}']")).to_be_visible()
    first.reload()
    shows(first, part[0], 2)
    device.choose(first, 3)
    chosen = value(first, 3)
    second = taken_over(new_context, demo_server, acts.TO_START)
    second.locator("#next").click()
    expect(second.locator(f"#desk[data-key='{part[1]}']")).to_be_visible()
    first.context.set_offline(False)
    expect(first.get_by_role("heading", name=ELSEWHERE)).to_be_visible()
    # The page is still there beneath, with what it held.
    expect(first.locator("#cover")).to_be_visible()
    expect(first.locator("#not-saved")).to_contain_text("One answer of this page was not saved")
    assert acts.eventually(lambda: device.stored(first) == [], first)
    assert first.locator("#desk").get_attribute("data-key") == part[0]
    # Where the other page had gone on alone moves nobody any more.
    assert acts.eventually(
        lambda: len(acts.facts(demo_server, session, "offline_span")) == 1, first
    )
    assert acts.column(demo_server, session, "position") == part[1]
    second.reload()
    expect(second.locator(".unsaved")).to_contain_text("The answer to 1 item was not saved")
    second.get_by_role("link", name="Look at them").click()
    second.get_by_role("button", name="Use the unsaved answer").click()
    second.get_by_text("There is nothing left to decide").wait_for()
    assert acts.response_of(demo_server, session, part[0]) == [chosen]
