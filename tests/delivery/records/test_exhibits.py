"""Every interaction as the bundle shows it: what was asked, and the answer that was given."""

import base64
import dataclasses
import hashlib
import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from assembly.qti.values import Raw
from delivery.models import AssessmentSession
from delivery.records import exhibits
from delivery.saving import handing, responses
from delivery.saving.handing import Handed
from delivery.saving.responses import Saved
from integrity.proof import evidence, seals
from tests import factories, kinds
from tests.factories import Part, after

pytestmark = pytest.mark.django_db

PNG = "data:image/png;name=mine.png;base64," + base64.b64encode(kinds.png(20, 10)).decode()
TEXT = "data:text/plain;name=notes.txt;base64,bXkgbm90ZXM="
STATE = '{"count": 3, "note": "<b>tapped</b>"}'
# What was answered, and what of it a page says.
GIVEN: dict[str, tuple[Raw, str]] = {
    "choice": ("B", r'value="B" checked'),
    "choices": (["A", "G"], r'value="A" checked[\s\S]*value="G" checked'),
    "order": (["G", "A", "B"], r'data-choice="G"[\s\S]*data-choice="A"[\s\S]*data-choice="B"'),
    "associate": (["A B", "G D"], r'value="A" selected[\s\S]*value="B" selected'),
    "match": (["O N", "R I"], r'value="O N"[^>]*checked[\s\S]*value="R I"[^>]*checked'),
    "match_table": (["O N", "R I"], r'value="O N"[^>]*checked[\s\S]*value="R I"[^>]*checked'),
    "gap_match": (["D X", "N Y"], r'value="D" selected[\s\S]*value="N" selected'),
    "inline_choice": ("S", r'value="S" selected'),
    "text_entry": ("4", r'value="4"'),
    "extended_text": ("Because it rains.", r">\s*Because it rains\.</textarea>"),
    "hottext": ("w", r'value="w" checked'),
    "hotspot": ("P", r'value="P"[^>]* checked'),
    "select_point": ("50 40", r'value="50"[\s\S]*value="40"'),
    "graphic_order": (["W", "H", "P"], r'value="1" selected'),
    "graphic_associate": (["H W"], r'value="H" selected[\s\S]*value="W" selected'),
    "graphic_gap_match": (["B H", "T W"], r'value="B" selected[\s\S]*value="T" selected'),
    "position_object": ("60 30", r'value="60"[\s\S]*value="30"'),
    "slider": ("7", r'type="number"[^>]* value="7"'),
    "drawing": (PNG, r'<img class="qti-drawing-ground" src="data:image/png;name=mine.png;base64,'),
    "media": ("1", r'value="1" data-plays'),
    "upload": (TEXT, r"Your file: notes\.txt"),
    "end_attempt": ("true", r"Give me a hint</button>"),
    "portable": ("3", r"<dt>The answer that is held</dt><dd><code>3</code></dd>"),
}


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Path) -> None:
    settings.LEDGER_KEY_DIR = tmp_path / "ledger"


def begun(*names: str) -> AssessmentSession:
    versions = {name: kinds.version(name) for name in names}
    return factories.session(
        factories.sitting(factories.published(Part(items=tuple(versions)), items=versions))
    )


def answer(session: AssessmentSession, name: str, raw: dict[str, Raw]) -> None:
    save = dataclasses.replace(factories.save(session, name), raw=raw)
    (saved,) = responses.save([save])
    assert isinstance(saved, Saved), saved


def bundle_of(session: AssessmentSession) -> dict[str, bytes]:
    seals.seal(after(100))
    found = evidence.gather(session.stream)
    file = io.BytesIO()
    evidence.write(file, found.streams, files=found.files)
    with zipfile.ZipFile(file) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def page_of(files: dict[str, bytes], session: AssessmentSession, number: int) -> str:
    return files[f"sessions/{session.pk}/form/{number:03}.html"].decode()


def test_every_interaction_is_drawn_with_the_answer_that_was_given() -> None:
    assert set(GIVEN) == set(kinds.KINDS)
    session = begun(*GIVEN)
    for name, (raw, _shown) in GIVEN.items():
        own = {"RESPONSE:state": STATE} if name == "portable" else {}
        answer(session, name, {"RESPONSE": raw, **own})
    files = bundle_of(session)
    for number, (name, (_raw, shown)) in enumerate(GIVEN.items(), start=1):
        page = page_of(files, session, number)
        drawn = page.partition("<h2>How it was drawn</h2>")[0]
        assert re.search(shown, drawn), name
        for address in re.findall(r'(?:src|href)="(\.\./[^"#]+)', page):
            target = (Path(f"/sessions/{session.pk}/form") / address).resolve()
            assert str(target)[1:] in files, (name, address)


def setup_of(page: str) -> tuple[str, dict[str, Any]]:
    """The frame's page, and what its address tells it."""
    (src,) = re.findall(r'<iframe[^>]* src="([^"]+)"', page)
    address, _, carried = src.partition("#")
    return address.removeprefix("../../../"), json.loads(base64.urlsafe_b64decode(carried))


def test_a_portable_is_shown_by_its_module_its_markup_its_answer_and_its_state() -> None:
    session = begun("portable")
    answer(session, "portable", {"RESPONSE": "3", "RESPONSE:state": STATE})
    files = bundle_of(session)
    page = page_of(files, session, 1)
    assert "Drawn by the module “counter” (urn:example:counter)" in page
    assert '<span class="qti-portable-control">One more</span>' in page
    assert "&quot;count&quot;: 3" in page
    assert "<b>tapped" not in page
    name, told = setup_of(page)
    assert (told["values"], told["state"], told["disabled"]) == (["3"], STATE, True)
    script = hashlib.sha256(kinds.COUNTER.encode()).hexdigest()
    assert files[f"assets/{script}.js"] == kinds.COUNTER.encode()
    assert f'<code class="hash">{script}</code>' in page
    (module,) = told["modules"]["counter"]
    held = json.loads(re.findall(rb'<script id="files"[^>]*>(.*?)</script>', files[name])[0])
    assert base64.b64decode(held[module].partition(",")[2]) == kinds.COUNTER.encode()
    assert name == f"portables/{hashlib.sha256(files[name]).hexdigest()}.html"


def test_the_frame_of_a_portable_may_load_nothing_from_anywhere() -> None:
    session = begun("portable")
    (name,) = [name for name in bundle_of(session) if name.startswith("portables/")]
    page = bundle_of(session)[name].decode()
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []
    policy = re.findall(r'Content-Security-Policy" content="([^"]+)"', page)[0]
    parts = {part.split()[0]: part.split()[1:] for part in policy.split("; ")}
    assert parts["default-src"] == ["'none'"]
    assert parts["base-uri"] == ["https://package.invalid"]
    kept = {"data:", "blob:", "'none'", "'unsafe-eval'", "'unsafe-inline'"}
    loading = {name: set(found) for name, found in parts.items() if name != "base-uri"}
    assert {name: found for name, found in loading.items() if not found <= kept} == {}


def test_two_sessions_share_what_shows_an_item() -> None:
    first = begun("portable")
    factories.session(first.sitting)
    seals.seal(after(100))
    found = evidence.gather(f"sitting:{first.sitting_id}")
    names = [name for name, _ in found.files]
    assert len([name for name in names if name.startswith("portables/")]) == 1
    assert len([name for name in names if "/form/" in name and name.endswith(".html")]) == 2


def test_a_file_that_was_handed_in_is_in_the_bundle_and_never_called_a_page() -> None:
    session = begun("upload", "drawing")
    page, picture = b"<script>alert(1)</script>", kinds.png(30, 30)
    for item, (name, kind, content) in {
        "upload": ("mine.html", "text/html", page),
        "drawing": ("mine.png", "image/png", picture),
    }.items():
        value = handing.keep(session.pk, item, Handed(name, kind, content), after(1), by="c:1")
        answer(session, item, {"RESPONSE": value})
    files = bundle_of(session)
    folder = f"sessions/{session.pk}/files/"
    first, second = (hashlib.sha256(content).hexdigest() for content in (page, picture))
    assert files[f"{folder}{first}.bin"] == page
    assert files[f"{folder}{second}.png"] == picture
    assert f'href="../files/{first}.bin" download="mine.html"' in page_of(files, session, 1)
    drawn = page_of(files, session, 2)
    assert f'<img class="qti-drawing-ground" src="../files/{second}.png"' in drawn


def test_a_file_within_an_answer_is_in_the_bundle_by_its_hash() -> None:
    session = begun("upload")
    answer(session, "upload", {"RESPONSE": TEXT})
    digest = hashlib.sha256(b"my notes").hexdigest()
    assert bundle_of(session)[f"sessions/{session.pk}/files/{digest}.txt"] == b"my notes"


@pytest.mark.parametrize("text", ["data:", "data:text/plain,x", "data:;base64,=", "free words"])
def test_what_is_no_file_yields_none(text: str) -> None:
    assert list(exhibits.within({"RESPONSE": [text], "OTHER": None})) == []
