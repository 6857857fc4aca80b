"""An answer on a page: acknowledged, in the ledger, and there again after whatever happens."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys import acts
from tests.journeys.acts import EXAM
from tests.serving import Serving

SAVED = acts.SAVED
SLOW_WIRE = """() => {
  const socket = window.WebSocket.prototype, send = socket.send, kept = [];
  socket.send = function (frame) { kept.push([this, frame]); };
  window.letGo = () => {
    socket.send = send;
    for (const [to, frame] of kept) send.call(to, frame);
  };
}"""


def test_an_acknowledged_answer_is_in_the_ledger(demo_server: Serving, page: Page) -> None:
    acts.sign_in(page, demo_server, acts.TO_START)
    acts.start(page, EXAM)
    session, item = acts.session_of(page), acts.item_key(page)
    assert acts.facts(demo_server, session, "response.saved") == []
    page.locator("input[type=radio]").nth(1).check(force=True)
    expect(page.locator("#save-state")).to_have_text(SAVED)
    (fact,) = acts.facts(demo_server, session, "response.saved")
    assert (fact["item"], fact["revision"], fact["answered"]) == (item, 1, True)
    assert len(fact["digest"]) == 64
    assert "streams" in demo_server.manage("ledger_verify", "--stream", f"session:{session}")


def test_answers_flags_place_and_time_survive_a_reload_and_another_device(
    demo_server: Serving, new_context: Callable[..., BrowserContext]
) -> None:
    first = new_context().new_page()
    acts.sign_in(first, demo_server, acts.WITH_EXTRA)
    acts.start(first, EXAM)
    first.locator("input[type=radio]").nth(2).check(force=True)
    first.get_by_role("button", name="Flag").click()
    expect(first.get_by_role("button", name="Flagged")).to_be_visible()
    expect(first.locator("#save-state")).to_have_text(SAVED)
    item, left = acts.item_key(first), acts.seconds_left(first)
    first.reload()
    assert stands(first, item)
    first.context.close()
    second = new_context(viewport={"width": 390, "height": 800}).new_page()
    acts.sign_in(second, demo_server, acts.WITH_EXTRA)
    acts.resume(second, EXAM)
    assert stands(second, item)
    assert left - 60 < acts.seconds_left(second) <= left


def stands(page: Page, item: str) -> bool:
    flagged = page.get_by_role("button", name="Flagged")
    flagged.wait_for()
    chosen = page.locator("input[type=radio]").nth(2)
    return acts.item_key(page) == item and chosen.is_checked()


def test_an_answer_changed_and_changed_back_on_the_way_is_the_one_that_counts(
    demo_server: Serving, page: Page
) -> None:
    acts.sign_in(page, demo_server, acts.UNLIMITED)
    acts.start(page, EXAM)
    session, item = acts.session_of(page), acts.item_key(page)
    radios = page.locator("#item-form input[type=radio]")
    radios.nth(3).check(force=True)
    expect(page.locator("#save-state")).to_have_text(SAVED)
    # A slow wire: what is sent is under way until it is let go.
    page.evaluate(SLOW_WIRE)
    for number in (0, 1, 0):
        radios.nth(number).check(force=True)
    expect(page.locator("#save-state")).not_to_have_text(SAVED)
    page.evaluate("() => window.letGo()")
    # Nothing waits any more: each change was acknowledged, or overtaken by one that was.
    expect(page.locator("#save-state")).to_have_text(SAVED)
    chosen = str(radios.nth(0).get_attribute("value"))
    assert acts.response_of(demo_server, session, item) == [chosen]


def test_killing_the_server_loses_no_acknowledged_answer(server: Serving, page: Page) -> None:
    acts.sign_in(page, server, acts.TO_START)
    acts.start(page, EXAM)
    session, item = acts.session_of(page), acts.item_key(page)
    page.locator("input[type=radio]").nth(1).check(force=True)
    expect(page.locator("#save-state")).to_have_text(SAVED)
    server.kill()
    page.locator("input[type=radio]").nth(3).check(force=True)
    expect(page.locator("#save-state")).to_contain_text("safe on this device")
    assert len(acts.facts(server, session, "response.saved")) == 1
    server.start()
    expect(page.locator("#save-state")).to_have_text(SAVED)
    assert len(acts.facts(server, session, "response.saved")) == 2
    page.reload()
    assert acts.item_key(page) == item
    expect(page.locator("input[type=radio]").nth(3)).to_be_checked()
    assert "streams" in server.manage("ledger_verify", "--stream", f"session:{session}")


def test_an_answer_written_offline_is_sent_when_the_connection_is_back(
    demo_server: Serving, page: Page
) -> None:
    acts.sign_in(page, demo_server, acts.RUNNING)
    acts.resume(page, EXAM)
    assert acts.seconds_left(page) > 0
    session = acts.session_of(page)
    before = len(acts.facts(demo_server, session, "response.saved"))
    page.context.set_offline(True)
    acts.answer(page)
    expect(page.locator("#save-state")).to_contain_text("safe on this device")
    assert len(acts.facts(demo_server, session, "response.saved")) == before
    page.context.set_offline(False)
    expect(page.locator("#save-state")).to_have_text(SAVED)
    assert len(acts.facts(demo_server, session, "response.saved")) > before
