"""A sign-in that ends during a test, a network that fails for good: no answer is lost."""

import json
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from tests.journeys import acts
from tests.journeys.acts import EXAM
from tests.serving import Serving

Contexts = Callable[..., BrowserContext]
ONCE_MORE = "Please sign in once more"


def choose(page: Page, number: int) -> None:
    page.locator("#item-form input[type=radio]").nth(number).check(force=True)


def end_sign_ins(server: Serving, page: Page) -> None:
    """Let every sign-in end on the server's side, and the page's socket with it."""
    cookies = [one for one in page.context.cookies() if one["name"] != "sessionid"]
    page.context.clear_cookies()
    page.context.add_cookies(cookies)  # type: ignore[arg-type]
    acts.write(server, "DELETE FROM django_session")


def sign_in_again(page: Page, code: str) -> None:
    page.get_by_label("Access code").fill(code)
    page.get_by_role("button", name="Sign in and go on").click()


def test_a_sign_in_that_ended_is_asked_for_in_place_and_nothing_is_lost(
    demo_server: Serving, page: Page
) -> None:
    acts.sign_in(page, demo_server, acts.TO_START)
    acts.start(page, EXAM)
    session, key = acts.session_of(page), acts.item_key(page)
    choose(page, 0)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    end_sign_ins(demo_server, page)
    choose(page, 2)
    page.locator("#next").click()
    expect(page.get_by_role("heading", name=ONCE_MORE)).to_be_visible()
    sign_in_again(page, acts.WITH_EXTRA)
    expect(page.locator("#cover #again-problem")).to_contain_text("belongs to somebody else")
    sign_in_again(page, acts.TO_START)
    expect(page.get_by_role("heading", name=ONCE_MORE)).to_be_hidden()
    assert acts.item_key(page) == key
    expect(page.locator("#item-form input[type=radio]").nth(2)).to_be_checked()
    assert acts.eventually(
        lambda: (
            acts.rows(
                demo_server,
                "SELECT revision FROM delivery_itemsession WHERE session_id = ? AND key = ?",
                session.replace("-", ""),
                key,
            )
            == [(2,)]
        ),
        page,
    )
    page.locator("#next").click()
    acts.left(page, key)
    acts.answer(page)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED, timeout=20_000)
    assert acts.rows(demo_server, "SELECT count(*) FROM delivery_quarantine") == [(0,)]


def test_a_form_token_that_is_too_old_is_renewed_without_a_word(
    demo_server: Serving, page: Page
) -> None:
    acts.sign_in(page, demo_server, acts.WITH_EXTRA)
    acts.start(page, EXAM)
    session, key = acts.session_of(page), acts.item_key(page)
    # Signing in once more in another tab gives the browser another token than this page has.
    other = page.context.new_page()
    acts.sign_in(other, demo_server, acts.WITH_EXTRA)
    other.close()
    choose(page, 1)
    page.locator("#next").click()
    assert acts.eventually(lambda: bool(acts.facts(demo_server, session, "response.saved")), page)
    acts.left(page, key)


def test_a_network_that_fails_for_good_leaves_a_sealed_file_that_staff_open(
    demo_server: Serving, new_context: Contexts
) -> None:
    page = new_context().new_page()
    acts.sign_in(page, demo_server, acts.UNLIMITED)
    acts.start(page, EXAM)
    session = acts.session_of(page)
    choose(page, 0)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    page.context.set_offline(True)
    choose(page, 1)
    expect(page.locator("#save-state")).to_contain_text("Offline since", timeout=30_000)
    # Two minutes later, as the page counts them.
    page.evaluate("() => { const now = Date.now; Date.now = () => now() + 300000 }")
    expect(page.locator("#rescue")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save the sealed file").click()
    saved = waiting.value.path().read_bytes()
    assert json.loads(saved)["session"] == session
    assert b"RESPONSE" not in saved
    page.context.close()
    proctor = new_context().new_page()
    sitting = acts.column(demo_server, session, "sitting_id")
    acts.sign_in_staff(proctor, demo_server, "proctor", f"/proctor/{sitting}/sealed/")
    file = {"name": "a.invigil", "mimeType": "application/json", "buffer": saved}
    proctor.get_by_label("Sealed file").set_input_files(file)  # type: ignore[arg-type]
    proctor.get_by_role("button", name="Look inside").click()
    proctor.get_by_role("region", name="What the file holds").wait_for()
    proctor.get_by_role("button", name="Let these answers arrive").click()
    expect(proctor.get_by_text("1 answer has arrived")).to_be_visible()
    assert len(acts.facts(demo_server, session, "response.saved")) == 2
    (opened,) = acts.facts(demo_server, session, "export.opened")
    assert (opened["answers"], opened["saved"], opened["kept"]) == (1, 1, 0)
