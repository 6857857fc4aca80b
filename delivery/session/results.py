"""What the test knows of its items at any moment: results, outcomes, conditions, feedback."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from assembly import bank
from assembly.qti import assessment, item_session, outcomes
from assembly.qti.assessment import TestFeedback
from assembly.qti.errors import QtiError
from assembly.qti.expressions import Expression
from assembly.qti.item_result import ItemResult
from assembly.qti.values import Value
from assembly.selection import PlannedItem
from delivery.models import ItemSession
from delivery.rules.branching import Holds
from delivery.session.desk import Desk

logger = logging.getLogger(__name__)


def of(found: Desk) -> list[ItemResult]:
    """Return the results of all items in the order of the plan."""
    rows = {row.key: row for row in found.rows}
    return [_result(found, item, rows[item.key]) for item in found.plan.items]


def _result(found: Desk, planned: PlannedItem, row: ItemSession) -> ItemResult:
    item, ref = bank.item(row.item_version_id), found.outline.refs[planned.ref]
    return outcomes.result_of(
        item,
        item_session.from_json(item, row.qti),
        key=row.key,
        ref=planned.ref,
        sections=planned.sections,
        categories=ref.categories,
        weights=ref.weights,
        variable_mappings=ref.variable_mappings,
    )


def current(found: Desk) -> dict[str, Value | None]:
    """Run the test's outcome processing over what is committed so far.

    A test that has none, or whose rules fail, keeps its outcomes' defaults.
    """
    test = found.outline.test
    try:
        rules = test.outcome_processing
        return outcomes.process(test.outcomes, rules, of(found), durations=durations(found))
    except QtiError:
        logger.exception("The outcomes of %s could not be processed.", found.session.pk)
        return outcomes.initial(test.outcomes)


def durations(found: Desk) -> dict[str, float]:
    """Return the seconds spent in the test, under "", and in its parts and sections by name."""
    spent = found.session.timing.get("spent", {})
    parts = {name: spent.get(f"part:{name}", 0) / 1000 for name in found.plan.parts}
    sections = dict.fromkeys(name for item in found.plan.items for name in item.sections)
    within = {name: spent.get(f"section:{name}", 0) / 1000 for name in sections}
    return {"": sum(parts.values()), **parts, **within}


def holds(found: Desk) -> Holds:
    """Return the question that pre-conditions and branch rules ask, as things stand now.

    Most tests have no rules: the outcomes are processed only once a rule is asked.
    """

    @cache
    def known() -> tuple[dict[str, Value | None], list[ItemResult]]:
        return current(found), of(found)

    def ask(expression: Expression) -> bool:
        declared, (outcome, results) = found.outline.test.outcomes, known()
        return outcomes.holds(declared, outcome, expression, results, durations=durations(found))

    return ask


def template_defaults(found: Desk, planned: PlannedItem) -> Mapping[str, Value | None]:
    """Evaluate an item ref's template defaults (QTI ASI), for an item that is about to begin."""
    named = [
        (default.template_identifier, default.expression)
        for default in found.outline.refs[planned.ref].template_defaults
    ]
    if not named:
        return {}
    declared = found.outline.test.outcomes
    spent = durations(found)
    return outcomes.evaluated(declared, current(found), named, of(found), durations=spent)


@dataclass(frozen=True, slots=True)
class Told:
    """The test feedback that is due, and the outcomes that it may print."""

    feedback: tuple[TestFeedback, ...] = ()
    outcomes: Mapping[str, Value | None] = field(default_factory=dict)


def feedback(
    found: Desk, access: str, parts: Iterable[str] | None = None, *, of_test: bool = True
) -> Told:
    """Return the feedback of the test and of its parts, `during` or `atEnd` (QTI ASI).

    `parts` None are all of them; the outcomes are processed only where something is offered.
    """
    named = found.plan.parts if parts is None else parts
    offered = [*(found.outline.test.feedback if of_test else ())]
    offered += [one for name in named for one in found.outline.parts[name].feedback]
    offered = [one for one in offered if one.access == access]
    if not offered:
        return Told()
    values = current(found)
    return Told(assessment.visible_feedback(offered, values, access), values)
