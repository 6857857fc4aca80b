"""QTI's vocabulary of classes in a real browser: each class does what it says."""

import pytest
from playwright.sync_api import Page

from assembly.qti.item import AssessmentItem
from tests.assembly.item_page import Open
from tests.assembly.rendering.items import IMAGE, choices, declaration, interaction, item
from tests.assembly.vocabulary import CONTENT, INPUT_WIDTHS

pytestmark = pytest.mark.browser

MEASURED = """rows => rows.map(([name, property]) => {
    const element = document.querySelector(`.${CSS.escape(name)}`);
    return getComputedStyle(element).getPropertyValue(property);
})"""
HEIGHTS = {3: "R", 6: "S", 15: "T"}
SIDES = {"top": ("top", 1), "bottom": ("top", -1), "left": ("left", 1), "right": ("left", -1)}
HOLDER = (400.0, 200.0)
SET = "<qti-simple-match-set>{}</qti-simple-match-set>"
PAIRED = SET.format(choices("qti-simple-associable-choice", "ab", 'match-max="1"')) + SET.format(
    choices("qti-simple-associable-choice", "xy", 'match-max="2"')
)
GAPS = (
    choices("qti-gap-text", "ab", 'match-max="1"')
    + '<p>one <qti-gap identifier="x" class="qti-input-width-20"/> two</p>'
)
PICTURED = (
    IMAGE
    + '<qti-gap-img identifier="x" match-max="1"><img src="a.png" alt="A" width="9" height="9"/>'
    '</qti-gap-img><qti-associable-hotspot identifier="a" shape="circle" coords="50,50,9"'
    ' match-max="1"/>'
)


def measured(page: Page, rows: list[tuple[str, str]]) -> list[str]:
    found: list[str] = page.evaluate(MEASURED, rows)
    return found


def box(page: Page, selector: str, at: int = 0) -> dict[str, float]:
    found: dict[str, float] = (
        page.locator(selector).nth(at).evaluate("each => each.getBoundingClientRect().toJSON()")
    )
    return found


def several(pieces: list[str], base_type: str, cardinality: str = "multiple") -> AssessmentItem:
    """One item with all of them, each with a response of its own."""
    bodies = "".join(piece.replace('"R"', f'"R{at}"') for at, piece in enumerate(pieces))
    one = declaration(base_type, cardinality)
    return item(bodies, "".join(one.replace('"R"', f'"R{at}"') for at in range(len(pieces))))


def boxes(page: Page, selector: str) -> list[list[dict[str, float]]]:
    """Where what is selected lies, interaction by interaction."""
    found: list[list[dict[str, float]]] = page.locator("fieldset.qti-interaction").evaluate_all(
        "(all, inner) => all.map(each => [...each.querySelectorAll(inner)]"
        ".map(one => one.getBoundingClientRect().toJSON()))",
        selector,
    )
    return found


def in_pixels(property_name: str, value: str) -> float:
    """Of a length, or of a share of the holder."""
    if value.endswith("%"):
        return float(value[:-1]) / 100 * HOLDER[property_name == "height"]
    return float(value.removesuffix("px"))


def is_as_said(property_name: str, value: str, found: str) -> bool:
    if value[0].isdigit() and found.endswith("px"):
        return abs(in_pixels(property_name, value) - float(found[:-2])) < 0.2
    return value == found


def test_each_class_for_content_does_what_it_says(open_item: Open) -> None:
    names = dict.fromkeys(name for name, _, _ in CONTENT)
    boxes = "".join(f'<div class="holder"><div class="{name}">x</div></div>' for name in names)
    page = open_item(item(boxes), width=1600)
    sheet = f".holder {{ width: {HOLDER[0]}px; height: {HOLDER[1]}px; }}"
    page.evaluate(
        "text => { const sheet = new CSSStyleSheet(); sheet.replaceSync(text);"
        " document.adoptedStyleSheets = [sheet]; }",
        sheet,
    )
    found = measured(page, [(name, property_name) for name, property_name, _ in CONTENT])
    rows = zip(CONTENT, found, strict=True)
    assert [(row, seen) for row, seen in rows if not is_as_said(row[1], row[2], seen)] == []


@pytest.mark.parametrize(
    ("name", "value"), [("qti-align-right", "right"), ("qti-align-center", "center")]
)
def test_cells_of_tables_are_aligned_by_their_class(open_item: Open, name: str, value: str) -> None:
    body = f'<table><tr><td class="{name} qti-valign-bottom qti-padding-5">x</td></tr></table>'
    page = open_item(item(body))
    rows = [(name, "text-align"), (name, "vertical-align"), (name, "padding-top")]
    assert measured(page, rows) == [value, "bottom", "48px"]


def test_columns_share_a_row_of_twelve_and_stack_on_a_phone(open_item: Open) -> None:
    """In both spellings."""
    rows = "".join(
        f'<div class="qti-layout-row"><div class="qti-layout-col{n}">a</div>'
        f'<div class="qti-layout-col-{12 - n}">b</div></div>'
        for n in range(1, 12)
    )
    page = open_item(item(rows))
    row = box(page, ".qti-layout-row")
    gap = 0.02 * row["width"]
    column = (row["width"] - 11 * gap) / 12
    for at, (first, second) in enumerate(cells(page), 1):
        assert abs(first["width"] - (at * column + (at - 1) * gap)) < 1
        assert first["top"] == second["top"]
        assert abs(second["right"] - row["right"]) < 1
    page.set_viewport_size({"width": 390, "height": 800})
    for first, second in cells(page):
        assert (first["left"], first["right"]) == (second["left"], second["right"])
        assert second["top"] >= first["bottom"]


def cells(page: Page) -> list[list[dict[str, float]]]:
    found: list[list[dict[str, float]]] = page.locator(".qti-layout-row").evaluate_all(
        "rows => rows.map(row => [...row.children].map(e => e.getBoundingClientRect().toJSON()))"
    )
    return found


def test_columns_begin_after_their_offset(open_item: Open) -> None:
    """In both spellings, in turn."""
    rows = "".join(
        f'<div class="qti-layout-row"><div class="qti-layout-col1 qti-layout-offset{"-" * (n % 2)}'
        f'{n}">x</div></div>'
        for n in range(1, 12)
    )
    page = open_item(item(rows))
    row = box(page, ".qti-layout-row")
    step = (row["width"] + 0.02 * row["width"]) / 12
    for n in range(1, 12):
        cell = box(page, ".qti-layout-row > div", n - 1)
        assert abs(cell["left"] - row["left"] - n * step) < 1


def test_fields_are_as_wide_as_their_characters(open_item: Open) -> None:
    fields = "".join(
        f'<p><qti-text-entry-interaction response-identifier="R" class="qti-input-width-{n}"/></p>'
        for n in INPUT_WIDTHS
    )
    page = open_item(item(fields, declaration("string")), width=1600)
    widths = {n: box(page, f".qti-input-width-{n}")["width"] for n in INPUT_WIDTHS}
    one = (widths[10] - widths[1]) / 9
    assert 6 < one < 14
    for n in INPUT_WIDTHS[:-1]:
        assert abs(widths[n] - widths[1] - (n - 1) * one) < 1
    assert widths[72] > widths[50]


@pytest.mark.parametrize("kind", ["text-entry", "inline-choice"])
def test_inline_controls_take_the_width_that_is_asked_for(open_item: Open, kind: str) -> None:
    inside = choices("qti-inline-choice", "ab") if kind == "inline-choice" else ""
    narrow, wide = (
        interaction(kind, inside, f'class="qti-input-width-{n}"').replace('"R"', f'"{name}"')
        for n, name in ((4, "R"), (30, "S"))
    )
    second = declaration("identifier").replace('"R"', '"S"')
    page = open_item(item(f"<p>{narrow}{wide}</p>", declaration("identifier") + second))
    assert box(page, ".qti-input-width-4")["width"] * 3 < box(page, ".qti-input-width-30")["width"]


def test_a_gap_takes_the_width_that_is_asked_for(open_item: Open) -> None:
    found = item(interaction("gap-match", GAPS), declaration("directedPair", "multiple"))
    page = open_item(found)
    assert box(page, ".qti-gap")["width"] == box(page, ".qti-gap .qti-select")["width"]
    assert 180 < box(page, ".qti-gap")["width"] < 300


def test_a_text_is_as_high_as_its_lines(open_item: Open) -> None:
    texts = "".join(
        interaction("extended-text", "", f'class="qti-height-lines-{lines}"').replace("R", name)
        for lines, name in HEIGHTS.items()
    )
    declared = "".join(declaration("string").replace('"R"', f'"{name}"') for name in "RST")
    page = open_item(item(texts, declared))
    line = float(
        page.evaluate("parseFloat(getComputedStyle(document.querySelector('textarea')).lineHeight)")
    )
    for lines in HEIGHTS:
        height = box(page, f".qti-height-lines-{lines} textarea")["height"]
        assert abs(height - lines * line - 24) < 4


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("qti-counter-up", "2 words, 7 characters"),
        ("qti-counter-down", "2 words, 13 characters left"),
    ],
)
def test_characters_are_counted_up_or_down(open_item: Open, name: str, said: str) -> None:
    extra = f'class="{name}" expected-length="20"'
    page = open_item(item(interaction("extended-text", "", extra), declaration("string")))
    page.get_by_role("textbox").fill("two one")
    assert page.locator("[data-count]").inner_text() == said


def test_choices_stand_in_so_many_columns(open_item: Open) -> None:
    inside = choices("qti-simple-choice", "abcdef")
    counts = (1, 2, 3, 4, 5)
    extras = [f'class="qti-choices-stacking-{count}" max-choices="1"' for count in counts]
    found = several([interaction("choice", inside, one) for one in extras], "identifier", "single")
    page = open_item(found)
    for count, rows in zip(counts, boxes(page, ".qti-choice-row"), strict=True):
        assert [row["top"] for row in rows].count(rows[0]["top"]) == count
    page.set_viewport_size({"width": 390, "height": 800})
    for rows in boxes(page, ".qti-choice-row"):
        assert rows[1]["top"] > rows[0]["top"]


@pytest.mark.parametrize(("kind", "cardinality"), [("choice", "multiple"), ("order", "ordered")])
def test_choices_stand_beside_or_below_each_other(
    open_item: Open, kind: str, cardinality: str
) -> None:
    inside = choices("qti-simple-choice", "abc")
    extras = [f'class="qti-orientation-{name}"' for name in ("horizontal", "vertical")]
    pieces = [interaction(kind, inside, extra) for extra in extras]
    page = open_item(several(pieces, "identifier", cardinality))
    beside, below = boxes(page, ".qti-choice-row, .qti-order-item")
    assert beside[1]["top"] == beside[0]["top"]
    assert below[1]["top"] >= below[0]["bottom"]


@pytest.mark.parametrize("kind", ["choice", "hottext"])
def test_the_circle_or_box_may_be_hidden_but_not_the_control(open_item: Open, kind: str) -> None:
    inside = (
        choices("qti-simple-choice", "ab")
        if kind == "choice"
        else f"<p>{choices('qti-hottext', 'ab')}</p>"
    )
    extra = 'class="qti-input-control-hidden" max-choices="0"'
    page = open_item(item(interaction(kind, inside, extra), declaration("identifier", "multiple")))
    assert box(page, "#item-form input")["width"] <= 1
    page.keyboard.press("Tab")
    page.locator("#item-form input").first.focus()
    page.keyboard.press("Space")
    assert page.locator("#item-form input").first.is_checked()


def test_hottext_that_is_not_chosen_may_look_like_its_text(open_item: Open) -> None:
    extra = 'class="qti-unselected-hidden" max-choices="0"'
    body = interaction("hottext", f"<p>{choices('qti-hottext', 'ab')}</p>", extra)
    page = open_item(item(body, declaration("identifier", "multiple")), raw=["a"])
    shadows = page.locator(".qti-hottext").evaluate_all(
        "all => all.map(each => getComputedStyle(each).backgroundColor === 'rgba(0, 0, 0, 0)')"
    )
    assert shadows == [False, True]


@pytest.mark.parametrize(
    ("kind", "inside", "choice", "target"),
    [
        ("gap-match", GAPS, ".qti-bank", ".qti-passage"),
        ("graphic-gap-match", PICTURED, ".qti-bank", ".qti-picture-frame"),
        ("match", PAIRED, "tbody tr:first-child th", "tbody tr:first-child td:nth-child(2)"),
    ],
)
def test_the_choices_stand_on_the_side_that_is_asked_for(
    open_item: Open, kind: str, inside: str, choice: str, target: str
) -> None:
    pieces = [interaction(kind, inside, f'class="qti-choices-{name}"') for name in SIDES]
    page = open_item(several(pieces, "directedPair"))
    banks, targets = boxes(page, choice), boxes(page, target)
    for (edge, sign), bank, place in zip(SIDES.values(), banks, targets, strict=True):
        assert (place[0][edge] - bank[0][edge]) * sign > 0


def test_the_choices_stand_in_a_container_of_the_width_that_is_asked_for(open_item: Open) -> None:
    kinds = {"gap-match": GAPS, "graphic-gap-match": PICTURED, "match": PAIRED}
    extra = 'data-choices-container-width="376"'
    pieces = [interaction(kind, inside, extra) for kind, inside in kinds.items()]
    page = open_item(several(pieces, "directedPair"))
    containers = ".qti-bank, .qti-match-table"
    assert [one["width"] for (one,) in boxes(page, containers)] == [376, 376, 376]
    page.set_viewport_size({"width": 320, "height": 800})
    assert max(one["width"] for (one,) in boxes(page, containers)) <= 320


def test_the_choices_of_an_order_stand_beside_their_order(open_item: Open) -> None:
    inside = choices("qti-simple-choice", "abc")
    pieces = [interaction("order", inside, f'class="qti-choices-{name}"') for name in SIDES]
    page = open_item(several(pieces, "identifier", "ordered"))
    banks, targets = boxes(page, ".qti-order-bank"), boxes(page, ".qti-order-list")
    for (edge, sign), bank, place in zip(SIDES.values(), banks, targets, strict=True):
        assert (place[0][edge] - bank[0][edge]) * sign > 0


def test_a_list_to_be_ordered_takes_the_width_that_is_asked_for(open_item: Open) -> None:
    extra = 'data-choices-container-width="376"'
    body = interaction("order", choices("qti-simple-choice", "ab"), extra)
    page = open_item(item(body, declaration("identifier", "ordered")))
    assert box(page, ".qti-order-list")["width"] == 376


def test_a_match_is_a_table_only_where_it_says_so(open_item: Open) -> None:
    extras = ('class="qti-match-tabular"', "")
    pieces = [interaction("match", PAIRED, extra) for extra in extras]
    page = open_item(several(pieces, "directedPair"))
    heads, rows, cells = (boxes(page, name) for name in ("thead", "tbody th", "tbody td"))
    assert heads[0][0]["height"] > 20
    assert cells[0][0]["top"] == rows[0][0]["top"]
    assert heads[1][0]["height"] <= 1
    assert cells[1][0]["top"] >= rows[1][0]["bottom"] - 2


def test_the_head_of_a_table_is_named_or_hidden(open_item: Open) -> None:
    named = 'class="qti-match-tabular" data-first-column-header="Persons"'
    extras = (named, 'class="qti-match-tabular qti-header-hidden"')
    pieces = [interaction("match", PAIRED, extra) for extra in extras]
    page = open_item(several(pieces, "directedPair"))
    assert page.get_by_role("columnheader").first.inner_text() == "Persons"
    assert boxes(page, "thead")[1][0]["height"] <= 1
    hidden = page.locator("fieldset").nth(1)
    assert hidden.get_by_role("checkbox", name="choice a choice x").count() == 1


@pytest.mark.parametrize("tone", ["light", "dark"])
def test_areas_are_drawn_light_or_dark_and_hidden_until_chosen(open_item: Open, tone: str) -> None:
    inside = IMAGE + (
        '<qti-hotspot-choice identifier="a" shape="circle" coords="50,50,9"/>'
        '<qti-hotspot-choice identifier="b" shape="circle" coords="150,50,9"/>'
    )
    extra = f'max-choices="0" class="qti-selections-{tone} qti-unselected-hidden"'
    found = item(interaction("hotspot", inside, extra), declaration("identifier", "multiple"))
    page = open_item(found, raw=["a"])
    page.mouse.move(0, 0)
    seen = page.locator(".qti-spot > :first-child").evaluate_all(
        "all => all.map(each => { const is = getComputedStyle(each);"
        " return [is.fill, Number(is.fillOpacity) > 0.3, is.strokeOpacity]; })"
    )
    fill = {"light": "rgb(255, 255, 255)", "dark": "rgb(11, 74, 99)"}[tone]
    assert seen[0] == [fill, True, "1"]
    assert seen[1][1:] == [False, "0"]
