"""Supports of a profile in a real browser: each is switched on, switched off, and remembered."""

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests import axe
from tests.assembly.item_page import Open, answered, changes, is_wider_than_its_window
from tests.assembly.rendered import page as parsed
from tests.assembly.rendering.items import CASES, choices, declaration, interaction, item

SHOWS = {"supports": frozenset({"line-reader", "answer-masking", "keyword-emphasis"})}
VIDEO = (
    '<video src="a.mp4"><track src="a.vtt" kind="captions" srclang="en" label="English"/>'
    '<track src="b.vtt" kind="chapters"/></video>'
)


def styled(page: Page, selector: str, name: str) -> str:
    script = "([s, n]) => getComputedStyle(document.querySelector(s)).getPropertyValue(n)"
    return str(page.evaluate(script, [selector, name]))


def test_nobody_without_a_support_sees_a_switch() -> None:
    assert parsed(CASES["choice_single"].item).xpath("//*[@data-switches or @data-supports]") == []


def test_what_is_an_option_begins_switched_off() -> None:
    found = parsed(
        CASES["choice_single"].item,
        supports={"line-reader", "answer-masking"},
        optional={"line-reader"},
    )
    assert found.xpath("//*[@class='qti-item-body']/@data-supports") == ["answer-masking"]
    assert found.xpath("//*[@data-switch]/@aria-pressed") == ["false", "true"]


@pytest.mark.parametrize(("supports", "expected"), [(set(), []), ({"captions"}, ["captions"])])
def test_captions_are_on_from_the_start_for_who_needs_them(
    supports: set[str], expected: list[str]
) -> None:
    assert parsed(item(VIDEO), supports=supports).xpath("//track[@default]/@kind") == expected


@pytest.mark.parametrize(
    ("supports", "expected"), [(set(), "false"), ({"spell-checker-on-screen"}, "true")]
)
def test_spelling_is_checked_for_who_has_the_checker(supports: set[str], expected: str) -> None:
    found = parsed(CASES["extended_text"].item, supports=supports)
    assert found.xpath("//textarea/@spellcheck") == [expected]


@pytest.mark.parametrize(
    ("support", "name"),
    [("transcript", "Transcript"), ("long-description", "Description"), ("ext:other", "Note")],
)
def test_a_card_is_called_what_it_is(support: str, name: str) -> None:
    tail = (
        f'<qti-catalog-info><qti-catalog id="c"><qti-card support="{support}"><qti-html-content>'
        "<p>More</p></qti-html-content></qti-card></qti-catalog></qti-catalog-info>"
    )
    found = parsed(item('<p data-catalog-idref="c">word</p>', tail=tail), supports={support})
    button = found.xpath("//button[contains(@class, 'qti-note-button')]")[0]
    assert name in button.get("aria-label")


CALCULATOR = frozenset({"calculator-on-screen"})


def test_the_calculator_is_there_for_who_has_it_and_folded_as_an_option() -> None:
    found = CASES["choice_single"].item
    assert parsed(found).xpath("//*[@data-calculator]") == []
    assert parsed(found, supports=CALCULATOR, disabled=True).xpath("//*[@data-calculator]") == []
    assert len(parsed(found, supports=CALCULATOR).xpath("//*[@data-calculator and @open]")) == 1
    optional = parsed(found, supports=CALCULATOR, optional=CALCULATOR)
    assert len(optional.xpath("//*[@data-calculator and not(@open)]")) == 1
    # It is no answer: nothing of it goes with the form.
    assert optional.xpath("//*[@data-calculator]//@name") == []


@pytest.mark.browser
def test_the_calculator_calculates_what_is_written(open_item: Open) -> None:
    page = open_item(CASES["choice_single"].item, shown={"supports": CALCULATOR})
    line, result = page.get_by_label("Calculation"), page.locator("[data-result]")
    told = {
        "1+2*3": "= 7",
        "0,1 + 0.2": "= 0.3",
        "-2^2": "= -4",
        "2^3^2": "= 512",
        "2(3+4)": "= 14",
        "12 : 5": "= 2.4",
        "√(9)+√16": "= 7",
        "50% × 80": "= 40",
        "5² − 1": "= 24",
        "(1 + 2": "= 3",
        "2^-1": "= 0.5",
        "10 ÷ 4 ÷ 5": "= 0.5",
        "1/0": "This cannot be calculated.",
        "√(0-1)": "This cannot be calculated.",
        "alert(1)": "This cannot be calculated.",
        "2 +": "This cannot be calculated.",
        "(" * 150: "This cannot be calculated.",
    }
    for calculation, expected in told.items():
        line.fill(calculation)
        line.press("Enter")
        assert (calculation, result.inner_text()) == (calculation, expected)


@pytest.mark.browser
def test_the_calculator_is_worked_by_its_keys_and_answers_nothing(open_item: Open) -> None:
    found = CASES["choice_single"].item
    page = open_item(found, shown={"supports": CALCULATOR})
    for key in ("7", "Times", "6", "Calculate"):
        page.get_by_role("button", name=key, exact=True).click()
    assert page.locator("[data-result]").inner_text() == "= 42"
    for key in ("Clear", "The last result", "Minus", "2", "5", "Delete the last character"):
        page.get_by_role("button", name=key, exact=True).click()
    page.get_by_label("Calculation").press("Enter")
    assert page.locator("[data-result]").inner_text() == "= 40"
    assert answered(found, page) is None
    page.set_viewport_size({"width": 320, "height": 256})
    assert not is_wider_than_its_window(page)
    assert axe.violations(page) == []
    page.locator("summary", has_text="Calculator").click()
    page.wait_for_function("sessionStorage.getItem('invigil.calculator') === 'closed'")
    page.reload()
    expect(page.locator("summary", has_text="Calculator")).to_be_visible()
    assert not page.get_by_label("Calculation").is_visible()


NOTES = frozenset({"note-taking-on-screen"})


def test_who_takes_notes_has_a_place_for_them_while_an_item_is_open() -> None:
    found = CASES["choice_single"].item
    assert parsed(found).xpath("//*[@data-notes]") == []
    assert parsed(found, supports=NOTES, disabled=True).xpath("//*[@data-notes]") == []
    assert len(parsed(found, supports=NOTES).xpath("//*[@data-notes and @open]")) == 1
    optional = parsed(found, supports=NOTES, optional=NOTES)
    assert len(optional.xpath("//*[@data-notes and not(@open)]")) == 1
    assert optional.xpath("//*[@data-notes]//@name") == []


@pytest.mark.browser
def test_notes_stay_in_the_tab_and_answer_nothing(open_item: Open) -> None:
    found = CASES["choice_single"].item
    page = open_item(found, shown={"supports": NOTES})
    notes = page.get_by_role("textbox", name="My notes")
    notes.fill("b looks wrong")
    notes.blur()
    assert changes(page) == 0
    assert answered(found, page) is None
    page.set_viewport_size({"width": 320, "height": 256})
    assert not is_wider_than_its_window(page)
    assert axe.violations(page) == []
    page.reload()
    expect(notes).to_have_value("b looks wrong")
    page.locator("summary", has_text="My notes").click()
    page.wait_for_function("sessionStorage.getItem('invigil.notes.').includes('false')")
    page.reload()
    expect(page.locator("summary", has_text="My notes")).to_be_visible()
    assert not notes.is_visible()


@pytest.mark.browser
def test_choices_are_covered_until_they_are_asked_for(open_item: Open) -> None:
    found = CASES["choice_single"].item
    page = open_item(found, shown=SHOWS)
    seen = ".qti-choice-row:first-child .qti-content"
    assert styled(page, seen, "color") == "rgba(0, 0, 0, 0)"
    page.get_by_role("radio", name="choice b").check()
    page.get_by_role("button", name="Show: choice a").click()
    assert styled(page, seen, "color") != "rgba(0, 0, 0, 0)"
    page.get_by_role("button", name="Cover: choice a").click()
    page.get_by_role("button", name="Cover the choices").click()
    assert styled(page, seen, "color") != "rgba(0, 0, 0, 0)"
    assert page.get_by_role("button", name="Show: choice a").count() == 0
    assert answered(found, page) == "b"


@pytest.mark.browser
def test_the_line_reader_follows_keys_focus_and_pointer(open_item: Open) -> None:
    page = open_item(CASES["choice_single"].item, shown=SHOWS)
    line = page.get_by_role("slider", name="Line that is read")
    page.mouse.move(200, 300)
    top = line.evaluate("each => each.getBoundingClientRect().top")
    assert abs(top + line.evaluate("each => each.offsetHeight") / 2 - 300) < 2
    line.focus()
    page.keyboard.press("ArrowDown")
    assert line.evaluate("each => each.getBoundingClientRect().top") > top
    page.get_by_role("radio", name="choice c").focus()
    reads = line.evaluate("each => each.getBoundingClientRect().toJSON()")
    box: Any = page.get_by_role("radio", name="choice c").bounding_box()
    assert reads["top"] <= box["y"] <= reads["bottom"]
    page.get_by_role("button", name="Line reader").click()
    assert line.count() == 0


@pytest.mark.browser
def test_keywords_are_stressed_and_the_switch_is_remembered(open_item: Open) -> None:
    page = open_item(item('<p>A <span class="qti-keyword-emphasis">key</span></p>'), shown=SHOWS)
    weight = ".qti-keyword-emphasis"
    assert styled(page, weight, "font-weight") == "700"
    page.get_by_role("button", name="Stress the keywords").click()
    page.reload()
    page.get_by_role("button", name="Stress the keywords", pressed=False).wait_for()
    assert styled(page, weight, "font-weight") == "400"


@pytest.mark.browser
def test_one_column_puts_everything_below_each_other(open_item: Open) -> None:
    cells = "".join(f'<p class="qti-layout-col6">{name}</p>' for name in "ab")
    row = f'<div class="qti-layout-row">{cells}</div>'
    body = row + interaction(
        "choice", choices("qti-simple-choice", "ab"), 'class="qti-choices-stacking-2"'
    )
    found = item(body, declaration("identifier"))
    page = open_item(found, shown={"supports": frozenset({"layout-single-column"})})
    tops = "all => all.map(each => each.getBoundingClientRect().top)"
    for selector in (".qti-layout-row > *", ".qti-choice-row"):
        first, second = page.locator(selector).evaluate_all(tops)
        assert second > first


@pytest.mark.browser
def test_supports_are_accessible_wide_and_narrow(open_item: Open) -> None:
    page = open_item(CASES["choice_single"].item, shown={"supports": frozenset({"answer-masking"})})
    assert axe.violations(page) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")
