"""What leaves the device with the test, and what still waits there after its end."""

from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys import acts
from tests.journeys.acts import EXAM
from tests.serving import Serving

Contexts = Callable[..., BrowserContext]
ON_THE_DEVICE = """async () => {
  const found = [];
  for (const name of await caches.keys())
    for (const kept of await (await caches.open(name)).keys()) found.push(kept.url);
  return found;
}"""
WAITING = """() => new Promise((resolve) => {
  const request = indexedDB.open("invigil");
  request.onsuccess = () => {
    const all = request.result.transaction("queue").objectStore("queue").count();
    all.onsuccess = () => { request.result.close(); resolve(all.result); };
  };
})"""


def kept(page: Page) -> list[str]:
    """What the device holds of a test besides the answers that wait."""
    return list(page.evaluate(ON_THE_DEVICE))


def holds_pages(page: Page) -> bool:
    return any("/ahead/items/" in one for one in kept(page))


def test_submitting_takes_the_pages_off_the_device(demo_server: Serving, page: Page) -> None:
    acts.sign_in(page, demo_server, acts.TO_START)
    acts.start(page, EXAM)
    session = acts.session_of(page)
    assert acts.eventually(lambda: holds_pages(page), page)
    page.evaluate("sessionStorage.setItem('invigil.notes.1', '{}')")
    end(demo_server, page, session)
    page.wait_for_url("**/receipt/")
    assert acts.eventually(lambda: kept(page) == [], page)
    assert page.evaluate("sessionStorage.getItem('invigil.notes.1')") is None


def end(server: Serving, page: Page, session: str) -> None:
    """Submit by the page's own form, as a candidate does who confirms."""
    token = page.locator("input[name=csrfmiddlewaretoken]").first.input_value()
    told = page.request.post(
        f"{server.url}/sessions/{session}/submit/",
        form={"confirmed": "1", "csrfmiddlewaretoken": token},
        headers={"Referer": server.url},
    )
    assert told.ok
    assert acts.column(server, session, "state") == "completed"


def test_signing_out_takes_the_pages_off_the_device(demo_server: Serving, page: Page) -> None:
    acts.sign_in(page, demo_server, acts.UNLIMITED)
    acts.start(page, EXAM)
    assert acts.eventually(lambda: holds_pages(page), page)
    page.goto(demo_server.url)
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Access code").wait_for()
    assert acts.eventually(lambda: kept(page) == [], page)


def test_what_waits_when_the_test_ends_is_sent_from_the_page_after_it_and_kept_aside(
    demo_server: Serving, new_context: Contexts
) -> None:
    page = new_context().new_page()
    acts.sign_in(page, demo_server, acts.WITH_EXTRA)
    acts.start(page, EXAM)
    session = acts.session_of(page)
    radios = page.locator("#item-form input[type=radio]")
    radios.nth(0).check(force=True)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    page.context.route("**/save/**", lambda route: route.abort())
    page.evaluate("() => { window.WebSocket.prototype.send = () => {} }")
    radios.nth(2).check(force=True)
    assert acts.eventually(lambda: page.evaluate(WAITING) == 1, page)
    end(demo_server, page, session)
    page.wait_for_url("**/receipt/")
    page.context.unroute("**/save/**")
    page.reload()
    reasons = "SELECT item_key, reason FROM delivery_quarantine"
    assert acts.eventually(lambda: len(acts.rows(demo_server, reasons)) == 1, page)
    assert acts.eventually(lambda: page.evaluate(WAITING) == 0, page)
    assert len(acts.facts(demo_server, session, "response.saved")) == 1


# What a full disk or a blocked store answers.
NO_STORE = """() => {
  for (const name of ["add", "put"])
    IDBObjectStore.prototype[name] = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
}"""


def test_where_neither_sending_nor_keeping_works_a_sealed_file_is_offered(
    demo_server: Serving, page: Page
) -> None:
    page.add_init_script(f"({NO_STORE})()")
    acts.sign_in(page, demo_server, acts.RUNNING)
    acts.resume(page, EXAM)
    session = acts.session_of(page)
    acts.answer(page)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    expect(page.locator("#rescue")).to_be_hidden()
    # The server is there, and no save gets through.
    page.context.route("**/save/**", lambda route: route.abort())
    page.evaluate("() => { window.WebSocket.prototype.send = () => {} }")
    key = acts.item_key(page)
    page.locator("#next").click()
    acts.left(page, key)
    acts.answer(page)
    expect(page.locator("#save-state")).to_contain_text("keep this page open")
    # Some time later, as the page counts it.
    page.evaluate(
        "() => { const now = performance.now.bind(performance);"
        " performance.now = () => now() + 20000 }"
    )
    expect(page.locator("#rescue")).to_contain_text("this browser cannot keep them")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save the sealed file").click()
    assert session in waiting.value.path().read_text(encoding="utf-8")
