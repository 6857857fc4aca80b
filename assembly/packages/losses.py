"""What an imported test says that neither the rows of a draft nor its origin would keep."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from assembly import models, outlines
from assembly.packages import stored
from assembly.qti import assessment
from assembly.qti.assessment import AssessmentTest, TimeLimits


def of(test: models.AssessmentTest) -> list[str]:
    """One sentence for each kind of thing that editing here would lose."""
    return list(dict.fromkeys(_losses(stored.read_test(test))))


def _losses(test: AssessmentTest) -> Iterator[str]:
    for limits in _limits(test):
        low, high = outlines.times(limits)
        if (limits.min_seconds or 0) > (limits.max_seconds or float("inf")):
            yield _("A minimum time above the maximum (the maximum takes its place)")
        elif (low, high) != (limits.min_seconds, limits.max_seconds):
            yield _("Fractions of seconds in time limits")


def _limits(test: AssessmentTest) -> Iterator[TimeLimits]:
    yield test.time_limits
    for part in test.parts:
        yield part.time_limits
        for _path, child in assessment.walk(part.children):
            yield child.time_limits
