"""Pictures in a real browser: areas, points, objects, drawings and files."""

import pytest
from playwright.sync_api import Page, expect

from tests.assembly.item_page import Open, answered, changes
from tests.assembly.rendering.items import CASES, IMAGE, declaration, interaction, item

pytestmark = pytest.mark.browser


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
    page.get_by_role("img", name="pin", exact=True).wait_for()
    page.mouse.click(*on_screen(page, 20, 20))
    assert answered(found, page) == "20 20"


def test_an_object_is_dragged_onto_its_stage(open_item: Open) -> None:
    found = CASES["position_object"].item
    page = open_item(found)
    page.get_by_role("img", name="pin", exact=True).hover()
    page.mouse.down()
    page.mouse.move(*on_screen(page, 10, 10), steps=4)
    page.mouse.move(*on_screen(page, 20, 20), steps=4)
    page.mouse.up()
    # A drop is told in whole pixels of the screen.
    assert [abs(int(text) - 20) <= 1 for text in str(answered(found, page)).split()] == [True, True]
    assert changes(page) == 1


def test_an_object_without_a_size_is_as_large_as_its_picture(open_item: Open) -> None:
    stage = IMAGE + interaction("position-object", '<img src="pin.png" alt="pin"/>')
    found = item(
        f"<qti-position-object-stage>{stage}</qti-position-object-stage>", declaration("point")
    )
    page = open_item(found, "20 20")
    laid = page.locator("svg.qti-picture g image")
    expect(laid).to_have_attribute("width", "200")
    assert [laid.get_attribute(name) for name in ("height", "x", "y")] == ["100", "-80", "-30"]


@pytest.mark.parametrize(("extra", "corner"), [("", (15.5, 15.5)), ("3 9", (17, 11))])
def test_an_object_lies_on_its_point_with_its_middle_or_where_it_says(
    open_item: Open, extra: str, corner: tuple[float, float]
) -> None:
    pin = '<img src="pin.png" alt="pin" width="9" height="9"/>'
    held = f'center-point="{extra}"' if extra else ""
    stage = IMAGE + interaction("position-object", pin, held)
    found = item(
        f"<qti-position-object-stage>{stage}</qti-position-object-stage>", declaration("point")
    )
    page = open_item(found)
    page.mouse.click(*on_screen(page, 20, 20))
    assert answered(found, page) == "20 20"
    laid = page.locator("svg.qti-picture g image")
    assert tuple(float(laid.get_attribute(name) or "") for name in ("x", "y")) == corner


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
