"""A candidate's page in Chromium through every signal, and every consequence that a rule has."""

from playwright.sync_api import Page, expect

from integrity.policy import lockdown
from tests.journeys import acts
from tests.journeys.acts import EXAM
from tests.serving import Serving

# What a browser would tell or dispatch; a headless one has neither a menu nor a printer, one
# screen that never sleeps, and a window that nothing ever covers.
BEFORE = """
Object.defineProperty(screen, "isExtended", { get: () => true });
Object.defineProperty(navigator, "wakeLock", { get: () => ({ request: () => Promise.reject() }) });
"""
DISPATCHED = {
    "copy_attempt": "body.dispatchEvent(new ClipboardEvent('copy', on))",
    "cut_attempt": "body.dispatchEvent(new ClipboardEvent('cut', on))",
    "paste_attempt": "body.dispatchEvent(new ClipboardEvent('paste', on))",
    "context_menu": "body.dispatchEvent(new MouseEvent('contextmenu', on))",
    "drag_attempt": "body.dispatchEvent(new DragEvent('dragstart', on))",
    "print_attempt": "window.dispatchEvent(new Event('beforeprint'))",
    "window_blur": "document.hasFocus = () => false; window.dispatchEvent(new Event('blur'))",
    "tab_hidden": "window.seen = 'hidden'; document.dispatchEvent(new Event('visibilitychange'))",
    "tab_visible": "window.seen = 'visible'; document.dispatchEvent(new Event('visibilitychange'))",
    "fullscreen_exit": "document.exitFullscreen()",
    "window_focus": "delete document.hasFocus; window.dispatchEvent(new Event('focus'))",
}
SETTING = """
window.seen = "visible";
Object.defineProperty(document, "visibilityState", { get: () => window.seen });
"""


def watch(server: Serving, rules: str, *, fullscreen: bool = False) -> None:
    """Let the exam watch every signal, with these steps for some."""
    server.manage(
        "shell",
        "-c",
        "from delivery.models import Sitting; from integrity.policy import lockdown;"
        "from integrity.models import LockdownPolicy;"
        "every = {n: [{'action': 'log', 'after': 1}] for n in lockdown.CLIENT_EVENTS};"
        f"row = LockdownPolicy.objects.create(name='All', rules=every | {rules},"
        f" requires_fullscreen={fullscreen});"
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


def notice(page: Page, name: str) -> None:
    setting = "const on = { bubbles: true, cancelable: true }, body = document.body;"
    page.evaluate(f"() => {{ {setting} {DISPATCHED[name]} }}")


def fired(page: Page, server: Serving, session: str, name: str) -> bool:
    """Whether a rule of this name reached the record in time."""

    def told() -> bool:
        return any(one["rule"] == name for one in acts.facts(server, session, "policy.fired"))

    return acts.eventually(told, page)


def noted(page: Page, server: Serving, session: str, name: str) -> bool:
    """Whether a signal reached the record in time."""
    return acts.eventually(lambda: bool(acts.facts(server, session, name)), page)


def missing(server: Serving, session: str) -> list[str]:
    return [name for name in lockdown.CLIENT_EVENTS if not acts.facts(server, session, name)]


def test_every_signal_reaches_the_record_and_none_disturbs(server: Serving, page: Page) -> None:
    watch(server, "{}", fullscreen=True)
    page.add_init_script(BEFORE)
    session = begin(page, server)
    page.evaluate(SETTING)
    page.locator("#cover button").click()
    assert noted(page, server, session, "fullscreen_enter")
    for name in DISPATCHED:
        notice(page, name)
        assert noted(page, server, session, name), name
    page.keyboard.press("Control+p")
    page.context.set_offline(True)
    page.wait_for_function("!navigator.onLine")
    page.context.set_offline(False)
    assert acts.eventually(lambda: not missing(server, session), page), missing(server, session)
    assert acts.column(server, session, "state") == "in_progress"
    expect(page.locator("#desk")).to_be_visible()


def test_each_consequence_is_felt_as_it_is_announced(server: Serving, page: Page) -> None:
    steps = {
        "print_attempt": "warn", "drag_attempt": "blur", "cut_attempt": "ask_proctor",
        "context_menu": "pause",
    }  # fmt: skip
    watch(server, str({name: [{"action": one, "after": 1}] for name, one in steps.items()}))
    session = begin(page, server)
    cover = page.locator("#cover")
    notice(page, "copy_attempt")
    assert noted(page, server, session, "copy_attempt")
    expect(cover).to_be_hidden()

    notice(page, "print_attempt")
    expect(page.locator("#alerts")).to_contain_text("Printing the test was tried.")
    expect(cover).to_be_hidden()

    notice(page, "drag_attempt")
    expect(cover).to_contain_text("Your test is covered until you press the button.")
    cover.get_by_role("button", name="Go on").click()
    expect(cover).to_be_hidden()

    notice(page, "cut_attempt")
    expect(cover).to_contain_text("a proctor has been called")
    expect(cover.get_by_role("button", name="Go on")).to_have_count(0)
    assert acts.column(server, session, "help_requested_at") is not None
    page.reload()
    expect(cover).to_contain_text("a proctor has been called")

    notice(page, "context_menu")
    page.wait_for_url("**/paused/")
    expect(page.get_by_text("Your saved answers are safe").first).to_be_visible()
    assert acts.column(server, session, "state") == "paused"
    assert acts.column(server, session, "paused_by") == "rule"


def test_a_signal_covers_the_test_and_the_next_one_ends_it(server: Serving, page: Page) -> None:
    steps = "[{'action': 'blur', 'after': 1}, {'action': 'terminate', 'after': 2}]"
    watch(server, f"{{'context_menu': {steps}}}")
    session = begin(page, server)
    page.mouse.click(5, 5, button="right")
    assert fired(page, server, session, "context_menu")
    page.get_by_role("heading", name="The menu of the right mouse button was opened").wait_for()
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("#cover")).to_be_hidden()
    page.mouse.click(5, 5, button="right")
    page.wait_for_url("**/receipt/")
    assert page.get_by_text("Your saved answers are kept.").is_visible()
    assert acts.column(server, session, "state") == "terminated"


def test_only_the_policy_s_shortcuts_are_kept_from_the_page(server: Serving, page: Page) -> None:
    watch(server, "{}")
    session = begin(page, server)
    for keys in ("Control+b", "Control+s", "Control+p"):
        page.keyboard.press(keys)

    def told() -> list[str]:
        return [one["detail"] for one in acts.facts(server, session, "keyboard_shortcut")]

    assert acts.eventually(lambda: told() == ["Ctrl+s", "Ctrl+p"], page), told()
