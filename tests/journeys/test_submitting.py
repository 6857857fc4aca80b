"""What ends something waits for the answers that are still on their way."""

from playwright.sync_api import Page, expect

from tests.journeys import acts, device
from tests.journeys.acts import EXAM
from tests.serving import Serving

MUTE = "window.WebSocket.prototype.send = () => {};"


def test_a_test_is_not_submitted_before_the_last_answer_is_there(
    demo_server: Serving, page: Page
) -> None:
    acts.sign_in(page, demo_server, acts.TO_START)
    acts.start(page, EXAM)
    session, item = acts.session_of(page), acts.item_key(page)
    device.choose(page, 0)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    # Pages come and go, and no save arrives.
    page.context.route("**/save/**", lambda route: route.abort())
    page.add_init_script(f"if (localStorage.muted) {MUTE}")
    page.evaluate(f"() => {{ localStorage.muted = 1; {MUTE} }}")
    device.choose(page, 2)
    chosen = str(page.locator("#item-form input[type=radio]").nth(2).get_attribute("value"))
    assert acts.eventually(lambda: len(device.stored(page)) == 1, page)
    page.goto(f"{demo_server.url}/sessions/{session}/submit/")
    submit = page.get_by_role("button", name="Submit with")
    submit.click()
    expect(page.locator("#alerts")).to_contain_text("1 answer has not reached the server yet")
    assert acts.column(demo_server, session, "state") == "in_progress"
    page.context.unroute("**/save/**")
    page.evaluate("() => localStorage.removeItem('muted')")
    page.reload()
    submit.click()
    page.wait_for_url("**/receipt/")
    assert acts.response_of(demo_server, session, item) == [chosen]
    assert acts.rows(demo_server, "SELECT reason FROM delivery_quarantine") == []
