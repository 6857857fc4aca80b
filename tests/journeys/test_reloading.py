"""A page that is loaded anew without the network goes on from this device, or waits calmly."""

from playwright.sync_api import Page, expect

from tests.journeys import acts, device
from tests.journeys.acts import EXAM
from tests.serving import Serving

KEPT_ASIDE = "SELECT reason FROM delivery_quarantine"
# All that is on the device's disk besides the sealed queue.
ON_DISK = """async () => {
  let text = JSON.stringify([{...localStorage}, {...sessionStorage}]);
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const key of await cache.keys()) text += await (await cache.match(key)).text();
  }
  return text;
}"""
REMEMBERS = """async () => {
  const { port1, port2 } = new MessageChannel();
  const told = new Promise((resolve) => (port1.onmessage = ({ data }) => resolve(data)));
  const { active } = await navigator.serviceWorker.getRegistration("/sessions/");
  active.postMessage({ type: "recall", session: document.body.dataset.session }, [port2]);
  return (await told) !== null;
}"""


# As a worker does that the browser ended meanwhile.
FORGETS = """async () => {
  const { active } = await navigator.serviceWorker.getRegistration("/sessions/");
  active.postMessage({ type: "forget" });
  ServiceWorker.prototype.postMessage = () => {};
}"""


def ready(page: Page, server: Serving, session: str) -> bool:
    """Tell whether the device holds the pages that are wanted here, the worker what they need."""
    part = device.items_of_part(server, session)[:2]
    wanted = {f"{server.url}/sessions/{session}/ahead/items/{key}/" for key in part}
    wanted.add(f"{server.url}/sessions/{session}/offline/")
    return wanted <= set(device.kept_pages(page)) and bool(page.evaluate(REMEMBERS))


def begin(page: Page, server: Serving, code: str) -> tuple[str, list[str]]:
    """Open the exam, answer its first item, and wait until the device could go on alone."""
    acts.sign_in(page, server, code)
    acts.start(page, EXAM)
    session = acts.session_of(page)
    device.choose(page, 0)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    assert acts.eventually(lambda: ready(page, server, session), page, 90)
    return session, device.items_of_part(server, session)


def shows(page: Page, key: str, number: int) -> None:
    """The item is there with this choice, by a page that knows it is alone, and its clock runs."""
    expect(page.locator(f"#desk[data-key='{key}']")).to_be_visible()
    expect(page.locator("#item-form input[type=radio]").nth(number)).to_be_checked()
    expect(page.locator("#save-state")).to_contain_text("Offline since")
    expect(page.locator("#clock .clock-time")).to_have_text(acts.TICKING)


def value(page: Page, number: int) -> str:
    return str(page.locator("#item-form input[type=radio]").nth(number).get_attribute("value"))


def test_a_reload_without_the_network_shows_the_item_with_the_answers_that_wait(
    demo_server: Serving, page: Page
) -> None:
    session, part = begin(page, demo_server, acts.TO_START)
    page.context.set_offline(True)
    page.locator("#next").click()
    expect(page.locator(f"#desk[data-key='{part[1]}']")).to_be_visible()
    acts.answer(page)
    page.locator("#back").click()
    expect(page.locator(f"#desk[data-key='{part[0]}']")).to_be_visible()
    device.choose(page, 2)
    page.reload()
    shows(page, part[0], 2)
    expect(page.locator("#save-state")).to_contain_text("2 answers waiting")
    # Answered after the reload, and in the very moment of the next one.
    device.choose(page, 1)
    page.reload()
    shows(page, part[0], 1)
    device.choose(page, 3)
    chosen = value(page, 3)
    page.locator("#next").click()
    expect(page.locator(f"#desk[data-key='{part[1]}']")).to_be_visible()
    page.reload()
    expect(page.locator(f"#desk[data-key='{part[1]}']")).to_be_visible()
    page.context.set_offline(False)
    assert acts.eventually(
        lambda: chosen in acts.response_of(demo_server, session, part[0]), page, 60
    )
    assert acts.eventually(lambda: len(acts.facts(demo_server, session, "offline_span")) == 1, page)
    (span,) = acts.facts(demo_server, session, "offline_span")
    assert (span["answers"], span["visited"][-1]) == (2, part[1])
    expect(page.locator(f"#desk[data-key='{part[1]}']")).to_be_visible()
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    assert acts.eventually(lambda: device.stored(page) == [], page)
    assert acts.rows(demo_server, KEPT_ASIDE) == []
    # One writer all along: the page that was loaded alone went on as the one before it.
    assert len(acts.facts(demo_server, session, "lease.claimed")) == 1


def test_what_opens_the_sealed_answers_is_on_no_disk(demo_server: Serving, page: Page) -> None:
    begin(page, demo_server, acts.UNLIMITED)
    key = str(page.evaluate("() => document.body.dataset.queueKey"))
    assert len(key) > 20
    assert key not in page.evaluate(ON_DISK)


def test_where_the_worker_has_forgotten_the_page_waits_calmly_and_nothing_is_lost(
    demo_server: Serving, page: Page
) -> None:
    session, part = begin(page, demo_server, acts.WITH_EXTRA)
    page.context.set_offline(True)
    device.choose(page, 2)
    chosen = value(page, 2)
    assert acts.eventually(lambda: len(device.stored(page)) == 1, page)
    page.evaluate(FORGETS)
    page.reload()
    expect(page.get_by_role("heading", name="The network is down")).to_be_visible()
    expect(page.locator("#clock")).to_be_hidden()
    page.context.set_offline(False)
    page.locator("#item-form").wait_for()
    assert acts.eventually(lambda: chosen in acts.response_of(demo_server, session, part[0]), page)
    expect(page.locator("#item-form input[type=radio]").nth(2)).to_be_checked()
    assert acts.rows(demo_server, KEPT_ASIDE) == []
