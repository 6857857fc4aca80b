"""Stored XML read again, with the files that it includes looked up among its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db.models import QuerySet

from assembly import models, outlines
from assembly.qti import grafting, reading, writing_tests
from assembly.qti.assessment import AssessmentTest
from assembly.qti.errors import ReadingError
from assembly.qti.item import AssessmentItem, Stimulus

Files = (
    QuerySet[models.ItemVersionAsset]
    | QuerySet[models.TestAsset]
    | QuerySet[models.TestVersionAsset]
)


def read_item(version: models.ItemVersion) -> AssessmentItem:
    return reading.read_item(version.xml.encode(), resolve=_resolver(version.files.all()))


def read_stimuli(version: models.ItemVersion, hrefs: Sequence[str]) -> tuple[Stimulus, ...]:
    """The shared stimuli at these addresses, those that are there."""
    files = version.files.filter(href__in=hrefs).select_related("asset")
    content = {file.href: bytes(file.asset.content) for file in files}
    resolve = _resolver(version.files.all())
    return tuple(
        reading.read_stimulus(content[href], resolve=resolve) for href in hrefs if href in content
    )


def read_test(test: models.AssessmentTest | models.AssessmentTestVersion) -> AssessmentTest:
    return reading.read_test(xml_of(test).encode(), resolve=_resolver(test.files.all()))


def xml_of(test: models.AssessmentTest | models.AssessmentTestVersion) -> str:
    """What was published or imported; of a draft that is edited here, what its rows mean.

    Rules of an imported test that have no row stay with what they belong to.
    """
    if isinstance(test, models.AssessmentTestVersion) or test.xml:
        return test.xml
    edited = outlines.definition(test)
    written = writing_tests.test(edited)
    if not test.origin:
        return written.decode()
    resolve = _resolver(test.files.all())
    imported = reading.read_test(test.origin.encode(), resolve=resolve)
    changed = outlines.instructed(edited, imported)
    return grafting.graft(written, test.origin.encode(), resolve, instructed=changed).decode()


def _resolver(files: Files) -> Callable[[str], bytes]:
    def resolve(href: str) -> bytes:
        found = files.filter(href=href).select_related("asset").first()
        if found is None:
            raise ReadingError(f"The file {href[:80]} is missing.", reason="missing_file")
        return bytes(found.asset.content)

    return resolve
