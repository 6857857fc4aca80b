"""Each interaction answered in a real browser with JavaScript switched off."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from assembly.qti.values import Raw
from tests.assembly.item_page import Open, answered
from tests.assembly.rendering.items import CASES

pytestmark = pytest.mark.browser


def pick(page: Page, name: str, value: str) -> None:
    page.locator(f'select[name="{name}"]').select_option(value)


def tick(page: Page, value: str) -> None:
    page.locator(f'#item-form input[value="{value}"]').check()


def write(page: Page, name: str, text: str) -> None:
    page.locator(f'[name="{name}"]').fill(text)


PLAIN: dict[str, tuple[list[tuple[Callable[..., None], tuple[str, ...]]], Raw]] = {
    "choice_single": ([(tick, ("b",))], "b"),
    "choice_multiple": ([(tick, ("a",)), (tick, ("c",))], ["a", "c"]),
    "text_entry": ([(write, ("r.R", "York"))], "York"),
    "inline_choice": ([(pick, ("r.R", "b"))], "b"),
    "extended_text": ([(write, ("r.R", "two\nlines"))], "two\nlines"),
    "order": (
        [(pick, ("r.R:a", "3")), (pick, ("r.R:b", "1")), (pick, ("r.R:c", "2"))],
        ["b", "c", "a"],
    ),
    "match_rows": ([(tick, ("a y",)), (tick, ("b x",))], ["a y", "b x"]),
    "match_table": ([(tick, ("a y",)), (tick, ("a z",))], ["a y", "a z"]),
    "hottext": ([(tick, ("c",))], ["c"]),
    "slider": ([(write, ("r.R", "4"))], "4"),
    "associate": ([(pick, ("r.R:1a", "a")), (pick, ("r.R:1b", "c"))], ["a c"]),
    "gap_match": ([(pick, ("r.R:y", "b"))], ["b y"]),
    "hotspot": ([(tick, ("a",)), (tick, ("b",))], ["a", "b"]),
    "graphic_order": (
        [(pick, ("r.R:a", "2")), (pick, ("r.R:b", "3")), (pick, ("r.R:c", "1"))],
        ["c", "a", "b"],
    ),
    "graphic_associate": ([(pick, ("r.R:1a", "b")), (pick, ("r.R:1b", "c"))], ["b c"]),
    "graphic_gap_match": ([(pick, ("r.R:a", "x"))], ["x a"]),
    "select_point": ([(write, ("r.R:1x", "10")), (write, ("r.R:1y", "20"))], ["10 20"]),
    "position_object": ([(write, ("r.R:1x", "10")), (write, ("r.R:1y", "20"))], "10 20"),
}


@pytest.mark.parametrize("name", PLAIN)
def test_it_is_answered_with_javascript_switched_off(open_item: Open, name: str) -> None:
    acts, expected = PLAIN[name]
    found = CASES[name].item
    page = open_item(found, java_script_enabled=False)
    for act, arguments in acts:
        act(page, *arguments)
    assert answered(found, page) == expected
    assert page.locator("[data-clear]:visible, [data-move]:visible, canvas").count() == 0
