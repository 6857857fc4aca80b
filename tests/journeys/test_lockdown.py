"""A candidate's page in Chromium through every signal, and what follows from some of them."""

from playwright.sync_api import Page, expect

from tests.journeys import acts
from tests.journeys.acts import EXAM
from tests.serving import Serving

# What a browser would dispatch; a headless one has neither a menu nor a printer.
SIGNALS = """
for (const [target, event] of [
  [document.body, new ClipboardEvent("copy", { bubbles: true, cancelable: true })],
  [document.body, new ClipboardEvent("cut", { bubbles: true, cancelable: true })],
  [document.body, new ClipboardEvent("paste", { bubbles: true, cancelable: true })],
  [document.body, new MouseEvent("contextmenu", { bubbles: true, cancelable: true })],
  [document.body, new DragEvent("dragstart", { bubbles: true, cancelable: true })],
  [window, new Event("beforeprint")],
]) target.dispatchEvent(event);
"""
DISPATCHED = {
    "copy_attempt", "cut_attempt", "paste_attempt", "context_menu", "drag_attempt",
    "print_attempt", "keyboard_shortcut", "screen_extended",
}  # fmt: skip


def watch(server: Serving, rules: str) -> None:
    """Let the exam watch every signal, with these steps for some."""
    server.manage(
        "shell",
        "-c",
        "from delivery.models import Sitting; from integrity import lockdown;"
        "from integrity.models import LockdownPolicy;"
        "every = {n: [{'action': 'log', 'after': 1}] for n in lockdown.CLIENT_EVENTS};"
        f"row = LockdownPolicy.objects.create(name='All', rules=every | {rules});"
        f"Sitting.objects.filter(title='{EXAM}')"
        ".update(lockdown=row, rules_may_terminate=True)",
    )


def begin(page: Page, server: Serving) -> str:
    acts.sign_in(page, server, acts.TO_START)
    acts.start(page, EXAM)
    # A page answers to signals as soon as it has said hello to the server.
    session = acts.session_of(page)
    assert acts.eventually(lambda: bool(acts.facts(server, session, "lease.claimed")), page)
    return session


def missing(server: Serving, session: str) -> list[str]:
    return sorted(name for name in DISPATCHED if not acts.facts(server, session, name))


def notice_everything(page: Page) -> None:
    page.evaluate(f"() => {{ {SIGNALS} }}")
    page.keyboard.press("Control+p")


def test_every_signal_reaches_the_record_and_none_disturbs(server: Serving, page: Page) -> None:
    watch(server, "{}")
    page.add_init_script("Object.defineProperty(screen, 'isExtended', { get: () => true })")
    session = begin(page, server)
    notice_everything(page)
    assert acts.eventually(lambda: not missing(server, session), page), missing(server, session)
    assert acts.column(server, session, "state") == "in_progress"
    expect(page.locator("#desk")).to_be_visible()


def test_a_signal_covers_the_test_and_the_next_one_ends_it(server: Serving, page: Page) -> None:
    steps = "[{'action': 'blur', 'after': 1}, {'action': 'terminate', 'after': 2}]"
    watch(server, f"{{'context_menu': {steps}}}")
    session = begin(page, server)
    page.mouse.click(5, 5, button="right")
    assert acts.eventually(lambda: bool(acts.facts(server, session, "policy.fired")), page)
    page.get_by_role("heading", name="The menu of the right mouse button was opened").wait_for()
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#cover")).to_be_hidden()
    page.mouse.click(5, 5, button="right")
    page.wait_for_url("**/receipt/")
    assert page.get_by_text("Your saved answers are kept.").is_visible()
    assert acts.column(server, session, "state") == "terminated"
