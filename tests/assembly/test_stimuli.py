"""What a stimulus includes, and what a package of items tells of itself, on the way in and out."""

import io
import zipfile

import pytest

from assembly import bank, models
from assembly.packages import exporting
from assembly.packages.checking import Outcome
from assembly.qti import body, package
from assembly.qti.errors import ReadingError
from assembly.qti.reading import read_stimulus
from tests.assembly.factories import ASI, AT, BY, PNG, choice_xml, imported, zipped

INCLUDE = 'xmlns:xi="http://www.w3.org/2001/XInclude"'
STIMULUS = f"""<qti-assessment-stimulus xmlns="{ASI}" {INCLUDE} identifier="river" title="River">
 <qti-stimulus-body><p>Read.</p><xi:include href="parts/source.xml"/></qti-stimulus-body>
</qti-assessment-stimulus>"""
SOURCE = f'<div xmlns="{ASI}"><p>It springs here.</p><img src="img/s.png" alt="A spring"/></div>'
REF = '<qti-assessment-stimulus-ref identifier="river" href="../shared/river.xml"/>'
ITEM = choice_xml("Q1").replace(b"<qti-item-body>", REF.encode() + b"<qti-item-body>")
FILES = {
    "shared/river.xml": STIMULUS.encode(),
    "shared/parts/source.xml": SOURCE.encode(),
    "shared/parts/img/s.png": PNG,
}


def words(version: models.ItemVersion) -> str:
    (stimulus,) = bank.stimuli(version.pk)
    return " ".join(body.text_of(stimulus.body).split())


@pytest.mark.django_db
def test_a_stimulus_brings_what_it_includes_and_takes_it_along() -> None:
    report = imported(zipped({"items/Q1.xml": ITEM}, others=FILES))
    assert [(row.outcome, row.message) for row in report.items] == [(Outcome.KEPT, "")]
    version = models.ItemVersion.objects.get()
    assert words(version) == "Read. It springs here. A spring"
    assert bank.digest(version.pk, "parts/img/s.png")
    content = exporting.of_items([version])
    with package.open_package(content) as opened:
        names = {name.split("/", 2)[2] for name in opened.files.names if name.startswith("items/")}
    assert {"shared/river.xml", "shared/parts/source.xml", "shared/parts/img/s.png"} <= names
    models.ItemVersion.objects.all().delete()
    assert [row.message for row in imported(content).items] == [""]
    assert words(models.ItemVersion.objects.get()) == "Read. It springs here. A spring"


@pytest.mark.django_db
def test_an_inclusion_that_is_missing_is_refused() -> None:
    report = imported(
        zipped({"items/Q1.xml": ITEM}, others={"shared/river.xml": FILES["shared/river.xml"]})
    )
    assert [row.outcome for row in report.items] == [Outcome.REFUSED]
    assert "parts/source.xml is missing" in report.items[0].message


def test_a_stimulus_that_includes_itself_ends() -> None:
    with pytest.raises(ReadingError):
        read_stimulus(
            STIMULUS.replace("parts/source.xml", "s.xml").encode(),
            resolve=lambda href: STIMULUS.replace("parts/source.xml", "s.xml").encode(),
        )


def told(title: str) -> bytes:
    lom = (
        '<lom xmlns="http://ltsc.ieee.org/xsd/LOM"><general><title><string language="en">'
        f"{title}</string></title></general></lom>"
    )
    return (f"<metadata>{lom}</metadata>").encode()


def with_metadata(content: bytes, said: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "imsmanifest.xml":
                text = text.replace(b"<organizations/>", said + b"<organizations/>")
            new.writestr(name, text)
    return target.getvalue()


@pytest.mark.django_db
def test_a_package_of_items_keeps_what_it_tells_of_itself() -> None:
    first = with_metadata(zipped({"items/Q1.xml": choice_xml("Q1")}), told("One package"))
    bank.import_package(first, by=BY, at=AT, name="one.zip")
    version = models.ItemVersion.objects.get()
    assert "One package" in version.package_metadata
    with package.open_package(exporting.of_items([version])) as opened:
        assert opened.metadata == version.package_metadata


@pytest.mark.django_db
def test_items_of_several_packages_leave_with_what_each_told() -> None:
    for name in ("Q1", "Q2"):
        one = with_metadata(zipped({f"items/{name}.xml": choice_xml(name)}), told(f"Of {name}"))
        bank.import_package(one, by=BY, at=AT, name="one.zip")
    content = exporting.of_items(models.ItemVersion.objects.order_by("pk"))
    with package.open_package(content) as opened:
        assert "Of Q1" in opened.metadata
        assert "Of Q2" in opened.metadata
