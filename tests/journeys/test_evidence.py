"""An evidence bundle unpacked on another machine's disk and opened in Chromium, without us."""

import base64
import dataclasses
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from assembly.models import ItemVersion
from delivery.models import AssessmentSession
from delivery.saving import responses
from integrity.proof import evidence, seals
from tests import factories, kinds
from tests.axe import violations
from tests.factories import Part, after

pytestmark = [pytest.mark.browser, pytest.mark.django_db]

STATE = '{"count": 3, "words": "naïve 猫"}'
# Two files and a picture, as modules have them: by name, beside themselves, and by address.
MODULE = """define(["qtiCustomInteractionContext", "./parts/words.js"], (context, words) => {
  context.register({
    typeIdentifier: "urn:example:island",
    getInstance(dom, configuration, state) {
      const said = document.createElement("p");
      said.textContent = `${words.island}: ${state.count} ${state.words}, ${configuration.status}`;
      const picture = new Image();
      picture.src = "pictures/a map.png";
      picture.alt = "Map";
      dom.append(said, picture);
      configuration.onready({ getResponse: () => null, getState: () => "" });
    },
  });
});
"""
WORDS = 'define([], () => ({ island: "The island" }));'


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Path) -> None:
    settings.LEDGER_KEY_DIR = tmp_path / "ledger"


def island() -> ItemVersion:
    kind = kinds.KINDS["portable"]
    body = kind.body.replace("counter.js", "modules/island.js").replace("counter", "island")
    made = factories.item_version("island", dataclasses.replace(kind, body=body).xml("island"))
    kinds.attach(made, "modules/island.js", "application/javascript", MODULE.encode())
    kinds.attach(made, "modules/parts/words.js", "text/javascript", WORDS.encode())
    kinds.attach(made, "pictures/a map.png", "image/png", kinds.png(40, 20))
    return made


def sat() -> AssessmentSession:
    versions = {"island": island(), "hotspot": kinds.version("hotspot")}
    test = factories.published(Part(items=tuple(versions)), items=versions)
    session = factories.session(factories.sitting(test))
    raw = {"RESPONSE": "3", "RESPONSE:state": STATE}
    responses.save([dataclasses.replace(factories.save(session, "island"), raw=raw)])
    factories.answer(session, "hotspot", "P")
    return session


def unpacked(session: AssessmentSession, folder: Path) -> Path:
    """Write the bundle of a session out; return the session's folder in it."""
    seals.seal(after(100))
    found = evidence.gather(session.stream)
    file = io.BytesIO()
    evidence.write(file, found.streams, files=found.files)
    with zipfile.ZipFile(file) as bundle:
        bundle.extractall(folder)
    return folder / "sessions" / str(session.pk)


def test_a_portable_runs_in_the_bundle_with_what_the_candidate_left(
    page: Page, tmp_path: Path
) -> None:
    folder = unpacked(sat(), tmp_path / "bundle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / "index.html").as_uri())
    page.get_by_role("link", name="island").click()
    inside = page.frame_locator("iframe")
    expect(inside.get_by_text("The island: 3 naïve 猫, review")).to_be_visible(timeout=20_000)
    width = "image => image.decode().then(() => image.naturalWidth)"
    picture = inside.get_by_alt_text("Map")
    held = base64.b64encode(kinds.png(40, 20)).decode()
    expect(picture).to_have_attribute("src", f"data:image/png;base64,{held}")
    assert picture.evaluate(width) == 40
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    expect(page.get_by_text("Drawn by the module “island”")).to_be_visible()
    expect(page.locator("pre")).to_have_text('{\n "count": 3,\n "words": "naïve 猫"\n}')
    assert violations(page) == []


def test_an_item_of_the_bundle_shows_the_answer_in_a_plain_browser(
    page: Page, tmp_path: Path
) -> None:
    folder = unpacked(sat(), tmp_path / "bundle")
    page.goto((folder / "form" / "002.html").as_uri())
    expect(page.locator('input[value="P"]')).to_be_checked()
    assert violations(page) == []
