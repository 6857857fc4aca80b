"""What an imported test says that the rows of a draft cannot hold."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from assembly import models, stored
from assembly.qti import assessment
from assembly.qti.assessment import AssessmentTest


def of(test: models.AssessmentTest) -> list[str]:
    """One sentence for each kind of rule that editing here would lose."""
    return list(dict.fromkeys(_losses(stored.read_test(test))))


def _losses(test: AssessmentTest) -> Iterator[str]:
    if test.feedback or any(part.feedback for part in test.parts):
        yield _("Test feedback")
    if test.outcome_processing:
        yield _("Its own outcome processing (the weighted sum of scores takes its place)")
    for part in test.parts:
        if part.pre_conditions or part.branch_rules:
            yield _("Pre-conditions and branch rules")
        for _path, child in assessment.walk(part.children):
            if child.pre_conditions or child.branch_rules:
                yield _("Pre-conditions and branch rules")
            if isinstance(child, assessment.Section):
                if child.rubric_blocks:
                    yield _("Rubric blocks other than plain text")
            elif child.template_defaults or child.variable_mappings:
                yield _("Template defaults and variable mappings")
