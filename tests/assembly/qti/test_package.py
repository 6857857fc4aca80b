import io
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from assembly.qti import archive, package
from assembly.qti.errors import ReadingError
from assembly.qti.package import Parameters

NS = 'xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0"'
ITEM = f'<qti-assessment-item {NS} identifier="Q1" title="One" time-dependent="false"/>'
TEST = f'<qti-assessment-test {NS} identifier="T1" title="Test"/>'


def resource(href: str, kind: str = "imsqti_item_xmlv3p0", inside: str = "") -> str:
    return f'<resource identifier="r" type="{kind}" href="{href}">{inside}</resource>'


def manifest(*resources: str) -> str:
    return (
        '<manifest xmlns="http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1" identifier="M">'
        f"<organizations/><resources>{''.join(resources)}</resources></manifest>"
    )


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in files.items():
            written.writestr(name, content)
    return target.getvalue()


def reason_of(content: bytes) -> str:
    with pytest.raises(ReadingError) as refused:
        package.open_package(content, "upload.zip")
    assert str(refused.value).endswith(".") or ": " in str(refused.value)
    return refused.value.reason


def good() -> dict[str, str | bytes]:
    listed = '<file href="items/q1.xml"/><file href="images/a.png"/>'
    return {
        "imsmanifest.xml": manifest(
            resource("items/q1.xml", inside=listed), resource("t.xml", "imsqti_test_xmlv3p0")
        ),
        "items/q1.xml": ITEM,
        "t.xml": TEST,
        "images/a.png": b"\x89PNG",
    }


def test_a_package_is_sorted_by_its_manifest() -> None:
    found = package.open_package(zipped(good()), "upload.zip")
    assert [(item.href, item.source.decode()) for item in found.items] == [("items/q1.xml", ITEM)]
    assert [test.href for test in found.tests] == ["t.xml"]
    assert found.problems == ()
    assert found.find("items/q1.xml", "../images/a.png") == "images/a.png"
    assert found.read("images/a.png") == b"\x89PNG"


def test_a_package_inside_one_folder_is_found() -> None:
    wrapped = {f"export/{name}": content for name, content in good().items()}
    found = package.open_package(zipped(wrapped))
    assert [item.href for item in found.items] == ["export/items/q1.xml"]


def test_files_beside_the_one_folder_do_no_harm() -> None:
    wrapped = {f"export/{name}": content for name, content in good().items()}
    found = package.open_package(zipped(wrapped | {"README.txt": "hello", "__MACOSX/x": "x"}))
    assert [item.href for item in found.items] == ["export/items/q1.xml"]


def test_two_packages_in_one_zip_are_refused() -> None:
    both = {f"{top}/{name}": content for top in "ab" for name, content in good().items()}
    assert reason_of(zipped(both)) == "no_manifest"


def test_a_folder_reads_like_its_zip(tmp_path: Path) -> None:
    for name, content in good().items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    found = package.open_package(tmp_path)
    assert [item.href for item in found.items] == ["items/q1.xml"]
    assert [test.href for test in found.tests] == ["t.xml"]


def test_a_single_item_finds_the_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "q1.xml").write_text(ITEM)
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    found = package.open_package(tmp_path / "q1.xml")
    assert [item.identifier for item in found.items] == ["q1"]
    assert found.find("q1.xml", "a.png") == "a.png"
    assert found.find("q1.xml", "../other/a.png") is None


def test_a_single_item_of_a_package_finds_the_files_of_the_package(tmp_path: Path) -> None:
    for name, content in good().items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    found = package.open_package(tmp_path / "items" / "q1.xml")
    assert [item.href for item in found.items] == ["items/q1.xml"]
    assert found.find("items/q1.xml", "../images/a.png") == "images/a.png"


def test_a_folder_without_manifest_gives_its_documents(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(ITEM)
    (tmp_path / "b.xml").write_text(TEST)
    (tmp_path / "c.xml").write_text("<broken")
    (tmp_path / "d.xml").write_text("<other/>")
    found = package.open_package(tmp_path)
    assert [item.href for item in found.items] == ["a.xml"]
    assert [test.href for test in found.tests] == ["b.xml"]
    assert [problem.href for problem in found.problems] == ["c.xml"]


def test_item_parameters_are_read_from_the_manifest() -> None:
    irt = '<metadata><i:irt xmlns:i="urn:invigil:assembly:1" a="1.2" b="-0.4"/></metadata>'
    files = {"imsmanifest.xml": manifest(resource("q.xml", inside=irt)), "q.xml": ITEM}
    item = package.open_package(zipped(files)).items[0]
    assert item.parameters == Parameters(1.2, -0.4, 0.0)
    assert item.metadata == ""


def test_what_metadata_tells_of_resources_and_files_is_not_in_the_package() -> None:
    told = resource("gone.xml", inside='<file href="gone.png"/>') + '<file href="gone.css"/>'
    about = f"<metadata><relation>{told}</relation></metadata>"
    found = package.open_package(
        zipped({"imsmanifest.xml": manifest(resource("q.xml", inside=about)), "q.xml": ITEM})
    )
    assert [item.href for item in found.items] == ["q.xml"]
    assert found.problems == ()


@pytest.mark.parametrize(
    ("listed", "reason"),
    [
        (resource("gone.xml"), "missing_file"),
        (resource("q.xml", inside='<file href="gone.png"/>'), "missing_file"),
        (resource("http://example.org/q.xml"), "external_href"),
        (resource("../../q.xml"), "missing_file"),
        (resource("other.xml"), "wrong_root"),
        (resource("bad.xml"), "not_xml"),
        (resource(""), "missing_file"),
        (
            resource(
                "q.xml",
                inside='<metadata><i:irt xmlns:i="urn:invigil:assembly:1" a="x"/></metadata>',
            ),
            "bad_parameter",
        ),
    ],
)
def test_a_resource_that_cannot_be_used_is_reported_and_the_rest_kept(
    listed: str, reason: str
) -> None:
    files = {
        "imsmanifest.xml": manifest(listed, resource("q.xml")),
        "q.xml": ITEM,
        "other.xml": "<other/>",
        "bad.xml": "<bad",
    }
    found = package.open_package(zipped(files))
    assert [problem.reason for problem in found.problems] == [reason]
    assert [item.href for item in found.items] == ["q.xml"]


# What must never be opened


@pytest.mark.parametrize(
    "name", ["../evil.xml", "a/../../evil.xml", "/etc/evil.xml", "C:\\evil.xml", "..\\evil.xml"]
)
def test_names_that_lead_outside_are_refused(name: str) -> None:
    assert reason_of(zipped(good() | {name: "x"})) == "path_traversal"


@pytest.mark.parametrize("name", [b"\0.xml", b"\0\0\0\0/", b".\0xml"])
def test_a_file_without_a_name_is_refused(name: bytes) -> None:
    content = zipped(good() | {"a.xml": "x"}).replace(b"a.xml", name)
    assert reason_of(content) == "unnamed"


def test_a_symbolic_link_in_a_zip_is_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as written:
        link = zipfile.ZipInfo("link.xml")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        written.writestr(link, "/etc/passwd")
    assert reason_of(target.getvalue()) == "symlink"


def test_a_symbolic_link_in_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "imsmanifest.xml").write_text(manifest(resource("q.xml")))
    (tmp_path / "q.xml").symlink_to("/etc/passwd")
    with pytest.raises(ReadingError) as refused:
        package.open_package(tmp_path)
    assert refused.value.reason == "symlink"


def test_a_zip_bomb_is_refused() -> None:
    assert reason_of(zipped(good() | {"zeros.bin": b"\0" * 20_000_000})) == "zip_bomb"


def test_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBERS", 3)
    assert reason_of(zipped(good())) == "too_many_files"


def test_an_oversized_member_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_MEMBER", 100)
    assert reason_of(zipped(good())) == "too_large"


def test_an_oversized_total_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_TOTAL", 100)
    assert reason_of(zipped(good())) == "too_large"


def test_a_member_that_unpacks_to_more_than_it_claims_is_refused() -> None:
    content = bytearray(zipped({"imsmanifest.xml": manifest(resource("q.xml")) * 1}))
    # The central directory's size of the member is made to lie.
    at = content.rindex(b"PK\x01\x02") + 24
    content[at : at + 4] = (10).to_bytes(4, "little")
    assert reason_of(bytes(content)) in {"damaged", "too_large"}


def test_an_encrypted_zip_is_refused() -> None:
    content = bytearray(zipped(good()))
    at = content.rindex(b"PK\x01\x02") + 8
    content[at] |= 1
    assert reason_of(bytes(content)) == "encrypted"


def test_a_damaged_member_is_refused() -> None:
    content = bytearray(zipped(good()))
    content[60:64] = b"\xff\xff\xff\xff"
    assert reason_of(bytes(content)) in {"damaged", "not_zip"}


def test_two_members_of_one_name_are_refused() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as written:
        written.writestr("imsmanifest.xml", manifest())
        with pytest.warns(UserWarning, match="Duplicate"):
            written.writestr("imsmanifest.xml", manifest())
    assert reason_of(target.getvalue()) == "duplicate_name"


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"a.txt": "hello"}, "no_manifest"),
        ({"imsmanifest.xml": "<other/>"}, "bad_manifest"),
        ({"imsmanifest.xml": "not xml"}, "not_xml"),
        ({"imsmanifest.xml": "<!DOCTYPE manifest [<!ENTITY a 'b'>]><manifest/>"}, "doctype"),
        ({"imsmanifest.xml": manifest()}, "empty"),
    ],
)
def test_a_package_without_a_sound_manifest_is_refused(
    files: dict[str, str | bytes], reason: str
) -> None:
    assert reason_of(zipped(files)) == reason


def test_what_is_no_zip_and_no_qti_is_refused() -> None:
    assert reason_of(b"PK but not really") == "not_zip"
    assert reason_of(b"just text") == "not_xml"
    assert reason_of(b"<html/>") == "not_qti"


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReadingError) as refused:
        package.open_package(tmp_path / "gone.zip")
    assert refused.value.reason == "missing_file"


def test_packages_in_a_tree_are_found(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "imsmanifest.xml").write_text(manifest())
    (tmp_path / "two.zip").write_bytes(zipped(good()))
    found = list(package.packages_in(tmp_path))
    assert found == [tmp_path / "one", tmp_path / "two.zip", tmp_path]
    assert list(package.packages_in(tmp_path / "one")) == [tmp_path / "one"]


def test_a_package_of_other_things_says_which() -> None:
    link = '<resource identifier="l" type="imslti_xmlv1p1" href="l.xml"/>'
    with pytest.raises(ReadingError, match="no tests, only imslti_xmlv1p1"):
        package.open_package(zipped({"imsmanifest.xml": manifest(link)}))


@pytest.mark.parametrize("kind", ["resourcemetadata/xml", "resourceextmetadata/xml"])
@pytest.mark.parametrize("root", ["lom", "metadata"])
def test_metadata_in_a_file_of_its_own_is_the_resources(kind: str, root: str) -> None:
    inner = '<lom xmlns="http://ltsc.ieee.org/xsd/LOM"><general/></lom>'
    apart = inner if root == "lom" else f"<metadata>{inner}</metadata>"
    listed = resource("q.xml", inside='<dependency identifierref="m"/>')
    about = f'<resource identifier="m" type="{kind}"><file href="m.xml"/></resource>'
    files = {"imsmanifest.xml": manifest(listed, about), "q.xml": ITEM, "m.xml": apart}
    opened = package.open_package(zipped(files))
    assert "<general/>" in opened.items[0].metadata
    assert opened.metadata == ""
