"""The assessment test: parts, sections, item refs, their rules, and what is inherited."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from assembly.qti import outcomes
from assembly.qti.body import Node
from assembly.qti.declarations import ContextDeclaration, OutcomeDeclaration
from assembly.qti.errors import Loss
from assembly.qti.expressions import Expression, Witness
from assembly.qti.item_result import ItemResult
from assembly.qti.processing import Rules
from assembly.qti.values import Value


class NavigationMode(StrEnum):
    LINEAR = "linear"
    NONLINEAR = "nonlinear"


class SubmissionMode(StrEnum):
    INDIVIDUAL = "individual"
    SIMULTANEOUS = "simultaneous"


@dataclass(frozen=True, slots=True)
class TimeLimits:
    min_seconds: float | None = None
    max_seconds: float | None = None
    allow_late_submission: bool = False


@dataclass(frozen=True, slots=True)
class ItemSessionControl:
    """None inherits; max_attempts 0 means unlimited."""

    max_attempts: int | None = None
    show_feedback: bool | None = None
    allow_review: bool | None = None
    show_solution: bool | None = None
    allow_comment: bool | None = None
    allow_skipping: bool | None = None
    validate_responses: bool | None = None


@dataclass(frozen=True, slots=True)
class ResolvedControl:
    max_attempts: int = 1
    show_feedback: bool = False
    allow_review: bool = True
    show_solution: bool = False
    allow_comment: bool = False
    allow_skipping: bool = True
    validate_responses: bool = False


@dataclass(frozen=True, slots=True)
class BranchRule:
    """`target` is an identifier or EXIT_SECTION, EXIT_TESTPART, EXIT_TEST."""

    target: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Selection:
    """`first` is our extension: take the first n in document order instead of drawing them."""

    select: int
    with_replacement: bool = False
    first: bool = False


@dataclass(frozen=True, slots=True)
class AdaptiveSettings:
    engine_href: str
    settings_href: str | None = None
    usagedata_href: str | None = None
    metadata_href: str | None = None


@dataclass(frozen=True, slots=True)
class RubricBlock:
    view: tuple[str, ...]
    use: str
    content: tuple[Node, ...]
    stylesheets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateDefault:
    template_identifier: str
    expression: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRef:
    """`variable_mappings` goes from the item's outcome to the name that outcome processing uses."""

    identifier: str
    href: str
    required: bool = False
    fixed: bool = False
    categories: tuple[str, ...] = ()
    weights: Mapping[str, float] = field(default_factory=dict)
    item_session_control: ItemSessionControl = field(default_factory=ItemSessionControl)
    time_limits: TimeLimits = field(default_factory=TimeLimits)
    pre_conditions: tuple[Expression, ...] = ()
    branch_rules: tuple[BranchRule, ...] = ()
    variable_mappings: Mapping[str, str] = field(default_factory=dict)
    template_defaults: tuple[TemplateDefault, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    identifier: str
    title: str
    visible: bool = True
    required: bool = False
    fixed: bool = False
    keep_together: bool = True
    selection: Selection | None = None
    ordering_shuffle: bool = False
    adaptive: AdaptiveSettings | None = None
    item_session_control: ItemSessionControl = field(default_factory=ItemSessionControl)
    time_limits: TimeLimits = field(default_factory=TimeLimits)
    pre_conditions: tuple[Expression, ...] = ()
    branch_rules: tuple[BranchRule, ...] = ()
    rubric_blocks: tuple[RubricBlock, ...] = ()
    children: tuple["Section | ItemRef", ...] = ()


@dataclass(frozen=True, slots=True)
class TestFeedback:
    """Shown `during` or `atEnd` when the outcome holds (or, for hide, lacks) the identifier."""

    access: str
    outcome_identifier: str
    identifier: str
    show: bool
    title: str
    content: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestPart:
    identifier: str
    title: str = ""
    navigation_mode: NavigationMode = NavigationMode.NONLINEAR
    submission_mode: SubmissionMode = SubmissionMode.INDIVIDUAL
    item_session_control: ItemSessionControl = field(default_factory=ItemSessionControl)
    time_limits: TimeLimits = field(default_factory=TimeLimits)
    pre_conditions: tuple[Expression, ...] = ()
    branch_rules: tuple[BranchRule, ...] = ()
    rubric_blocks: tuple[RubricBlock, ...] = ()
    children: tuple[Section | ItemRef, ...] = ()
    feedback: tuple[TestFeedback, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentTest:
    identifier: str
    title: str
    language: str = ""
    item_session_control: ItemSessionControl = field(default_factory=ItemSessionControl)
    time_limits: TimeLimits = field(default_factory=TimeLimits)
    outcomes: Mapping[str, OutcomeDeclaration] = field(default_factory=dict)
    contexts: Mapping[str, ContextDeclaration] = field(default_factory=dict)
    parts: tuple[TestPart, ...] = ()
    outcome_processing: Rules = ()
    feedback: tuple[TestFeedback, ...] = ()
    rubric_blocks: tuple[RubricBlock, ...] = ()
    stylesheets: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()

    def part(self, identifier: str) -> TestPart:
        return next(part for part in self.parts if part.identifier == identifier)


Child = Section | ItemRef


def walk(children: Sequence[Child]) -> Iterator[tuple[tuple[Section, ...], Child]]:
    """Every section and item ref in document order, with the sections around it."""
    for child in children:
        yield (), child
        if isinstance(child, Section):
            for path, deeper in walk(child.children):
                yield (child, *path), deeper


def item_refs(test: AssessmentTest) -> Iterator[tuple[TestPart, tuple[Section, ...], ItemRef]]:
    for part in test.parts:
        for path, child in walk(part.children):
            if isinstance(child, ItemRef):
                yield part, path, child


def item_ref(test: AssessmentTest, identifier: str) -> ItemRef:
    return next(ref for _, _, ref in item_refs(test) if ref.identifier == identifier)


def control(
    test: AssessmentTest,
    part: TestPart,
    sections: Sequence[Section] = (),
    ref: ItemRef | None = None,
) -> ResolvedControl:
    """The nearest setting wins: item ref, sections inside out, part, test, then the defaults."""
    layers = [test.item_session_control, part.item_session_control]
    layers += [section.item_session_control for section in sections]
    if ref is not None:
        layers.append(ref.item_session_control)
    settled: dict[str, Any] = {}
    for layer in layers:
        for setting in fields(layer):
            value = getattr(layer, setting.name)
            if value is not None:
                settled[setting.name] = value
    return ResolvedControl(**settled)


Values = Mapping[str, Value | None]


def score_test(
    test: AssessmentTest, results: Sequence[ItemResult], *, witness: Witness | None = None
) -> dict[str, Value | None]:
    """The test's outcome variables after outcome processing; without rules, their defaults."""
    return outcomes.process(test.outcomes, test.outcome_processing, results, witness)


def holds(
    test: AssessmentTest,
    expression: Expression,
    results: Sequence[ItemResult],
    current: Values | None = None,
) -> bool:
    """A pre-condition or branch rule; `current` outcomes are newly scored where not given."""
    known = score_test(test, results) if current is None else current
    return outcomes.holds(test.outcomes, known, expression, results)


def template_defaults(
    test: AssessmentTest,
    ref: ItemRef,
    results: Sequence[ItemResult],
    current: Values | None = None,
) -> dict[str, Value | None]:
    """The template variables' defaults that the test gives to an item, for `item_session.begin`."""
    if not ref.template_defaults:
        return {}
    known = score_test(test, results) if current is None else current
    named = [(one.template_identifier, one.expression) for one in ref.template_defaults]
    return outcomes.evaluated(test.outcomes, known, named, results)


def visible_feedback(
    feedback: Sequence[TestFeedback], current: Values, access: str
) -> tuple[TestFeedback, ...]:
    """What to show `during` or `atEnd`, by the outcomes at hand."""
    return tuple(
        one
        for one in feedback
        if one.access == access
        and outcomes.names(current.get(one.outcome_identifier), one.identifier) == one.show
    )
