"""An author's whole way in a real browser: write, preview, import, assemble, publish."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import axe
from tests.assembly.factories import PNG, choice_xml, exam_xml, zipped
from tests.serving import Serving, manage

pytestmark = pytest.mark.browser
PASSWORD = {"DJANGO_SUPERUSER_PASSWORD": "a long walk by the sea"}


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A server on an empty bank with one author."""
    folder = tmp_path_factory.mktemp("authoring")
    manage(folder, "migrate", "--verbosity", "0")
    manage(folder, "collectstatic", "--noinput", "--verbosity", "0")
    manage(
        folder, "createsuperuser", "--noinput", "--username=anna", "--email=a@a.test", **PASSWORD
    )
    started = Serving(folder)
    started.start()
    yield started
    started.stop()


@pytest.fixture
def author(serving: Serving, new_context: Callable[..., BrowserContext]) -> Page:
    return signed_in(serving, new_context())


def signed_in(serving: Serving, context: BrowserContext) -> Page:
    page = context.new_page()
    page.goto(f"{serving.url}/staff/signin/?next=/author/")
    page.fill("input[name=username]", "anna")
    page.fill("input[name=password]", PASSWORD["DJANGO_SUPERUSER_PASSWORD"])
    page.press("input[name=password]", "Enter")
    expect(page.get_by_role("heading", name="Authoring")).to_be_visible()
    return page


def write_item(page: Page, serving: Serving, identifier: str) -> None:
    page.goto(f"{serving.url}/author/items/new/choice/")
    page.get_by_label("Title").fill(f"Capital {identifier}")
    page.get_by_label("Identifier").fill(identifier)
    page.get_by_label("Question", exact=True).fill("Which city is the capital of France?")
    page.locator("#id_choice-0-text").fill("Paris")
    page.locator("#id_choice-0-correct").check()
    page.locator("#id_choice-1-text").fill("Lyon")


def test_an_item_is_written_beside_its_live_preview(author: Page, serving: Serving) -> None:
    write_item(author, serving, "live")
    preview = author.locator("#live-preview")
    expect(preview.get_by_role("radio")).to_have_count(2)
    author.set_input_files(
        "#id_picture", {"name": "map.png", "mimeType": "image/png", "buffer": PNG}
    )
    expect(preview).to_contain_text("Describe the image")
    author.get_by_label("Alternative text of the image").fill("A map")
    expect(preview.get_by_role("img", name="A map")).to_be_attached()
    assert axe.violations(author) == []
    author.get_by_role("button", name="Save", exact=True).click()
    expect(author.get_by_text("Saved as version 1.")).to_be_visible()
    assert axe.violations(author) == []
    author.get_by_role("link", name="Preview as candidate").click()
    author.get_by_role("radio", name="Paris").check()
    author.get_by_role("button", name="Submit the answer").click()
    came = author.get_by_role("region", name="What comes of it")
    expect(came.get_by_role("status")).to_contain_text("SCORE 1.0 after 1 attempt")
    assert axe.violations(author) == []


def test_a_package_shows_its_report_before_it_is_imported(
    author: Page, serving: Serving, tmp_path: Path
) -> None:
    package = tmp_path / "sea.zip"
    items = {"items/Q1.xml": choice_xml("Q1"), "items/bad.xml": b"<broken"}
    package.write_bytes(zipped(items, {"t.xml": exam_xml(["Q1"])}))
    author.goto(f"{serving.url}/author/import/")
    author.get_by_label("Package").set_input_files(package)
    author.get_by_role("button", name="Check the package").click()
    expect(author.get_by_text("Nothing is stored yet.")).to_be_visible()
    expect(author.get_by_role("row", name="items/bad.xml").first).to_contain_text("refused")
    assert axe.violations(author) == []
    author.get_by_role("button", name="Import 2 documents").click()
    expect(author.get_by_text("Imported.")).to_be_visible()
    author.get_by_role("link", name="T1").click()
    expect(author.get_by_role("link", name="Item Q1")).to_be_visible()


def test_a_dangerous_package_is_refused_in_words(
    author: Page, serving: Serving, tmp_path: Path
) -> None:
    package = tmp_path / "evil.zip"
    package.write_bytes(zipped({"items/Q1.xml": choice_xml("Q1")}, others={"../x.xml": b"x"}))
    author.goto(f"{serving.url}/author/import/")
    author.get_by_label("Package").set_input_files(package)
    author.get_by_role("button", name="Check the package").click()
    expect(author.get_by_role("alert")).to_contain_text("leads outside it")
    expect(author.get_by_role("alert")).to_contain_text("Nothing was stored.")


def test_a_test_is_assembled_ordered_by_dragging_and_published(
    author: Page, serving: Serving
) -> None:
    for name in ("drag-a", "drag-b", "drag-c"):
        write_item(author, serving, name)
        author.get_by_role("button", name="Save", exact=True).click()
    author.goto(f"{serving.url}/author/tests/new/")
    author.get_by_label("Identifier").fill("capitals")
    author.get_by_label("Title").fill("Capitals")
    author.get_by_role("button", name="Make the test").click()
    author.get_by_role("link", name="Add items").click()
    author.get_by_label("Find").fill("drag-")
    author.get_by_role("button", name="Find").click()
    for box in author.locator("input[name=item]").all():
        box.check()
    author.get_by_role("button", name="Add the ticked items").click()
    rows = author.locator(".author-ref")
    expect(rows).to_have_count(3)
    rows.nth(2).drag_to(rows.nth(0))
    author.get_by_role("button", name="Save the order").click()
    expect(rows.locator(".author-name .quiet").first).to_have_text("drag-c")
    assert axe.violations(author) == []
    author.get_by_role("link", name="Check and publish").click()
    expect(author.get_by_text("Nothing stands against it.")).to_be_visible()
    author.get_by_role("button", name="Publish").click()
    expect(author.get_by_text("Published as version 1.")).to_be_visible()


def test_a_test_is_tried_from_its_first_item_to_its_score(author: Page, serving: Serving) -> None:
    write_item(author, serving, "tried")
    author.get_by_role("button", name="Save", exact=True).click()
    author.goto(f"{serving.url}/author/tests/new/")
    author.get_by_label("Identifier").fill("trial")
    author.get_by_label("Title").fill("Trial")
    author.get_by_role("button", name="Make the test").click()
    author.get_by_role("link", name="Add items").click()
    author.get_by_label("Capital tried").check()
    author.get_by_role("button", name="Add the ticked items").click()
    author.get_by_role("button", name="Preview as candidate").click()
    expect(author.get_by_role("heading", name="Item 1 of 1")).to_be_visible()
    author.get_by_role("radio", name="Paris").check()
    author.get_by_role("button", name="Finish").click()
    expect(author.get_by_role("row", name="Capital tried")).to_contain_text("1 / 1")
    assert axe.violations(author) == []


def test_an_author_needs_no_javascript(
    serving: Serving, new_context: Callable[..., BrowserContext]
) -> None:
    page = signed_in(serving, new_context(java_script_enabled=False))
    write_item(page, serving, "plain")
    page.get_by_role("button", name="More choices").click()
    expect(page.locator("#id_choice-5-text")).to_be_visible()
    expect(page.locator("#id_choice-0-text")).to_have_value("Paris")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("link", name="Preview as candidate").click()
    page.get_by_role("radio", name="Lyon").check()
    page.get_by_role("button", name="Submit the answer").click()
    came = page.get_by_role("region", name="What comes of it")
    expect(came.get_by_role("status")).to_contain_text("SCORE 0.0 after 1 attempt")


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_its_screen(author: Page, serving: Serving, width: int) -> None:
    author.set_viewport_size({"width": width, "height": 800})
    for path in (
        "",
        "items/new/",
        "items/new/choice/",
        "items/new/text_entry/",
        "tests/new/",
        "import/",
    ):
        author.goto(f"{serving.url}/author/{path}")
        wide = author.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert (path, wide) == (path, 0)
