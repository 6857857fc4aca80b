"""Each interaction in a real browser: by pointer, by keyboard, and what the form then holds."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils.datastructures import MultiValueDict
from playwright.sync_api import BrowserContext, FloatRect, Page, Route

from assembly import rendering
from assembly.qti import item_session, stylesheets
from assembly.qti.item import AssessmentItem
from assembly.qti.values import Raw
from tests import axe
from tests.assembly.rendering_items import CASES, choices, declaration, interaction, item

pytestmark = pytest.mark.browser

ADDRESS = "http://item.test/"
STATIC = Path(__file__).parents[2] / "static"
MAP = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100">'
    '<rect width="200" height="100" fill="#def"/></svg>'
)
TYPES = {".css": "text/css", ".js": "text/javascript"}
Open = Callable[..., Page]


class Unshuffled:
    def below(self, n: int, label: str) -> int:
        return 0

    def permutation(self, n: int, label: str) -> list[int]:
        return list(range(n))


def document(found: AssessmentItem, responses: dict[str, Raw]) -> str:
    session = item_session.begin(found, Unshuffled())
    rendered = rendering.render_item(
        found, session, responses, asset_url=lambda href: href, style_url=lambda href: href
    )
    scripts = "".join(f'<script src="static/{name}" defer></script>' for name in rendered.scripts)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Item</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="static/css/base.css">'
        f'<link rel="stylesheet" href="static/css/qti.css">{scripts}</head><body>'
        '<main id="main"><h1>Item 1</h1><button type="button" class="button"'
        ' data-elimination-toggle aria-pressed="false" hidden>Cross out</button>'
        f'<form id="item-form" novalidate>{rendered.body}</form></main></body></html>'
    )


@pytest.fixture
def open_item(new_context: Callable[..., BrowserContext]) -> Open:
    def show(found: AssessmentItem, raw: Raw = None, width: int = 1280, **options: object) -> Page:
        context = new_context(viewport={"width": width, "height": 800}, **options)

        def answer(route: Route) -> None:
            path = route.request.url.removeprefix(ADDRESS)
            file = STATIC / path.removeprefix("static/")
            if not path:
                route.fulfill(body=document(found, {"R": raw}), content_type="text/html")
            elif path.startswith("static/") and file.is_file():
                route.fulfill(body=file.read_text(), content_type=TYPES[file.suffix])
            elif path == "item.css":
                sheet = stylesheets.scoped("p, h1 { color: rgb(1, 2, 3); }")
                route.fulfill(body=sheet, content_type="text/css")
            elif path.endswith(".png"):
                route.fulfill(body=MAP, content_type="image/svg+xml")
            else:
                route.abort()

        context.route("**/*", answer)
        page = context.new_page()
        page.goto(ADDRESS)
        page.evaluate("""() => {
            window.changes = 0;
            const count = () => { window.changes += 1; };
            document.querySelector('#item-form').addEventListener('change', count);
        }""")
        return page

    return show


def answered(found: AssessmentItem, page: Page) -> Raw:
    entries: list[list[str]] = page.evaluate(
        "() => [...new FormData(document.querySelector('#item-form')).entries()]"
        ".filter(([, value]) => typeof value === 'string')"
    )
    sent: MultiValueDict[str, str] = MultiValueDict()
    for name, value in entries:
        sent.appendlist(name, value)
    return rendering.posted_responses(found, sent)["R"]


def changes(page: Page) -> int:
    return int(page.evaluate("() => window.changes"))


@pytest.mark.parametrize("name", CASES)
def test_the_page_is_accessible_wide_and_narrow(open_item: Open, name: str) -> None:
    page = open_item(CASES[name].item)
    assert not is_wider_than_its_window(page)
    page.set_viewport_size({"width": 390, "height": 800})
    assert not is_wider_than_its_window(page)
    assert [height for height in heights(page) if height < 43.9] == []
    assert axe.violations(page) == []


def is_wider_than_its_window(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def heights(page: Page) -> list[float]:
    """Of what can be hit: a control, or the label that it stands in; words in a text are exempt."""
    found: list[float] = page.evaluate("""() => [...document.querySelectorAll(
        '#item-form :is(input, select, textarea, button)')]
        .filter(each => each.offsetParent && each.type !== 'file' && !each.closest('.qti-hottext'))
        .map(each => (each.closest('label.qti-card, label.qti-cell') || each)
            .getBoundingClientRect().height)""")
    return found


COLOUR = "selector => getComputedStyle(document.querySelector(selector)).color"


def test_an_items_stylesheet_reaches_its_content_on_light_grounds_only(open_item: Open) -> None:
    page = open_item(item("<p>Text</p>", '<qti-stylesheet href="item.css" type="text/css"/>'))
    own = "rgb(1, 2, 3)"
    assert page.evaluate(COLOUR, ".qti-item-body p") == own
    assert page.evaluate(COLOUR, "h1") != own
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert page.evaluate(COLOUR, ".qti-item-body p") != own
    page.evaluate("document.documentElement.dataset.theme = 'cream'")
    assert page.evaluate(COLOUR, ".qti-item-body p") == own


def test_a_click_anywhere_on_a_card_chooses_and_the_answer_can_be_cleared(open_item: Open) -> None:
    found = CASES["choice_single"].item
    page = open_item(found)
    page.locator(".qti-card").nth(1).click(position={"x": 400, "y": 10})
    assert answered(found, page) == "b"
    page.get_by_role("button", name="Clear my answer").click()
    assert answered(found, page) is None
    assert changes(page) == 2


def test_one_choice_too_many_is_taken_back_and_said(open_item: Open) -> None:
    found = item(
        interaction("choice", choices("qti-simple-choice", "abc"), 'max-choices="2"'),
        declaration("identifier", "multiple"),
    )
    page = open_item(found)
    for box in page.get_by_role("checkbox").all():
        box.click()
    assert answered(found, page) == ["a", "b"]
    assert "Only 2 can be chosen" in page.get_by_role("status").inner_text()
    assert changes(page) == 2


def test_choices_are_crossed_out_for_oneself_only_and_remembered(open_item: Open) -> None:
    found = CASES["choice_single"].item
    page = open_item(found)
    assert page.locator("[data-eliminate]:visible").count() == 0
    page.get_by_role("button", name="Cross out", exact=True).click()
    page.get_by_role("button", name="Cross out: choice b").click()
    page.reload()
    assert page.locator(".eliminated").get_attribute("data-choice") == "b"
    assert answered(found, page) is None


def test_order_is_moved_by_buttons_that_keep_the_focus(open_item: Open) -> None:
    found = CASES["order"].item
    page = open_item(found)
    assert answered(found, page) is None
    page.get_by_role("button", name="Move down: choice a").focus()
    page.keyboard.press("Enter")
    assert answered(found, page) == ["b", "a", "c"]
    assert page.evaluate("document.activeElement.ariaLabel") == "Move down: choice a"
    assert page.get_by_role("status").inner_text() == "choice a: now at place 2 of 3"
    page.keyboard.press("Enter")
    assert answered(found, page) == ["b", "c", "a"]
    assert changes(page) == 2


def test_the_shown_order_can_be_the_answer_and_be_cleared(open_item: Open) -> None:
    found = CASES["order"].item
    page = open_item(found)
    page.get_by_role("button", name="Answer with this order").click()
    assert answered(found, page) == ["a", "b", "c"]
    page.get_by_role("button", name="Clear my answer").click()
    assert answered(found, page) is None


def test_order_is_dragged(open_item: Open) -> None:
    found = CASES["order"].item
    page = open_item(found)
    rows = page.locator(".qti-order-item")
    rows.nth(2).hover(position={"x": 80, "y": 20})
    page.mouse.down()
    rows.nth(0).hover(position={"x": 80, "y": 5})
    rows.nth(0).hover(position={"x": 81, "y": 6})
    page.mouse.up()
    assert answered(found, page) == ["c", "a", "b"]


def test_some_of_the_choices_are_put_in_order(open_item: Open) -> None:
    found = CASES["order_some"].item
    page = open_item(found)
    page.get_by_role("button", name="Put in: choice c").click()
    page.get_by_role("button", name="Put in: choice a").click()
    assert answered(found, page) == ["c", "a"]
    assert page.get_by_role("button", name="Put in: choice b").is_disabled()
    page.get_by_role("button", name="Take out: choice c").click()
    assert answered(found, page) == ["a"]


def test_match_moves_a_tick_within_its_row(open_item: Open) -> None:
    found = CASES["match_rows"].item
    page = open_item(found)
    page.get_by_role("radio", name="choice a choice x").click()
    page.get_by_role("radio", name="choice a choice y").click()
    page.get_by_role("radio", name="choice b choice z").click()
    assert answered(found, page) == ["a y", "b z"]


def test_match_refuses_a_target_that_is_used_up(open_item: Open) -> None:
    found = item(
        interaction(
            "match",
            "<qti-simple-match-set>"
            + choices("qti-simple-associable-choice", "ab", 'match-max="0"')
            + "</qti-simple-match-set><qti-simple-match-set>"
            + choices("qti-simple-associable-choice", "xy", 'match-max="1"')
            + "</qti-simple-match-set>",
            'max-associations="0"',
        ),
        declaration("directedPair", "multiple"),
    )
    page = open_item(found)
    page.get_by_role("checkbox", name="choice a choice x").click()
    page.get_by_role("checkbox", name="choice b choice x").click()
    assert answered(found, page) == ["a x"]
    assert "cannot be used again" in page.get_by_role("status").inner_text()


def test_gaps_are_filled_by_pressing_a_choice_then_a_gap_and_by_dragging(open_item: Open) -> None:
    found = CASES["gap_match"].item
    page = open_item(found)
    chips, gaps = page.locator(".qti-chip"), page.locator("[data-gap]")
    chips.nth(0).click()
    gaps.nth(1).click()
    assert answered(found, page) == ["a y"]
    chips.nth(1).hover()
    page.mouse.down()
    gaps.nth(0).hover()
    page.mouse.move(*centre(gaps.nth(0).bounding_box()))
    page.mouse.up()
    assert answered(found, page) == ["b x", "a y"]
    assert changes(page) == 2


def centre(box: FloatRect | None) -> tuple[float, float]:
    assert box is not None
    return box["x"] + box["width"] / 2 + 1, box["y"] + box["height"] / 2


def test_gaps_are_filled_by_keyboard(open_item: Open) -> None:
    found = CASES["gap_match"].item
    page = open_item(found)
    page.locator(".qti-chip").nth(0).focus()
    page.keyboard.press("Enter")
    page.get_by_role("combobox", name="Gap 1").focus()
    page.keyboard.press("Enter")
    assert answered(found, page) == ["a x"]


def test_a_slider_and_its_number_agree_and_begin_unanswered(open_item: Open) -> None:
    found = CASES["slider"].item
    page = open_item(found)
    assert answered(found, page) is None
    page.get_by_role("slider").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert answered(found, page) == "2"
    page.get_by_role("spinbutton").fill("7")
    assert page.get_by_role("slider").input_value() == "7"


def test_words_are_counted_while_writing(open_item: Open) -> None:
    page = open_item(CASES["extended_text"].item)
    page.get_by_role("textbox").fill("It’s a well-known fact.")
    assert page.locator("[data-count]").inner_text() == "4 words, 23 characters"


def test_areas_of_a_picture_work_their_boxes(open_item: Open) -> None:
    found = CASES["hotspot"].item
    page = open_item(found)
    page.locator("[data-spot=b] rect").click()
    assert answered(found, page) == ["b"]
    page.locator("[data-area=c]").click()
    assert page.locator(".qti-spot.chosen").count() == 2
    page.locator("[data-spot=b] rect").click()
    assert answered(found, page) == ["c"]


def test_areas_pressed_in_turn_are_ordered(open_item: Open) -> None:
    found = CASES["graphic_order"].item
    page = open_item(found)
    for name in ("c", "a", "b"):
        page.locator(f"[data-spot={name}]").click()
    assert answered(found, page) == ["c", "a", "b"]
    page.locator("[data-spot=c]").click()
    assert answered(found, page) == ["a", "b"]


def test_two_areas_pressed_make_a_pair(open_item: Open) -> None:
    found = CASES["graphic_associate"].item
    page = open_item(found)
    page.locator("[data-spot=a]").click()
    page.locator("[data-spot=c]").click()
    assert answered(found, page) == ["a c"]
    assert page.locator(".qti-line").count() == 1


def test_a_choice_is_put_on_an_area(open_item: Open) -> None:
    found = CASES["graphic_gap_match"].item
    page = open_item(found)
    page.locator(".qti-chip").nth(1).click()
    page.locator("[data-spot=b]").click()
    assert answered(found, page) == ["y b"]


def on_screen(page: Page, x: int, y: int) -> tuple[float, float]:
    """Where a point of the picture lies in the window."""
    across, down = page.evaluate(
        """([x, y]) => {
            const drawing = document.querySelector('.qti-picture');
            const at = new DOMPoint(x, y).matrixTransform(drawing.getScreenCTM());
            return [at.x, at.y];
        }""",
        [x, y],
    )
    return across, down


def test_points_are_pressed_and_moved_by_arrow_keys(open_item: Open) -> None:
    found = CASES["select_point"].item
    page = open_item(found)
    page.mouse.click(*on_screen(page, 100, 50))
    assert answered(found, page) == ["100 50"]
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowDown")
    assert answered(found, page) == ["101 60"]
    page.get_by_role("button", name="Remove").click()
    assert answered(found, page) is None


def test_an_object_is_placed_on_its_stage(open_item: Open) -> None:
    found = CASES["position_object"].item
    page = open_item(found)
    page.mouse.click(*on_screen(page, 20, 20))
    assert answered(found, page) == "20 20"


def test_an_uploaded_file_is_held_as_text(open_item: Open) -> None:
    found = CASES["upload"].item
    page = open_item(found)
    page.locator("[data-file]").set_input_files(
        {"name": "essay.txt", "mimeType": "text/plain", "buffer": b"hello"}
    )
    page.get_by_text("Your file: essay.txt").wait_for()
    assert answered(found, page) == "data:text/plain;name=essay.txt;base64,aGVsbG8="
    assert changes(page) == 1


def test_a_drawing_is_held_as_a_picture(open_item: Open) -> None:
    found = CASES["drawing"].item
    page = open_item(found)
    page.locator("canvas").hover(position={"x": 20, "y": 20})
    page.mouse.down()
    page.mouse.move(200, 200)
    page.mouse.up()
    answer = answered(found, page)
    assert str(answer).startswith("data:image/png;name=drawing.png;base64,")
    page.get_by_role("button", name="Start again").click()
    assert answered(found, page) is None


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
