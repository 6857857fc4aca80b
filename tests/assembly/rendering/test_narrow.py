"""Content that is hard on a page: long words, wide formulas, large pictures on a small screen."""

import pytest
from playwright.sync_api import Page

from assembly.qti.item import AssessmentItem
from tests.assembly.item_page import Open, is_wider_than_its_window
from tests.assembly.rendering.items import CASES, declaration, interaction, item

pytestmark = pytest.mark.browser

LONG = (
    "Whoever asks for the Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichen"
    " has to know its name, and after it comes a row of words"
)
SUM = "".join(f"<mi>{letter}</mi><mo>+</mo>" for letter in "abcdefghijklmnopqrstuvwx")
MATHS = f'<math xmlns="http://www.w3.org/1998/Math/MathML"{{}}>{SUM}<mi>y</mi></math>'
PHONE = 390
# As wide as 1280 px at 400 %: WCAG's reflow.
WIDTHS = (1280, PHONE, 320)


def worded(tag: str, extra: str = "") -> str:
    texts = {"a": LONG, "b": "Short", "c": "Two words"}
    return "".join(f'<{tag} identifier="{k}" {extra}>{text}</{tag}>' for k, text in texts.items())


def sets() -> str:
    own = worded("qti-simple-associable-choice", 'match-max="1"')
    free = own.replace('identifier="', 'identifier="t').replace('max="1"', 'max="0"')
    return "".join(f"<qti-simple-match-set>{each}</qti-simple-match-set>" for each in (own, free))


def spots(tag: str, extra: str = "") -> str:
    return "".join(
        f'<{tag} identifier="{name}" shape="circle" coords="{x},300,120"'
        f' hotspot-label="{LONG}" {extra}/>'
        for name, x in (("a", 200), ("b", 600), ("c", 1000))
    )


LARGE = '<img src="map.png" alt="A map" width="1200" height="600"/>'
ONE, SEVERAL, ORDERED = "identifier", ("identifier", "multiple"), ("identifier", "ordered")
PAIRS, DIRECTED = ("pair", "multiple"), ("directedPair", "multiple")
GAPS = worded("qti-gap-text", 'match-max="1"') + f"<p>{LONG} <qti-gap identifier='x'/> so</p>"
ASSOCIABLE = spots("qti-associable-hotspot", 'match-max="1"')
HARD: dict[str, tuple[str, str | tuple[str, str]]] = {
    "choice": (interaction("choice", worded("qti-simple-choice")), ONE),
    "choice in a row": (
        interaction("choice", worded("qti-simple-choice"), 'class="qti-choices-stacking-3"'),
        ONE,
    ),
    "order": (interaction("order", worded("qti-simple-choice")), ORDERED),
    "order apart": (
        interaction("order", worded("qti-simple-choice"), 'class="qti-choices-left"'),
        ORDERED,
    ),
    "order in a row": (
        interaction("order", worded("qti-simple-choice"), 'class="qti-orientation-horizontal"'),
        ORDERED,
    ),
    "associate": (
        interaction("associate", worded("qti-simple-associable-choice", 'match-max="1"')),
        PAIRS,
    ),
    "match": (interaction("match", sets()), DIRECTED),
    "match beside": (interaction("match", sets(), 'class="qti-choices-left"'), DIRECTED),
    "match in a table": (interaction("match", sets(), 'class="qti-match-tabular"'), DIRECTED),
    "gap match": (interaction("gap-match", GAPS), DIRECTED),
    "gap match beside": (interaction("gap-match", GAPS, 'class="qti-choices-left"'), DIRECTED),
    "inline choice": (f"<p>{interaction('inline-choice', worded('qti-inline-choice'))}</p>", ONE),
    "text entry": (
        f"<p>{LONG} " + interaction("text-entry", "", 'expected-length="90"') + "</p>",
        "string",
    ),
    "hottext": (interaction("hottext", f"<p>{worded('qti-hottext')}</p>"), ONE),
    "hotspot": (interaction("hotspot", LARGE + spots("qti-hotspot-choice")), ONE),
    "graphic order": (interaction("graphic-order", LARGE + spots("qti-hotspot-choice")), ORDERED),
    "graphic associate": (interaction("graphic-associate", LARGE + ASSOCIABLE), PAIRS),
    "graphic gap match": (
        interaction("graphic-gap-match", LARGE + worded("qti-gap-text") + ASSOCIABLE),
        DIRECTED,
    ),
    "formula in a line": (f"<p>So {MATHS.format('')}.</p>", "string"),
    "formula": (MATHS.format(' display="block"'), "string"),
    "table": (f"<table><tr>{'<td>Wide cell</td>' * 20}</tr></table>", "string"),
    "code": (f"<pre>{'def_' * 60}</pre>", "string"),
}


def hard(name: str) -> AssessmentItem:
    body, shape = HARD[name]
    return item(body, declaration(shape) if isinstance(shape, str) else declaration(*shape))


STICKING_OUT = """() => [...document.querySelectorAll(
    '.qti-card, .qti-chip, .qti-order-item, .qti-bank, .qti-match-table th, .qti-match-scroll')]
    .filter(each => getComputedStyle(each.closest('thead') || each).position !== 'absolute')
    .filter(each => each.scrollWidth > each.clientWidth + 1)
    .map(each => `${each.className || each.tagName} by ${each.scrollWidth - each.clientWidth}`)"""


@pytest.mark.parametrize("name", HARD)
def test_nothing_long_widens_the_page_or_sticks_out_of_its_box(open_item: Open, name: str) -> None:
    page = open_item(hard(name))
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert not is_wider_than_its_window(page), width
        assert page.evaluate(STICKING_OUT) == [], width


# A mark is drawn anew when its picture has changed its size: for a moment it is the old one.
IS_HIGH = """([selector, least, most]) => {
  const height = document.querySelector(selector)?.getBoundingClientRect().height ?? 0;
  return least <= height && height <= most;
}"""


def wait_for_height(page: Page, selector: str, least: int, most: int) -> None:
    page.wait_for_function(IS_HIGH, arg=[selector, least, most])


def test_marks_on_a_large_picture_are_as_large_on_a_phone(open_item: Open) -> None:
    found = item(
        interaction("select-point", LARGE, 'max-choices="2"'), declaration("point", "multiple")
    )
    page = open_item(found, ["300 200", "900 400"])
    for width in (1280, PHONE):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_function("() => document.querySelectorAll('.qti-cross').length === 4")
        wait_for_height(page, ".qti-cross", 18, 32)


def test_a_point_on_a_large_picture_is_taken_by_a_finger(open_item: Open) -> None:
    found = item(interaction("select-point", LARGE, 'max-choices="2"'), declaration("point"))
    page = open_item(found, "600 300", PHONE)
    box = page.locator(".qti-picture").bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(middle[0] + 12, middle[1])
    page.mouse.down()
    page.mouse.move(middle[0] + 60, middle[1], steps=3)
    page.mouse.up()
    assert page.locator(".qti-point-mark").count() == 1


def test_words_laid_on_a_large_picture_can_be_read_on_a_phone(open_item: Open) -> None:
    page = open_item(hard("graphic gap match"), ["b b"], PHONE)
    wait_for_height(page, ".qti-laid text", 14, 60)


def shown(page: Page) -> list[str]:
    return page.locator(".qti-spot-number text").all_text_contents()


def test_areas_to_put_in_order_have_letters_until_they_have_a_place(open_item: Open) -> None:
    page = open_item(hard("graphic order"))
    assert shown(page) == ["A", "B", "C"]
    assert page.locator("[data-area] .qti-marker").all_text_contents() == ["A", "B", "C"]
    page.locator("[data-spot=c]").click()
    assert shown(page) == ["A", "B", "1"]
    page.locator("[data-spot=c]").click()
    assert shown(page) == ["A", "B", "C"]


def test_pictures_show_the_answer_that_is_looked_back_at(open_item: Open) -> None:
    closed = {"disabled": True}
    page = open_item(hard("graphic order"), ["c", "a"], shown=closed)
    assert shown(page) == ["2", "B", "1"]
    page.locator("[data-spot=b]").click()
    assert shown(page) == ["2", "B", "1"]
    page = open_item(hard("graphic associate"), ["a c"], shown=closed)
    assert page.locator(".qti-line").count() == 1
    page = open_item(hard("graphic gap match"), ["b b"], shown=closed)
    assert page.locator(".qti-laid text").all_text_contents() == ["Short"]
    found = item(interaction("select-point", LARGE), declaration("point"))
    page = open_item(found, "600 300", shown=closed)
    assert page.locator(".qti-point-mark").count() == 1


@pytest.mark.parametrize("name", ["drawing", "upload"])
def test_a_file_that_is_looked_back_at_cannot_be_chosen_anew(open_item: Open, name: str) -> None:
    page = open_item(CASES[name].item, shown={"disabled": True})
    assert page.locator("input[type=file], [data-drawing-tools]").count() == 0
    assert page.get_by_text("No file was handed in.").count() == (name == "upload")
