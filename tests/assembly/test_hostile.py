"""Packages that mean harm: each gets one clear error, costs little, and leaves nothing behind."""

import io
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from assembly import bank, models
from assembly.packages.checking import Outcome
from assembly.qti import archive, package
from assembly.qti.errors import ReadingError
from tests.assembly.factories import ASI, AT, BY, IMSCP, choice_xml, exam_xml, imported, zipped

pytestmark = pytest.mark.django_db
XI = 'xmlns:xi="http://www.w3.org/2001/XInclude"'
LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'


def manifest(*resources: str) -> bytes:
    listed = "".join(resources)
    return (
        f'<manifest xmlns="{IMSCP}" identifier="M"><resources>{listed}</resources></manifest>'
    ).encode()


def resource(href: str, inside: str = "") -> str:
    kind = "imsqti_item_xmlv3p0"
    return f'<resource identifier="r" type="{kind}" href="{href}">{inside}</resource>'


def packed(files: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as written:
        for name, content in files.items():
            written.writestr(name, content)
    return target.getvalue()


def item_with(inside: str) -> bytes:
    whole = choice_xml("Q1").decode()
    return whole.replace("<qti-item-body>", f"<qti-item-body {XI}>{inside}", 1).encode()


@cache
def crowd(count: int) -> bytes:
    return packed({"imsmanifest.xml": manifest(), **{f"f/{n}": b"" for n in range(count)}})


def lying() -> bytes:
    """The directory says that the item unpacks to one byte."""
    content = bytearray(packed({"imsmanifest.xml": manifest(resource("q.xml")), "q.xml": b"<a/>"}))
    at = content.rindex(b"PK\x01\x02") + 24
    content[at : at + 4] = (1).to_bytes(4, "little")
    return bytes(content)


def twice() -> bytes:
    content = packed({"imsmanifest.xml": manifest(resource("q.xml")), "q.xmm": b"x", "q.xml": b"y"})
    return content.replace(b"q.xmm", b"q.xml")


def linked() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as written:
        written.writestr("imsmanifest.xml", manifest(resource("q.xml")))
        link = zipfile.ZipInfo("q.xml")
        link.external_attr = 0o120777 << 16
        written.writestr(link, "/etc/passwd")
    return target.getvalue()


def bomb() -> bytes:
    return packed(
        {"imsmanifest.xml": manifest(), "zeros": b"\0" * 30_000_000}, zipfile.ZIP_DEFLATED
    )


WHOLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "zip slip": (lambda: packed({"../../evil.xml": b"x"}), "path_traversal"),
    "zip slip by a folder": (lambda: packed({"../etc/": b""}), "path_traversal"),
    "absolute path": (lambda: packed({"/etc/evil.xml": b"x"}), "path_traversal"),
    "drive": (lambda: packed({"C:\\evil.xml": b"x"}), "path_traversal"),
    "back slashes": (lambda: packed({"..\\evil.xml": b"x"}), "path_traversal"),
    "a hundred thousand members": (lambda: crowd(100_000), "too_many_files"),
    "twenty thousand members and one": (lambda: crowd(20_001), "too_many_files"),
    "symbolic link": (linked, "symlink"),
    "duplicate names": (twice, "duplicate_name"),
    "zip bomb": (bomb, "zip_bomb"),
    "billion laughs in the manifest": (
        lambda: packed({"imsmanifest.xml": LAUGHS.encode() + b"<manifest>&b;</manifest>"}),
        "doctype",
    ),
    "external entity in the manifest": (
        lambda: packed(
            {"imsmanifest.xml": b'<!DOCTYPE m [<!ENTITY x SYSTEM "file:///etc/passwd">]><m>&x;</m>'}
        ),
        "doctype",
    ),
    "deep manifest": (
        lambda: packed({"imsmanifest.xml": b"<manifest>" + b"<a>" * 5000 + b"</a>" * 5000}),
        "too_deep",
    ),
    "wrong encoding": (
        lambda: packed({"imsmanifest.xml": b"<?xml version='1.0' encoding='utf-8'?><a>\xff</a>"}),
        "encoding",
    ),
    "unknown encoding": (
        lambda: packed({"imsmanifest.xml": b"<?xml version='1.0' encoding='EBCDIC'?><a/>"}),
        "encoding",
    ),
    "nested zip instead of a manifest": (
        lambda: packed({"inner.zip": packed({"imsmanifest.xml": manifest()})}),
        "no_manifest",
    ),
    "no zip at all": (lambda: b"PK\x03\x04" + b"\0" * 200, "not_zip"),
}
ONE: dict[str, tuple[dict[str, bytes], str]] = {
    "external reference": ({"imsmanifest.xml": manifest(resource("http://e.org/q.xml"))}, ""),
    "reference to this machine": ({"imsmanifest.xml": manifest(resource("file:///etc/hosts"))}, ""),
    "reference that leads outside": ({"imsmanifest.xml": manifest(resource("../../q.xml"))}, ""),
    "encoded reference": ({"imsmanifest.xml": manifest(resource("%2e%2e/%2e%2e/etc/passwd"))}, ""),
    "absolute reference": ({"imsmanifest.xml": manifest(resource("/etc/passwd"))}, ""),
    "nested zip as an item": (
        {"imsmanifest.xml": manifest(resource("in.zip")), "in.zip": packed({"a": b"b"})},
        "not_xml",
    ),
    "billion laughs": ({"q.xml": LAUGHS.encode() + item_with("<p>&b;</p>")}, "doctype"),
    "entity": ({"q.xml": item_with("<p>&b;</p>")}, "entity"),
    "deep item": ({"q.xml": item_with("<div>" * 200 + "</div>" * 200)}, "too_deep"),
    "huge attribute": ({"q.xml": item_with(f'<p class="{"x" * 6_000_000}"/>')}, "too_large"),
    "huge identifier": ({"q.xml": choice_xml("Q" * 300)}, "too_long"),
    "huge address": ({"q.xml": item_with(f'<img src="{"i" * 1500}" alt=""/>')}, "too_long"),
    "wrong encoding": (
        {"q.xml": b"<?xml version='1.0' encoding='ascii'?>\xc3<a/>"},
        "encoding",
    ),
    "inclusion of this machine": (
        {"q.xml": item_with('<xi:include href="file:///etc/passwd"/>')},
        "missing_file",
    ),
    "inclusion of another machine": (
        {"q.xml": item_with('<xi:include href="http://e.org/a.xml"/>')},
        "missing_file",
    ),
    "inclusion of what lies outside": (
        {"q.xml": item_with('<xi:include href="../../../etc/passwd" parse="text"/>')},
        "missing_file",
    ),
    "file that includes itself": (
        {
            "q.xml": item_with('<xi:include href="a.xml"/>'),
            "a.xml": f'<div xmlns="{ASI}" {XI}><xi:include href="a.xml"/></div>'.encode(),
        },
        "include",
    ),
}


def laughing_inclusions() -> dict[str, bytes]:
    """Eight files that include the next one ten times: a hundred million in the end."""
    files = {"q.xml": item_with('<xi:include href="f0.xml"/>')}
    for number in range(8):
        inside = f'<xi:include href="f{number + 1}.xml"/>' * 10
        files[f"f{number}.xml"] = f'<div xmlns="{ASI}" {XI}>{inside}</div>'.encode()
    files["f8.xml"] = f'<p xmlns="{ASI}">ha</p>'.encode()
    return files


ONE["laughing inclusions"] = (laughing_inclusions(), "too_large")


def nothing_is_left(before: set[Path]) -> bool:
    rows = (models.Item, models.ItemVersion, models.Asset, models.AssessmentTest)
    left = set(Path(tempfile.gettempdir()).glob("tmp*")) - before
    return not left and not any(model.objects.exists() for model in rows)


@pytest.mark.parametrize("name", WHOLE)
def test_a_hostile_package_is_one_clear_refusal(name: str) -> None:
    make, reason = WHOLE[name]
    content, before = make(), set(Path(tempfile.gettempdir()).glob("tmp*"))
    with pytest.raises(ReadingError) as refused:
        bank.import_package(content, by=BY, at=AT, name="package.zip")
    assert refused.value.reason == reason
    assert str(refused.value).endswith((".", ".'"))
    assert nothing_is_left(before)


@pytest.mark.parametrize("name", ONE)
def test_a_hostile_document_is_refused_and_the_package_goes_on(name: str) -> None:
    files, reason = ONE[name]
    files = {"imsmanifest.xml": manifest(resource("q.xml")), **files}
    before = set(Path(tempfile.gettempdir()).glob("tmp*"))
    report = imported(packed(files))
    assert [row.outcome for row in report.items] == [Outcome.REFUSED]
    assert report.items[0].message.endswith(".")
    expected = {reason} if reason else {"external_href", "missing_file"}
    assert report.items[0].reason in expected
    assert nothing_is_left(before)


def test_a_member_that_lies_about_its_size_is_refused() -> None:
    report = imported(lying())
    assert [row.reason for row in report.items] == ["damaged"]


def test_a_crowded_zip_costs_little_memory() -> None:
    content = crowd(100_000)
    tracemalloc.start()
    with pytest.raises(ReadingError):
        package.open_package(content)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_bomb_is_not_unpacked() -> None:
    content = bomb()
    tracemalloc.start()
    with pytest.raises(ReadingError):
        package.open_package(content)
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_documents_together_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "MAX_DOCUMENTS", 5_000)
    items = {f"Q{n}.xml": choice_xml(f"Q{n}") for n in range(10)}
    with pytest.raises(ReadingError) as refused:
        package.open_package(zipped(items))
    assert refused.value.reason == "too_large"


def test_one_file_listed_a_thousand_times_is_read_once() -> None:
    content = packed(
        {"imsmanifest.xml": manifest(*[resource("q.xml")] * 1000), "q.xml": choice_xml("Q1")}
    )
    with package.open_package(content) as opened:
        assert len(opened.items) == 1


def test_a_folder_with_too_many_files_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    for number in range(5):
        (tmp_path / f"{number}.xml").write_bytes(choice_xml())
    with pytest.raises(ReadingError) as refused:
        package.open_package(tmp_path)
    assert refused.value.reason == "too_large"


@pytest.mark.parametrize("name", ["P" * 200, "S" * 200])
def test_a_test_with_names_that_no_row_holds_is_refused(name: str) -> None:
    test = exam_xml(["Q1"]).replace(b'identifier="P1"', f'identifier="{name}"'.encode())
    report = imported(zipped({"items/Q1.xml": choice_xml("Q1")}, {"t.xml": test}))
    assert [row.reason for row in report.tests] == ["too_long"]
    assert [row.outcome for row in report.items] == [Outcome.KEPT]


def test_times_that_contradict_each_other_are_imported_as_they_are() -> None:
    limits = '<qti-time-limits min-time="60" max-time="30"/>'
    report = imported(
        zipped({"items/Q1.xml": choice_xml("Q1")}, {"t.xml": exam_xml(["Q1"], inside=limits)})
    )
    assert report.tests[0].outcome is Outcome.KEPT
    section = models.Section.objects.get()
    assert (section.min_seconds, section.max_seconds) == (30, 30)
