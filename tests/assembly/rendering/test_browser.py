"""Each interaction in a real browser: by pointer, by keyboard, and what the form then holds."""

import pytest
from playwright.sync_api import FloatRect, Locator, Page

from tests import axe
from tests.assembly.item_page import Open, answered, changes, is_wider_than_its_window
from tests.assembly.rendering.items import CASES, IMAGE, choices, declaration, interaction, item

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", CASES)
def test_the_page_is_accessible_wide_and_narrow(open_item: Open, name: str) -> None:
    page = open_item(CASES[name].item)
    assert not is_wider_than_its_window(page)
    page.set_viewport_size({"width": 390, "height": 800})
    assert not is_wider_than_its_window(page)
    assert [height for height in heights(page) if height < 43.9] == []
    # As wide as 1280 px at 400 %: WCAG's reflow.
    page.set_viewport_size({"width": 320, "height": 256})
    assert not is_wider_than_its_window(page)
    page.set_viewport_size({"width": 390, "height": 800})
    for scheme in ("light", "dark"):
        # A colour on its way from one scheme to the other is neither's.
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert axe.violations(page) == [], scheme


def test_an_item_from_right_to_left_is_no_wider_than_its_window(open_item: Open) -> None:
    body = interaction("order", choices("qti-simple-choice", "ab"))
    page = open_item(item(f'<div dir="rtl">{body}</div>', declaration("identifier", "ordered")))
    page.set_viewport_size({"width": 390, "height": 800})
    assert not is_wider_than_its_window(page)


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


def test_choices_of_two_sides_are_put_in_and_taken_out_by_buttons(open_item: Open) -> None:
    found = CASES["order_apart"].item
    page = open_item(found)
    waiting, ordered = page.locator(".qti-order-bank"), page.locator(".qti-order-list")
    for name in "cab":
        page.get_by_role("button", name=f"Put in: choice {name}").focus()
        page.keyboard.press("Enter")
    assert answered(found, page) == ["c", "a", "b"]
    assert waiting.locator("li").count() == 0
    page.get_by_role("button", name="Move up: choice b").click()
    page.get_by_role("button", name="Take out: choice c").click()
    assert answered(found, page) == ["b", "a"]
    assert [waiting.locator("li").count(), ordered.locator("li").count()] == [1, 2]
    page.get_by_role("button", name="Clear my answer").click()
    assert answered(found, page) is None
    assert waiting.locator("li").count() == 3


def test_choices_of_two_sides_are_dragged_across(open_item: Open) -> None:
    found = CASES["order_apart"].item
    page = open_item(found)
    waiting, ordered = page.locator(".qti-order-bank"), page.locator(".qti-order-list")
    drag(page, waiting.locator('[data-choice="b"]'), ordered)
    drag(page, waiting.locator('[data-choice="c"]'), ordered.locator('[data-choice="b"]'))
    assert answered(found, page) == ["c", "b"]
    drag(page, ordered.locator('[data-choice="c"]'), waiting)
    assert answered(found, page) == ["b"]


def drag(page: Page, piece: Locator, onto: Locator) -> None:
    """From the words of a choice to the upper half of what takes it."""
    piece.hover(position={"x": 20, "y": 20})
    page.mouse.down()
    onto.hover(position={"x": 40, "y": 4})
    onto.hover(position={"x": 41, "y": 5})
    page.mouse.up()


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


def test_one_pair_too_many_is_taken_back_in_the_items_own_words(open_item: Open) -> None:
    extra = 'max-associations="1" data-max-selections-message="Only one!"'
    gaps = '<p><qti-gap identifier="x"/> and <qti-gap identifier="y"/></p>'
    inside = choices("qti-gap-text", "ab", 'match-max="1"') + gaps
    found = item(interaction("gap-match", inside, extra), declaration("directedPair", "multiple"))
    page = open_item(found)
    page.get_by_role("combobox", name="Gap 1").select_option("a")
    page.get_by_role("combobox", name="Gap 2").select_option("b")
    assert answered(found, page) == ["a x"]
    assert page.locator(".qti-limit").inner_text() == "Only one!"


def test_one_pair_too_many_on_a_picture_is_taken_back(open_item: Open) -> None:
    areas = "".join(
        f'<qti-associable-hotspot identifier="{name}" shape="circle" coords="{x},50,9"'
        ' match-max="1"/>'
        for name, x in (("p", 50), ("q", 150))
    )
    image = '<img src="a.png" alt="{}" width="9" height="9"/>'
    gaps = "".join(
        f'<qti-gap-img identifier="{name}" match-max="1">{image.format(name)}</qti-gap-img>'
        for name in "ab"
    )
    extra = 'max-associations="1" data-max-selections-message="Only one!"'
    body = interaction("graphic-gap-match", IMAGE + gaps + areas, extra)
    found = item(body, declaration("directedPair", "multiple"))
    page = open_item(found)
    page.locator(".qti-chip").nth(0).click()
    page.locator("[data-spot=p]").click()
    page.locator(".qti-chip").nth(1).click()
    page.locator("[data-spot=q]").click()
    assert answered(found, page) == ["a p"]
    assert page.locator(".qti-limit").inner_text() == "Only one!"


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


def test_a_medium_starts_by_itself_where_the_item_asks_for_it_and_once_only(
    open_item: Open,
) -> None:
    inside = '<audio src="a.mp3"/>'
    played = (
        "HTMLMediaElement.prototype.play ="
        " () => { window.played = true; return Promise.resolve(); };"
    )
    for extra, raw, expected in (
        ('autostart="true"', None, True),
        ('autostart="true"', "1", False),
        ('autostart="false"', None, False),
    ):
        found = item(interaction("media", inside, extra), declaration("integer"))
        page = open_item(found, raw)
        page.add_init_script(played)
        page.reload()
        assert page.evaluate("Boolean(window.played)") is expected
