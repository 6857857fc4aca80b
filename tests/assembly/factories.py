"""Small packages, items and tests of our own, made in memory."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from assembly import bank, models
from assembly.packages.checking import ImportReport
from assembly.qti import writing
from assembly.qti.drafts import Choice, ChoiceDraft, Picture

AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BY = "anna"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)
IMSCP = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imscp_v1p1"
ASI = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"


def choice_xml(
    identifier: str = "Q1", *, question: str = "Which?", alt: str | None = None
) -> bytes:
    picture = None if alt is None else Picture("../images/a.png", alt)
    return writing.item(
        ChoiceDraft(
            identifier=identifier,
            title=f"Item {identifier}",
            question=question,
            picture=picture,
            choices=(Choice("A", "Right", correct=True), Choice("B", "Wrong")),
        )
    )


def exam_xml(
    refs: Sequence[str], *, identifier: str = "T1", inside: str = "", title: str = "A test"
) -> bytes:
    listed = "".join(
        f'<qti-assessment-item-ref identifier="{ref}" href="items/{ref}.xml"/>' for ref in refs
    )
    return (
        f'<qti-assessment-test xmlns="{ASI}" identifier="{identifier}" title="{title}">'
        '<qti-test-part identifier="P1" navigation-mode="linear" submission-mode="individual">'
        f'<qti-assessment-section identifier="S1" title="One" visible="true">{inside}{listed}'
        "</qti-assessment-section></qti-test-part></qti-assessment-test>"
    ).encode()


def zipped(
    items: Mapping[str, bytes],
    tests: Mapping[str, bytes] | None = None,
    others: Mapping[str, bytes] | None = None,
    parameters: Mapping[str, str] | None = None,
) -> bytes:
    """A package of files by name; `parameters` are the attributes of an item's irt element."""
    resources = [
        _resource(name, "imsqti_item_xmlv3p0", (parameters or {}).get(name, "")) for name in items
    ]
    resources += [_resource(name, "imsqti_test_xmlv3p0", "") for name in tests or {}]
    manifest = (
        f'<manifest xmlns="{IMSCP}" identifier="M"><organizations/>'
        f"<resources>{''.join(resources)}</resources></manifest>"
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as written:
        written.writestr("imsmanifest.xml", manifest)
        for name, content in {**items, **(tests or {}), **(others or {})}.items():
            written.writestr(name, content)
    return target.getvalue()


def _resource(name: str, kind: str, parameters: str) -> str:
    irt = f'<i:irt xmlns:i="urn:invigil:assembly:1" {parameters}/>' if parameters else ""
    return (
        f'<resource identifier="{name}" type="{kind}" href="{name}">'
        f"<metadata>{irt}</metadata></resource>"
    )


def imported(content: bytes) -> ImportReport:
    return bank.import_package(content, by=BY, at=AT, name="upload.zip")


def a_bank(count: int = 3) -> list[models.Item]:
    """That many items, each with one draft version."""
    names = [f"Q{n}" for n in range(1, count + 1)]
    imported(zipped({f"items/{name}.xml": choice_xml(name) for name in names}))
    return list(models.Item.objects.filter(identifier__in=names).order_by("identifier"))


def a_draft(items: Sequence[models.Item], identifier: str = "T1") -> models.AssessmentTest:
    """A test of one part and one section with these items, written here."""
    test = models.AssessmentTest.objects.create(identifier=identifier, title="A test")
    part = models.TestPart.objects.create(test=test, identifier="P1")
    section = models.Section.objects.create(part=part, identifier="S1", title="One")
    for place, item in enumerate(items, start=1):
        models.ItemRef.objects.create(
            section=section, item=item, identifier=item.identifier, position=place
        )
    return test
