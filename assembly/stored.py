"""Stored XML read again, with the files that it includes looked up among its own."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import QuerySet

from assembly import models, outlines
from assembly.qti import reading, writing_tests
from assembly.qti.assessment import AssessmentTest
from assembly.qti.errors import ReadingError
from assembly.qti.item import AssessmentItem

Files = (
    QuerySet[models.ItemVersionAsset]
    | QuerySet[models.TestAsset]
    | QuerySet[models.TestVersionAsset]
)


def read_item(version: models.ItemVersion) -> AssessmentItem:
    return reading.read_item(version.xml.encode(), resolve=_resolver(version.files.all()))


def read_test(test: models.AssessmentTest | models.AssessmentTestVersion) -> AssessmentTest:
    return reading.read_test(xml_of(test).encode(), resolve=_resolver(test.files.all()))


def xml_of(test: models.AssessmentTest | models.AssessmentTestVersion) -> str:
    """What was published or imported; of a draft that is written here, what its rows mean."""
    if isinstance(test, models.AssessmentTest) and not test.xml:
        return writing_tests.test(outlines.definition(test)).decode()
    return test.xml


def _resolver(files: Files) -> Callable[[str], bytes]:
    def resolve(href: str) -> bytes:
        found = files.filter(href=href).select_related("asset").first()
        if found is None:
            raise ReadingError(f"The file {href[:80]} is missing.", reason="missing_file")
        return bytes(found.asset.content)

    return resolve
