"""Reads assessment tests: parts, sections, item refs and all their rules."""

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from lxml import etree

from assembly.qti import reading_body, reading_declarations, reading_rules, xml
from assembly.qti.assessment import (
    AdaptiveSettings,
    AssessmentTest,
    BranchRule,
    Child,
    ItemRef,
    ItemSessionControl,
    NavigationMode,
    RubricBlock,
    Section,
    Selection,
    SubmissionMode,
    TemplateDefault,
    TestFeedback,
    TestPart,
    TimeLimits,
    walk,
)
from assembly.qti.declarations import ContextDeclaration, OutcomeDeclaration
from assembly.qti.errors import ReadingError
from assembly.qti.expressions import Expression
from assembly.qti.reading_rules import Reading

SECTION_DEPTH = 30
WHOLE_LIMIT = 1_000_000
SECONDS_LIMIT = 1e9


def read(root: etree._Element, reading: Reading) -> AssessmentTest:
    processing = xml.child(root, "qti-outcome-processing")
    test = AssessmentTest(
        identifier=xml.required(root, "identifier"),
        title=str(root.get("title") or ""),
        language=xml.language(root),
        item_session_control=_control(root),
        time_limits=_time_limits(root),
        outcomes=_outcomes(root),
        contexts=_contexts(root),
        parts=tuple(_part(part, reading) for part in xml.children(root, "qti-test-part")),
        outcome_processing=(
            () if processing is None else reading_rules.read_rules(processing, reading)
        ),
        feedback=_feedback(root),
        rubric_blocks=_rubrics(root),
        stylesheets=_stylesheets(root),
    )
    _check(root, test)
    for part in test.parts:
        _check_targets(part, test)
    return replace(test, losses=tuple(reading.losses))


def _check(root: etree._Element, test: AssessmentTest) -> None:
    """A test needs a part, and identifiers name one thing each."""
    if not test.parts:
        raise ReadingError(
            "The test has no test part.", reason="wrong_structure", line=xml.line(root)
        )
    seen: set[str] = set()
    for element in root.iter(etree.Element):
        if xml.name(element) in _IDENTIFIED:
            identifier = str(element.get("identifier"))
            if identifier in seen:
                raise ReadingError(
                    f"The identifier {identifier[:80]} is used twice in the test.",
                    reason="duplicate_identifier",
                    line=xml.line(element),
                )
            seen.add(identifier)


def _check_targets(part: TestPart, test: AssessmentTest) -> None:
    """Parts branch to parts; items and sections to items and sections of their own part."""
    inside = {child.identifier for _, child in walk(part.children)}
    rules = [(part.branch_rules, {one.identifier for one in test.parts})]
    rules += [(child.branch_rules, inside) for _, child in walk(part.children)]
    for branches, known in rules:
        for rule in branches:
            if rule.target not in known | EXITS:
                raise ReadingError(
                    f"A branch rule leads to {rule.target[:80]}, where nothing is to be found.",
                    reason="wrong_target",
                    line=rule.expression.line,
                )


EXITS = frozenset({"EXIT_SECTION", "EXIT_TEST", "EXIT_TESTPART"})
_IDENTIFIED = frozenset({"qti-test-part", "qti-assessment-section", "qti-assessment-item-ref"})


def _outcomes(root: etree._Element) -> dict[str, OutcomeDeclaration]:
    found = map(reading_declarations.read_outcome, xml.children(root, "qti-outcome-declaration"))
    return {declaration.identifier: declaration for declaration in found}


def _contexts(root: etree._Element) -> dict[str, ContextDeclaration]:
    found = map(reading_declarations.read_context, xml.children(root, "qti-context-declaration"))
    return {declaration.identifier: declaration for declaration in found}


def _part(element: etree._Element, reading: Reading) -> TestPart:
    return TestPart(
        identifier=xml.required(element, "identifier"),
        title=str(element.get("title") or ""),
        navigation_mode=_mode(element, "navigation-mode", NavigationMode.LINEAR),
        submission_mode=_mode(element, "submission-mode", SubmissionMode.INDIVIDUAL),
        item_session_control=_control(element),
        time_limits=_time_limits(element),
        pre_conditions=_pre_conditions(element, reading),
        branch_rules=_branch_rules(element, reading),
        rubric_blocks=_rubrics(element),
        children=tuple(_children(element, reading, 0)),
        feedback=_feedback(element),
    )


Mode = TypeVar("Mode", NavigationMode, SubmissionMode)


def _mode(element: etree._Element, attribute: str, default: Mode) -> Mode:
    text = str(element.get(attribute) or default.value).strip()
    try:
        return type(default)(text)
    except ValueError as error:
        raise ReadingError(
            f"There is no {attribute} {text[:40]}.", reason="wrong_value", line=xml.line(element)
        ) from error


def _children(element: etree._Element, reading: Reading, depth: int) -> Iterator[Child]:
    if depth > SECTION_DEPTH:
        raise ReadingError(
            "The sections are nested too deep.", reason="too_deep", line=xml.line(element)
        )
    for child in xml.children(element):
        name = xml.name(child)
        if name == "qti-assessment-section":
            yield _section(child, reading, depth + 1)
        elif name == "qti-assessment-item-ref":
            yield _item_ref(child, reading)
        elif name in ("qti-assessment-section-ref", "include"):
            yield _referred(child, reading, depth + 1)


def _referred(element: etree._Element, reading: Reading, depth: int) -> Section:
    with reading.included(element) as root:
        if xml.name(root) != "qti-assessment-section":
            raise ReadingError(
                f"{xml.required(element, 'href')[:80]} is not a section.",
                reason="wrong_root",
                line=xml.line(element),
            )
        return _section(root, reading, depth)


def _section(element: etree._Element, reading: Reading, depth: int) -> Section:
    ordering = xml.child(element, "qti-ordering")
    return Section(
        identifier=xml.required(element, "identifier"),
        title=str(element.get("title") or ""),
        visible=xml.flag(element, "visible", default=True),
        required=xml.flag(element, "required"),
        fixed=xml.flag(element, "fixed"),
        keep_together=xml.flag(element, "keep-together", default=True),
        selection=_selection(element),
        ordering_shuffle=ordering is not None and xml.flag(ordering, "shuffle"),
        adaptive=_adaptive(element),
        item_session_control=_control(element),
        time_limits=_time_limits(element),
        pre_conditions=_pre_conditions(element, reading),
        branch_rules=_branch_rules(element, reading),
        rubric_blocks=_rubrics(element),
        children=tuple(_children(element, reading, depth)),
    )


def _selection(element: etree._Element) -> Selection | None:
    found = xml.child(element, "qti-selection")
    if found is None:
        return None
    select = _whole(found, "select")
    if select is None:
        raise ReadingError(
            "A selection lacks its select.", reason="missing_attribute", line=xml.line(found)
        )
    return Selection(select, xml.flag(found, "with-replacement"), first=found.get(TAKE) == "first")


# Ours: take the first ones in document order. QTI lets selections carry foreign attributes.
TAKE = "{urn:invigil:assembly:1}take"


def _adaptive(element: etree._Element) -> AdaptiveSettings | None:
    found = xml.child(element, "qti-adaptive-selection")
    if found is None:
        return None
    hrefs = {xml.name(child): xml.required(child, "href") for child in xml.children(found)}
    return AdaptiveSettings(
        engine_href=hrefs.get("qti-adaptive-engine-ref", ""),
        settings_href=hrefs.get("qti-adaptive-settings-ref"),
        usagedata_href=hrefs.get("qti-usagedata-ref"),
        metadata_href=hrefs.get("qti-metadata-ref"),
    )


def _item_ref(element: etree._Element, reading: Reading) -> ItemRef:
    return ItemRef(
        identifier=xml.required(element, "identifier"),
        href=reading.href(element),
        required=xml.flag(element, "required"),
        fixed=xml.flag(element, "fixed"),
        categories=tuple(str(element.get("category") or "").split()),
        weights={
            xml.required(weight, "identifier"): xml.number(weight, "value") or 0.0
            for weight in xml.children(element, "qti-weight")
        },
        item_session_control=_control(element),
        time_limits=_time_limits(element),
        pre_conditions=_pre_conditions(element, reading),
        branch_rules=_branch_rules(element, reading),
        variable_mappings={
            xml.required(one, "source-identifier"): xml.required(one, "target-identifier")
            for one in xml.children(element, "qti-variable-mapping")
        },
        template_defaults=tuple(
            _template_default(one, reading) for one in xml.children(element, "qti-template-default")
        ),
    )


def _template_default(element: etree._Element, reading: Reading) -> TemplateDefault:
    return TemplateDefault(
        xml.required(element, "template-identifier"),
        reading_rules.only_expression(element, reading),
    )


def _pre_conditions(element: etree._Element, reading: Reading) -> tuple[Expression, ...]:
    return tuple(
        reading_rules.only_expression(one, reading)
        for one in xml.children(element, "qti-pre-condition")
    )


def _branch_rules(element: etree._Element, reading: Reading) -> tuple[BranchRule, ...]:
    return tuple(
        BranchRule(xml.required(rule, "target"), reading_rules.only_expression(rule, reading))
        for rule in xml.children(element, "qti-branch-rule")
    )


def _control(element: etree._Element) -> ItemSessionControl:
    found = xml.child(element, "qti-item-session-control")
    if found is None:
        return ItemSessionControl()
    return ItemSessionControl(
        max_attempts=_whole(found, "max-attempts"),
        show_feedback=_optional(found, "show-feedback"),
        allow_review=_optional(found, "allow-review"),
        show_solution=_optional(found, "show-solution"),
        allow_comment=_optional(found, "allow-comment"),
        allow_skipping=_optional(found, "allow-skipping"),
        validate_responses=_optional(found, "validate-responses"),
    )


def _optional(element: etree._Element, attribute: str) -> bool | None:
    return None if element.get(attribute) is None else xml.flag(element, attribute)


def _whole(element: etree._Element, attribute: str) -> int | None:
    """A whole number that is not negative."""
    found = xml.number(element, attribute)
    if found is None:
        return None
    if not 0 <= found < WHOLE_LIMIT or found != int(found):
        raise ReadingError(
            f"{attribute} needs a whole number, not {found:g}.",
            reason="wrong_number",
            line=xml.line(element),
        )
    return int(found)


def _time_limits(element: etree._Element) -> TimeLimits:
    found = xml.child(element, "qti-time-limits")
    if found is None:
        return TimeLimits()
    return TimeLimits(
        min_seconds=_seconds(found, "min-time"),
        max_seconds=_seconds(found, "max-time"),
        allow_late_submission=xml.flag(found, "allow-late-submission"),
    )


def _seconds(element: etree._Element, attribute: str) -> float | None:
    """Up to some thirty years."""
    found = xml.number(element, attribute)
    if found is not None and not 0 <= found <= SECONDS_LIMIT:
        raise ReadingError(
            f"{attribute} needs a number of seconds, not {found:g}.",
            reason="wrong_number",
            line=xml.line(element),
        )
    return found


def _rubrics(element: etree._Element) -> tuple[RubricBlock, ...]:
    return tuple(
        RubricBlock(
            view=tuple(str(block.get("view") or "").split()),
            use=str(block.get("use") or ""),
            content=reading_body.read_body(block),
            stylesheets=_stylesheets(block),
        )
        for block in xml.children(element, "qti-rubric-block")
    )


def _stylesheets(element: etree._Element) -> tuple[str, ...]:
    return tuple(xml.required(sheet, "href") for sheet in xml.children(element, "qti-stylesheet"))


def _feedback(element: etree._Element) -> tuple[TestFeedback, ...]:
    return tuple(
        TestFeedback(
            access="during" if found.get("access") == "during" else "atEnd",
            outcome_identifier=xml.required(found, "outcome-identifier"),
            identifier=xml.required(found, "identifier"),
            show=found.get("show-hide") != "hide",
            title=str(found.get("title") or ""),
            content=reading_body.read_body(found),
        )
        for found in xml.children(element, "qti-test-feedback")
    )
