"""A sitting as a QTI 3 package: its test as it is delivered there, and what came of it."""

from __future__ import annotations

from functools import partial

from assembly.packages import exporting
from assembly.qti import writing_tests
from delivery.models import Sitting
from delivery.records import result_documents


def of_sitting(sitting: Sitting, *, with_results: bool = False) -> bytes:
    """Return the zip of the version that the sitting pins, under the sitting's own restrictions.

    Its duration and its ban on going back are part of the test then; its window, its rooms and its
    policy are not QTI's. Raises ExportError.
    """
    said = partial(
        writing_tests.restricted, max_seconds=sitting.duration_seconds, linear=sitting.linear
    )
    found = result_documents.each(sitting) if with_results else ()
    beside = {f"results/{name}": content for name, content in found}
    restricts = sitting.duration_seconds is not None or sitting.linear
    given = {"said": said} if restricts else {}
    return exporting.of_test(sitting.test_version, beside=beside, **given)
