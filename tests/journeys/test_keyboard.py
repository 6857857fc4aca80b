"""An exam by keyboard alone: sign in, start, choose, write, go on and come back."""

from playwright.sync_api import Page, Route, expect

from tests.journeys import acts
from tests.serving import Serving

MOST_TABS = 60


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has the focus; it must be reachable that way."""
    for _ in range(MOST_TABS):
        if page.evaluate("name => document.activeElement.matches(name)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{selector} is not reached by {MOST_TABS} presses of Tab")


def test_keyboard_alone_carries_through_a_test(demo_server: Serving, page: Page) -> None:
    page.goto(f"{demo_server.url}/signin/")
    tab_to(page, "input[name=code]")
    page.keyboard.type(acts.PRACTISING.lower().replace("-", " "))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Hello").wait_for()
    tab_to(page, "a[href^='/sittings/']")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Start the test").wait_for()
    tab_to(page, "input[type=checkbox]")
    page.keyboard.press("Space")
    tab_to(page, "main form button.primary")
    page.keyboard.press("Enter")
    page.locator("#desk").wait_for()
    first = acts.item_key(page)
    tab_to(page, "input[type=radio]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect(page.locator("input[type=radio]").nth(1)).to_be_checked()
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    tab_to(page, "#next")
    page.keyboard.press("Enter")
    expect(page.locator(f"#desk:not([data-key='{first}'])")).to_be_visible()
    page.keyboard.press("Alt+Shift+B")
    expect(page.locator(f"#desk[data-key='{first}']")).to_be_visible()
    expect(page.locator("input[type=radio]").nth(1)).to_be_checked()
    page.keyboard.press("Alt+Shift+M")
    expect(page.locator("#map-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#map-dialog")).to_be_hidden()


# Presses Back in the very moment in which the next item is there.
AT_ONCE = """() => {
  window.same = true;
  const first = document.getElementById("desk");
  new MutationObserver((changes, observer) => {
    if (document.getElementById("desk") === first) return;
    observer.disconnect();
    document.dispatchEvent(new KeyboardEvent(
      "keydown", { code: "KeyB", key: "B", altKey: true, shiftKey: true, bubbles: true }));
  }).observe(document.body, { childList: true, subtree: true });
}"""


def test_a_shortcut_works_in_the_moment_in_which_an_item_appears(
    demo_server: Serving, page: Page
) -> None:
    acts.sign_in(page, demo_server, acts.TO_START)
    acts.start(page, acts.EXAM)
    assert acts.seconds_left(page) > 0
    first = acts.item_key(page)
    page.evaluate(AT_ONCE)
    with page.expect_response("**/items/**"), page.expect_response("**/items/**"):
        page.keyboard.press("Alt+Shift+N")
    expect(page.locator(f"#desk[data-key='{first}']")).to_be_visible()
    # In its place: the page was not loaded anew, which would have left the full screen.
    assert page.evaluate("() => window.same") is True


def test_a_shortcut_works_before_the_scripts_of_the_page_are_there(
    demo_server: Serving, page: Page
) -> None:
    acts.sign_in(page, demo_server, acts.UNLIMITED)
    acts.start(page, acts.EXAM)
    late: list[Route] = []

    def hold(route: Route) -> None:
        late.append(route)

    page.route("**/js/session*.js", hold)
    page.reload(wait_until="commit")
    # The page has been read to its end; its scripts have not come.
    page.locator("#words").wait_for(state="attached")
    page.keyboard.press("Alt+Shift+M")
    expect(page.locator("#map-dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Alt+Shift+T")
    assert acts.eventually(lambda: bool(late), page)
    late[0].continue_()
    expect(page.locator("#polite")).to_contain_text("Time left")


def test_focus_is_always_visible(demo_server: Serving, page: Page) -> None:
    page.goto(f"{demo_server.url}/signin/")
    for _ in range(8):
        page.keyboard.press("Tab")
        width = page.evaluate("parseFloat(getComputedStyle(document.activeElement).outlineWidth)")
        assert width >= 2, page.evaluate("document.activeElement.outerHTML")
