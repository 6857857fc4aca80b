"""The board in a real browser: it stays live, holds still, filters, and works by keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, WebSocketRoute, expect

from tests.axe import violations
from tests.journeys import acts
from tests.journeys.acts import EXAM
from tests.serving import Serving

pytestmark = pytest.mark.browser

OPENED = {"viewport": {"width": 1280, "height": 900}}


def open_board(page: Page, server: Serving) -> Page:
    acts.sign_in_staff(page, server, "proctor", "/proctor/")
    page.get_by_role("link", name=EXAM).click()
    return page


@pytest.fixture
def board(demo_server: Serving, new_context: Callable[..., BrowserContext]) -> Page:
    page = open_board(new_context(**OPENED).new_page(), demo_server)
    expect(page.locator("#live")).to_have_text("Live")
    return page


def shown(board: Page) -> Locator:
    return board.locator("#lines tr:not([hidden])")


def order(board: Page) -> list[str]:
    found: list[str] = board.locator("#lines tr").evaluate_all("rows => rows.map(row => row.id)")
    return found


def number(board: Page, name: str) -> int:
    return int(board.locator(f'[data-count="{name}"]').inner_text())


def test_a_filter_shows_as_many_rows_as_it_counts_and_is_in_the_address(board: Page) -> None:
    board.locator(".states").get_by_role("link", name="In progress").click()
    expect(shown(board)).to_have_count(number(board, "in_progress"))
    expect(board).to_have_url(re.compile(r"\?standing=in_progress$"))
    board.reload()
    expect(shown(board)).to_have_count(number(board, "in_progress"))


def test_words_narrow_the_rows_while_they_are_typed(board: Page) -> None:
    name = board.locator("#lines tr .who a").first.inner_text()
    board.get_by_label("Find by name, number or room").fill(name)
    expect(shown(board)).to_have_count(1)
    board.get_by_label("Find by name, number or room").fill("nobody is called that")
    expect(board.get_by_text("No candidate fits this filter.")).to_be_visible()


def test_the_time_left_ticks(board: Page) -> None:
    cell = board.locator("#lines td.left[data-ends]").first
    before = cell.inner_text()
    expect(cell).not_to_have_text(before)


def test_rows_hold_still_while_one_is_chosen_and_sort_themselves_afterwards(
    board: Page, demo_server: Serving, page: Page
) -> None:
    board.locator("#lines tr").last.get_by_role("checkbox").check()
    before = order(board)
    calm = board.locator('#lines tr[data-standing="in_progress"]:not([data-urgent])').first
    row_id, target = str(calm.get_attribute("id")), calm.locator("input").input_value()
    acts.sign_in_staff(page, demo_server, "proctor", "/proctor/")
    page.goto(f"{demo_server.url}/proctor/sessions/{target}/")
    page.get_by_role("button", name="Pause").click()
    page.get_by_label("In your own words").fill("Fire alarm")
    page.get_by_role("button", name="Pause now").click()
    expect(board.locator(f"#{row_id} .state")).to_contain_text("Fire alarm")
    assert order(board) == before
    expect(board.get_by_role("button", name="Sort by need now")).to_be_visible()
    board.get_by_role("button", name="Clear").click()
    expect(board.get_by_role("button", name="Sort by need now")).to_be_hidden()
    needs = board.locator("#lines tr").evaluate_all("rows => rows.map(row => +row.dataset.need)")
    assert needs == sorted(needs, reverse=True)


def test_the_side_panel_opens_and_closes_by_keyboard_and_gives_the_focus_back(
    board: Page,
) -> None:
    link = board.locator("#lines tr .who a").first
    link.focus()
    board.keyboard.press("Enter")
    expect(board.locator("#panel-title")).to_be_focused()
    expect(board.locator("#panel")).to_contain_text("Story")
    board.keyboard.press("Escape")
    expect(board.locator("#panel")).to_be_hidden()
    expect(board.locator("#lines tr .who a").first).to_be_focused()


def test_a_sheet_is_filled_and_sent_by_keyboard(board: Page) -> None:
    row = board.locator('#lines tr[data-standing="in_progress"]').first
    row_id = str(row.get_attribute("id"))
    row.get_by_role("checkbox").focus()
    board.keyboard.press("Space")
    board.locator("#act-bar").get_by_role("button", name="Message").press("Enter")
    expect(board.locator("#sheet-title")).to_be_focused()
    board.get_by_label("Message", exact=True).press_sequentially("Ten minutes are left.")
    board.get_by_role("button", name="Send").press("Enter")
    expect(board.locator("#sheet")).to_contain_text("Done for 1 of 1.")
    board.keyboard.press("Escape")
    expect(board.locator("#sheet")).to_be_hidden()
    expect(board.locator(f"#{row_id} input")).to_be_checked()


def test_without_a_socket_the_board_looks_every_five_seconds_and_says_so(
    demo_server: Serving, new_context: Callable[..., BrowserContext]
) -> None:
    def refuse(socket: WebSocketRoute) -> None:
        socket.close()

    page = new_context(**OPENED).new_page()
    page.route_web_socket(re.compile(r"/ws/proctor/"), refuse)
    board = open_board(page, demo_server)
    expect(board.locator("#live")).to_have_text(
        "No live connection: looking every 5 s", timeout=8_000
    )
    row = board.locator('#lines tr[data-standing="in_progress"]').first
    row.evaluate("row => { row.dataset.stamp = ''; row.querySelector('.state').remove(); }")
    row_id = str(row.get_attribute("id"))
    expect(board.locator(f"#{row_id} .state")).to_have_text("In progress", timeout=8_000)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_part_of_the_board_has_a_grave_fault_or_runs_out_of_the_page(
    demo_server: Serving,
    new_context: Callable[..., BrowserContext],
    width: int,
    scheme: str,
) -> None:
    context = new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    board = open_board(context.new_page(), demo_server)
    assert violations(board) == []
    board.locator("#lines tr").first.get_by_role("checkbox").check()
    board.locator("#act-bar").get_by_role("button", name="Give time").click()
    expect(board.locator("#sheet")).to_be_visible()
    assert violations(board) == []
    assert board.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
