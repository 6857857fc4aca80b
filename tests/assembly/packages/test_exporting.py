import io
import zipfile
from pathlib import Path

import pytest

from assembly import bank, models
from assembly.packages import exporting
from assembly.packages.checking import Outcome
from assembly.qti import package
from tests.assembly import factories
from tests.assembly.factories import AT, BY, PNG, choice_xml, exam_xml, imported, zipped

pytestmark = pytest.mark.django_db
DEMO = Path(__file__).parents[3] / "delivery" / "demo" / "bank"


def published(test: models.AssessmentTest) -> models.AssessmentTestVersion:
    return bank.publish(test, BY, AT)


def empty_bank() -> None:
    for model in (
        models.TestVersionItem,
        models.TestVersionAsset,
        models.AssessmentTestVersion,
        models.AssessmentTest,
        models.ItemVersion,
        models.Item,
        models.Asset,
    ):
        model.objects.all().delete()
    bank.forget()


def test_a_test_written_here_survives_export_and_import() -> None:
    test = factories.a_draft(factories.a_bank(2))
    version = published(test)
    words = [v.xml for v in models.ItemVersion.objects.order_by("item__identifier")]
    content = exporting.of_test(version)
    empty_bank()
    report = imported(content)
    assert {row.outcome for row in (*report.items, *report.tests)} == {Outcome.KEPT}
    again = published(models.AssessmentTest.objects.get())
    assert again.xml == version.xml
    assert [v.xml for v in models.ItemVersion.objects.order_by("item__identifier")] == words


def test_images_and_parameters_go_along_from_wherever_they_lay() -> None:
    items = {"pool/items/Q1.xml": choice_xml("Q1", alt="A map")}
    test = exam_xml(["Q1"]).replace(b"items/Q1.xml", b"../pool/items/Q1.xml")
    given = {"pool/items/Q1.xml": 'a="1.5" b="-0.25" c="0.125"'}
    imported(zipped(items, {"tests/t.xml": test}, {"pool/images/a.png": PNG}, given))
    content = exporting.of_test(published(models.AssessmentTest.objects.get()))
    empty_bank()
    report = imported(content)
    assert [row.outcome for row in report.items] == [Outcome.KEPT]
    version = models.ItemVersion.objects.get()
    assert (version.irt_a, version.irt_b, version.irt_c) == (1.5, -0.25, 0.125)
    found = bank.asset(version.pk, "../images/a.png")
    assert found is not None
    assert bytes(found.content) == PNG


def test_metadata_of_an_imported_item_is_exported_with_it() -> None:
    items = {"items/Q1.xml": choice_xml("Q1")}
    content = zipped(items, {"t.xml": exam_xml(["Q1"])}, parameters={"items/Q1.xml": 'a="1" b="0"'})
    lom = '<lom xmlns="urn:lom"><title>Seas</title></lom>'
    imported(with_metadata(content, lom))
    models.ItemVersion.objects.update(irt_b=0.5)
    exported = exporting.of_test(published(models.AssessmentTest.objects.get()))
    with package.open_package(exported) as opened:
        item = opened.items[0]
    assert item.parameters == package.Parameters(1.0, 0.5)
    assert "Seas" in item.metadata
    assert "irt" not in item.metadata


def with_metadata(content: bytes, lom: str) -> bytes:
    """The package with more in its items' metadata."""
    source, target = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with source, zipfile.ZipFile(target, "w") as written:
        for name in source.namelist():
            text = source.read(name)
            if name == "imsmanifest.xml":
                text = text.replace(b"</metadata>", lom.encode() + b"</metadata>")
            written.writestr(name, text)
    return target.getvalue()


def test_the_same_test_is_exported_as_the_same_bytes() -> None:
    version = published(factories.a_draft(factories.a_bank(2)))
    assert exporting.of_test(version) == exporting.of_test(version)


def test_equal_pictures_of_two_items_may_differ_by_content() -> None:
    imported(zipped({"items/Q1.xml": choice_xml("Q1", alt="x")}, None, {"images/a.png": PNG}))
    other = PNG + b"other"
    imported(zipped({"items/Q2.xml": choice_xml("Q2", alt="x")}, None, {"images/a.png": other}))
    test = factories.a_draft(list(models.Item.objects.order_by("identifier")))
    content = exporting.of_test(published(test))
    with package.open_package(content) as opened:
        assert [item.identifier for item in opened.items] == ["Q1-v1", "Q2-v1"]


@pytest.mark.parametrize("identifier", ["autumn-exam", "number-sense", "open-practice"])
def test_the_demo_survives_export_and_import(identifier: str) -> None:
    bank.import_package(DEMO, by=BY, at=AT)
    test = models.AssessmentTest.objects.get(identifier=identifier)
    version = published(test)
    content = exporting.of_test(version)
    report = imported(content)
    assert {row.outcome for row in (*report.items, *report.tests)} == {Outcome.KEPT}
    assert {row.unchanged for row in (*report.items, *report.tests)} == {True}
