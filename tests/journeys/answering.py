"""How a candidate answers each kind of interaction: by form alone, by keyboard alone, by mouse."""

from collections.abc import Callable

from playwright.sync_api import Locator, Page, expect

WORDS = "Because it rains."
FILE = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"my notes"}
Act = Callable[[Page], None]


def control(page: Page, part: str = "", value: str = "") -> Locator:
    name = f'[name="r.RESPONSE{":" if part else ""}{part}"]'
    return page.locator(f'{name}[value="{value}"]' if value else name)


def without_script(kind: str) -> Act | None:
    """How a form is filled in that has nothing but its own controls."""
    selects = {
        "order": {"G": "1", "A": "2", "B": "3"},
        "associate": {"1a": "A", "1b": "B", "2a": "G", "2b": "D"},
        "gap_match": {"X": "D", "Y": "N"},
        "inline_choice": {"": "S"},
        "graphic_order": {"W": "1", "H": "2", "P": "3"},
        "graphic_associate": {"1a": "H", "1b": "W"},
        "graphic_gap_match": {"H": "B", "W": "T"},
    }
    ticks = {
        "choice": [("", "B")],
        "choices": [("", "A"), ("", "G")],
        "match": [("O", "O N"), ("R", "R I")],
        "match_table": [("", "O N"), ("", "R I")],
        "hottext": [("", "w")],
        "hotspot": [("", "P")],
    }
    texts = {
        "text_entry": {"": "4"},
        "extended_text": {"": WORDS},
        "select_point": {"1x": "50", "1y": "40"},
        "position_object": {"1x": "60", "1y": "30"},
        "slider": {"": "7"},
    }

    def act(page: Page) -> None:
        for part, value in selects.get(kind, {}).items():
            control(page, part).select_option(value)
        for part, value in ticks.get(kind, []):
            control(page, part, value).check()
        for part, text in texts.get(kind, {}).items():
            control(page, part).fill(text)
        if kind in ("upload", "drawing"):
            page.locator("[data-file]").set_input_files(FILE)  # type: ignore[arg-type]
        if kind == "media":
            page.get_by_label("I have played it").check()

    return None if kind in ("portable", "end_attempt") else act


def tab_to(page: Page, selector: str) -> None:
    """Goes on by Tab until something of a kind has the focus."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("(wanted) => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"Tab never reaches {selector}")


def press(page: Page, selector: str, *keys: str) -> None:
    tab_to(page, selector)
    for key in keys:
        page.keyboard.press(key)


def typed(page: Page, selector: str, text: str) -> None:
    tab_to(page, selector)
    page.keyboard.type(text)


def chosen_file(page: Page, key: str) -> None:
    tab_to(page, "[data-file]")
    with page.expect_file_chooser() as waiting:
        page.keyboard.press(key)
    waiting.value.set_files(FILE)  # type: ignore[arg-type]


def named(part: str = "", value: str = "") -> str:
    name = f'[name="r.RESPONSE{":" if part else ""}{part}"]'
    return f'{name}[value="{value}"]' if value else name


def _typed_in_turn(**texts: str) -> Act:
    def act(page: Page) -> None:
        for part, text in texts.items():
            typed(page, named(part.removeprefix("_")), text)

    return act


def _order_by_keyboard(page: Page) -> None:
    press(page, '[data-choice="G"] [data-move="-1"]', "Enter", "Enter")


def _portable_by_keyboard(page: Page) -> None:
    expect(page.frame_locator("iframe").get_by_role("button")).to_have_text("One more: 0")
    tab_to(page, "iframe")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(control(page)).to_have_value("2")


def _media_by_keyboard(page: Page) -> None:
    press(page, "audio", "Space")
    expect(control(page).first).to_have_value("1")


def _rows_by_keyboard(page: Page) -> None:
    press(page, named("O", "O N"), "Space")
    press(page, named("R", "R N"), "ArrowDown")


def _ticked(*choices: tuple[str, str]) -> Act:
    def act(page: Page) -> None:
        for part, value in choices:
            press(page, named(part, value), "Space")

    return act


def _helped(page: Page, press_it: Callable[[], None]) -> None:
    """The button ends the item's only attempt: the item closes."""
    press_it()
    expect(page.get_by_text("This item is closed.")).to_be_visible()


BY_KEYBOARD: dict[str, Act] = {
    "choice": lambda page: press(page, named("", "A"), "ArrowDown"),
    "choices": _ticked(("", "A"), ("", "G")),
    "order": _order_by_keyboard,
    "associate": _typed_in_turn(_1a="Alpha", _1b="Beta", _2a="Gamma", _2b="Delta"),
    "match": _rows_by_keyboard,
    "match_table": _ticked(("", "O N"), ("", "R I")),
    "gap_match": _typed_in_turn(X="Day", Y="Night"),
    "inline_choice": lambda page: typed(page, named(), "Star"),
    "text_entry": lambda page: typed(page, named(), "4"),
    "extended_text": lambda page: typed(page, named(), WORDS),
    "hottext": lambda page: press(page, named("", "w"), "Space"),
    "hotspot": lambda page: press(page, named("", "H"), "ArrowDown"),
    "select_point": _typed_in_turn(_1x="50", _1y="40"),
    "graphic_order": _typed_in_turn(H="2", P="3", W="1"),
    "graphic_associate": _typed_in_turn(_1a="1", _1b="3"),
    "graphic_gap_match": _typed_in_turn(H="Boats", W="Trees"),
    "position_object": _typed_in_turn(_1x="60", _1y="30"),
    "slider": lambda page: press(page, "[data-range]", *["ArrowRight"] * 7),
    "drawing": lambda page: chosen_file(page, "Space"),
    "media": _media_by_keyboard,
    "upload": lambda page: chosen_file(page, "Space"),
    "end_attempt": lambda page: _helped(
        page, lambda: press(page, "[data-interaction=end-attempt] button", "Enter")
    ),
    "portable": _portable_by_keyboard,
}


def _on_picture(page: Page, *points: tuple[float, float]) -> None:
    """Clicks at places of the picture, which is 200 wide and 100 high."""
    picture = page.locator("svg.qti-picture")
    picture.scroll_into_view_if_needed()
    box = picture.bounding_box()
    assert box is not None
    for x, y in points:
        page.mouse.click(box["x"] + box["width"] * x / 200, box["y"] + box["height"] * y / 100)


HARBOUR, PEAK, WOOD = (40.0, 60.0), (100.0, 45.0), (170.0, 45.0)


def _clicked(*labels: str) -> Act:
    def act(page: Page) -> None:
        for label in labels:
            page.locator(".qti-card, .qti-hottext", has_text=label).click()

    return act


def _cells(page: Page) -> None:
    for value in ("O N", "R I"):
        page.locator(".qti-cell", has=page.locator(f'[value="{value}"]')).click()


def _moved_by_mouse(page: Page) -> None:
    for _ in range(2):
        page.get_by_role("button", name="Move up: Gamma").click()


def _gaps_by_mouse(page: Page) -> None:
    page.locator('.qti-chip[data-choice="D"]').drag_to(page.locator('[data-gap="X"]'))
    page.locator('.qti-chip[data-choice="N"]').drag_to(page.locator('[data-gap="Y"]'))


def _chips_on_picture(page: Page) -> None:
    for choice, place in (("B", HARBOUR), ("T", WOOD)):
        page.locator(f'.qti-chip[data-choice="{choice}"]').click()
        _on_picture(page, place)


def _slid(page: Page) -> None:
    page.locator("[data-range]").scroll_into_view_if_needed()
    box = page.locator("[data-range]").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 0.7, box["y"] + box["height"] / 2)
    for _ in range(10):
        held = int(control(page).input_value())
        if held == 7:
            return
        page.keyboard.press("ArrowRight" if held < 7 else "ArrowLeft")


def _drawn(page: Page) -> None:
    frame = page.locator("[data-drawing-frame] canvas")
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + 80, box["y"] + 60, steps=4)
    page.mouse.up()


def _played(page: Page) -> None:
    audio = page.locator("audio")
    audio.click(position={"x": 24, "y": 24})
    expect(control(page).first).to_have_value("1")


def _handed_in(page: Page) -> None:
    with page.expect_file_chooser() as waiting:
        page.locator("[data-file]").click()
    waiting.value.set_files(FILE)  # type: ignore[arg-type]


def _portable_by_mouse(page: Page) -> None:
    button = page.frame_locator("iframe").get_by_role("button")
    expect(button).to_have_text("One more: 0")
    button.click()
    button.click()
    expect(control(page)).to_have_value("2")


BY_MOUSE: dict[str, Act] = {
    "choice": _clicked("Beta"),
    "choices": _clicked("Alpha", "Gamma"),
    "order": _moved_by_mouse,
    "match": _cells,
    "match_table": _cells,
    "gap_match": _gaps_by_mouse,
    "hottext": _clicked("was"),
    "hotspot": lambda page: _on_picture(page, PEAK),
    "select_point": lambda page: _on_picture(page, (50, 40)),
    "graphic_order": lambda page: _on_picture(page, WOOD, HARBOUR, PEAK),
    "graphic_associate": lambda page: _on_picture(page, HARBOUR, WOOD),
    "graphic_gap_match": _chips_on_picture,
    "position_object": lambda page: _on_picture(page, (60, 30)),
    "slider": _slid,
    "drawing": _drawn,
    "media": _played,
    "upload": _handed_in,
    "end_attempt": lambda page: _helped(
        page, page.get_by_role("button", name="Give me a hint").click
    ),
    "portable": _portable_by_mouse,
}
