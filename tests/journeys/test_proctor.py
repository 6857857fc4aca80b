"""What a proctor does on the board reaches the candidate's open page within two seconds."""

from collections.abc import Callable
from time import monotonic

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from delivery.demo import people
from tests.journeys import acts
from tests.journeys.acts import EXAM
from tests.serving import Serving

SOON = 2_000
REASON = "Fire alarm or evacuation"


@pytest.fixture
def board(demo_server: Serving, new_context: Callable[..., BrowserContext]) -> Page:
    """The board of today's exam, on the proctor's own computer."""
    page = new_context(viewport={"width": 1280, "height": 900}).new_page()
    acts.sign_in_staff(page, demo_server, "proctor", "/proctor/")
    page.get_by_role("link", name=EXAM).click()
    expect(page.locator("#live")).to_have_text("Live")
    return page


def candidate(page: Page, server: Serving, code: str) -> str:
    """Sit down at the exam; returns the name on the board."""
    acts.sign_in(page, server, code)
    name = people.NAMES[acts.person(code)]
    if page.get_by_role("link", name="Continue").count():
        acts.resume(page, EXAM)
        acts.take_over(page)
    else:
        acts.start(page, EXAM)
    expect(page.locator("#clock .clock-time")).to_have_text(acts.TICKING)
    return name


def choose(board: Page, name: str, act: str, state: str = "In progress") -> None:
    # The row is drawn anew when its candidate starts: wait for the one that stays.
    expect(board.get_by_role("row").filter(has_text=name)).to_contain_text(state)
    board.get_by_role("checkbox", name=f"Choose {name}").check()
    board.locator("#act-bar").get_by_role("button", name=act, exact=True).click()
    expect(board.locator("#sheet")).to_be_visible()
    expect(board.locator("#sheet .people").first).to_contain_text(name)


def apply(board: Page, button: str) -> float:
    """Press the sheet's button; returns when."""
    pressed = monotonic()
    board.locator("#sheet").get_by_role("button", name=button).click()
    return pressed


def close(board: Page) -> None:
    board.locator("#sheet [data-closes]").first.click()
    expect(board.locator("#sheet")).to_be_hidden()
    board.locator("#clear").click()


def in_time(pressed: float) -> bool:
    return monotonic() - pressed < SOON / 1000


def test_pause_and_permission_reach_the_candidate(
    demo_server: Serving, board: Page, page: Page
) -> None:
    name = candidate(page, demo_server, acts.TO_START)
    item = acts.item_key(page)
    choose(board, name, "Pause")
    board.locator("#sheet").get_by_label("Reason").select_option(REASON)
    pressed = apply(board, "Pause now")
    expect(page.get_by_role("heading", name="Your proctor has paused the test")).to_be_visible()
    assert in_time(pressed)
    expect(page.get_by_text(REASON)).to_be_visible()
    expect(page.locator("[data-interaction]")).to_have_count(0)
    close(board)
    choose(board, name, "Let go on", state="Paused")
    board.locator("#sheet").get_by_label("Reason").select_option("The problem is solved")
    apply(board, "Let go on")
    page.get_by_role("button", name="Continue the test").click()
    page.locator("#desk").wait_for()
    assert acts.item_key(page) == item
    session = acts.session_of(page)
    (paused,) = acts.facts(demo_server, session, "session.paused")
    assert (paused["paused_by"], "reason" in paused) == ("proctor", False)
    assert acts.reasons(demo_server, session) == [REASON, "The problem is solved"]
    assert len(acts.facts(demo_server, session, "session.resumed")) == 1


def test_extension_reaches_the_candidate(demo_server: Serving, board: Page, page: Page) -> None:
    name = candidate(page, demo_server, acts.WITH_EXTRA)
    before = acts.seconds_left(page)
    choose(board, name, "Give time")
    sheet = board.locator("#sheet")
    sheet.get_by_label("How much").fill("10")
    sheet.get_by_label("Reason").select_option("Agreed extra time")
    pressed = apply(board, "Give this time")
    assert acts.eventually(lambda: acts.seconds_left(page) > before + 480, page)
    assert in_time(pressed)
    assert 560 < acts.seconds_left(page) - before <= 600
    session = acts.session_of(page)
    (given,) = acts.facts(demo_server, session, "time.extended")
    assert given["ms"] == 600_000
    assert acts.reasons(demo_server, session)[-1] == "Agreed extra time"


def test_message_reaches_the_candidate_and_its_reading_the_ledger(
    demo_server: Serving, board: Page, page: Page
) -> None:
    name = candidate(page, demo_server, acts.RUNNING)
    choose(board, name, "Message")
    board.locator("#sheet").get_by_label("Message").fill("Ten minutes to go.")
    pressed = apply(board, "Send")
    expect(page.get_by_text("Ten minutes to go.")).to_be_visible()
    assert in_time(pressed)
    page.get_by_role("button", name="I have read this").click()
    expect(page.get_by_text("Ten minutes to go.")).to_have_count(0)
    session = acts.session_of(page)
    assert acts.eventually(
        lambda: len(acts.facts(demo_server, session, "message.acknowledged")) == 1, page
    )


def test_call_for_help_reaches_the_board(demo_server: Serving, board: Page, page: Page) -> None:
    name = candidate(page, demo_server, acts.UNLIMITED)
    page.locator("summary", has_text="Menu").click()
    page.get_by_role("button", name="Ask for help").click()
    row = board.get_by_role("row").filter(has_text=name)
    expect(row).to_contain_text("help", ignore_case=True, timeout=SOON)


def test_progress_moves_on_the_board(demo_server: Serving, board: Page, page: Page) -> None:
    name = candidate(page, demo_server, acts.RUNNING)
    row = board.get_by_role("row").filter(has_text=name)
    before = row.locator(".progress").inner_text()
    acts.answer(page)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    expect(row.locator(".progress")).not_to_have_text(before, timeout=SOON)
