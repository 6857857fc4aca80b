"""Results Reporting 3.0: what came of a session as an `assessmentResult` document."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from lxml import etree

from assembly.qti import values, xml
from assembly.qti.declarations import Declaration, OutcomeDeclaration
from assembly.qti.names import xml_name
from assembly.qti.values import BaseType, Cardinality, Value

NAMESPACE = "http://www.imsglobal.org/xsd/imsqti_result_v3p0"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
SCHEMA = "https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd/imsqti_resultv3p0_v1p0.xsd"
VIEWS = ("author", "candidate", "proctor", "scorer", "testConstructor", "tutor")
SCORERS = ("human", "externalMachine")


class Status(StrEnum):
    """What the variables of an item result are a picture of (QTI RR, sessionStatus)."""

    INITIAL = "initial"
    PENDING_SUBMISSION = "pendingSubmission"
    PENDING_PROCESSING = "pendingResponseProcessing"
    PENDING_SCORING = "pendingExternalScoring"
    FINAL = "final"


class Answered(StrEnum):
    """How far the candidate came with a response (QTI RR, answeredStatus)."""

    NOT_PRESENTED = "notpresented"
    PRESENTED = "presented"
    ATTEMPTED = "attempted"
    ANSWERED = "answered"


@dataclass(frozen=True, slots=True)
class Variable:
    """A template, context or outcome variable with its value."""

    declaration: Declaration
    value: Value | None


@dataclass(frozen=True, slots=True)
class Response(Variable):
    """A response variable; `choices` is the order in which its choices were shown."""

    correct: Value | None = None
    choices: Sequence[str] = ()
    scored: bool | None = None
    answered: Answered | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemResult:
    """One item, or one attempt at it; several of an item have different times."""

    identifier: str
    sequence: int
    at: datetime
    status: Status
    responses: Sequence[Response] = ()
    templates: Sequence[Variable] = ()
    outcomes: Sequence[Variable] = ()
    contexts: Sequence[Variable] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Support:
    """A help that the candidate had: its name in AfA PNP's words and how it was set."""

    name: str
    value: str = ""
    assignment: str = "assigned"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    identifier: str
    at: datetime
    responses: Sequence[Response] = ()
    outcomes: Sequence[Variable] = ()
    supports: Sequence[Support] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentResult:
    """`sessions` are (URI of the system that names it, identifier)."""

    candidate: str
    sessions: Sequence[tuple[str, str]]
    test: TestResult
    items: Sequence[ItemResult] = field(default_factory=tuple)


def seconds(identifier: str, spent: float) -> Response:
    """A duration as response variables report it: a number of seconds."""
    declared = Declaration(identifier=identifier, base_type=BaseType.DURATION)
    return Response(declared, values.single(BaseType.DURATION, spent))


def write(result: AssessmentResult) -> bytes:
    nsmap: Any = {None: NAMESPACE, "xsi": XSI}
    root = etree.Element(f"{{{NAMESPACE}}}assessmentResult", nsmap=nsmap)
    root.set(f"{{{XSI}}}schemaLocation", f"{NAMESPACE} {SCHEMA}")
    context = _add(root, "context", sourcedId=xml_name(result.candidate))
    for source, identifier in result.sessions:
        _add(context, "sessionIdentifier", sourceID=source, identifier=xml_name(identifier))
    _test(root, result.test)
    for item in result.items:
        _item(root, item)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True, pretty_print=True)


def _add(parent: etree._Element, tag: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{NAMESPACE}}}{tag}", attributes)


def _test(root: etree._Element, test: TestResult) -> None:
    element = _add(
        root, "testResult", identifier=xml_name(test.identifier), datestamp=_time(test.at)
    )
    for response in test.responses:
        _response(element, response)
    for outcome in test.outcomes:
        _outcome(element, outcome)
    for support in test.supports:
        added = _add(element, "support", name=support.name, assignment=support.assignment)
        if support.value:
            added.set("value", support.value)


def _item(root: etree._Element, item: ItemResult) -> None:
    element = _add(
        root,
        "itemResult",
        identifier=xml_name(item.identifier),
        sequenceIndex=str(item.sequence),
        datestamp=_time(item.at),
        sessionStatus=item.status.value,
    )
    for response in item.responses:
        _response(element, response)
    for template in item.templates:
        _values(_variable(element, "templateVariable", template), template.value)
    for outcome in item.outcomes:
        _outcome(element, outcome)
    for context in item.contexts:
        _values(_variable(element, "contextVariable", context), context.value)
    if item.comment:
        _add(element, "candidateComment").text = xml.plain(item.comment)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _variable(parent: etree._Element, tag: str, variable: Variable) -> etree._Element:
    declared = variable.declaration
    element = _add(
        parent,
        tag,
        identifier=xml_name(declared.identifier),
        cardinality=declared.cardinality.value,
    )
    if declared.base_type is not None and declared.cardinality is not Cardinality.RECORD:
        element.set("baseType", declared.base_type.value)
    return element


def _response(parent: etree._Element, response: Response) -> None:
    element = _variable(parent, "responseVariable", response)
    if response.choices:
        element.set("choiceSequence", " ".join(map(xml_name, response.choices)))
    if response.scored is not None:
        element.set("scoreStatus", "scored" if response.scored else "notscored")
    if response.answered is not None:
        element.set("answeredStatus", response.answered.value)
    if response.correct is not None:
        _values(_add(element, "correctResponse"), response.correct)
    _values(_add(element, "candidateResponse"), response.value)


def _outcome(parent: etree._Element, outcome: Variable) -> None:
    element = _variable(parent, "outcomeVariable", outcome)
    if isinstance(outcome.declaration, OutcomeDeclaration):
        _declared(element, outcome.declaration)
    _values(element, outcome.value)


def _declared(element: etree._Element, declared: OutcomeDeclaration) -> None:
    """What the declaration says about the value, where the schema has a word for it."""
    views = [view for view in VIEWS if view in declared.view]
    scorer, reference = declared.external_scored, declared.variable_identifier_ref
    if views and len(views) < len(VIEWS):
        element.set("view", " ".join(views))
    given: dict[str, str | float | None] = {
        "interpretation": xml.plain(declared.interpretation) or None,
        "longInterpretation": xml.plain(declared.long_interpretation) or None,
        "normalMaximum": declared.normal_maximum,
        "normalMinimum": declared.normal_minimum,
        "masteryValue": declared.mastery_value,
        "external-scored": scorer if scorer in SCORERS else None,
        "variable-identifier-ref": xml_name(reference) if reference else None,
    }
    for key, value in given.items():
        if value is not None:
            element.set(key, value if isinstance(value, str) else values.lexical(value))


def _values(parent: etree._Element, value: Value | None) -> None:
    if value is None:
        return
    for place, scalar in enumerate(value.scalars):
        element = _add(parent, "value")
        if value.cardinality is Cardinality.RECORD:
            element.set("fieldIdentifier", xml_name(value.fields[place]))
            element.set("baseType", value.types[place].value)
        element.text = xml.plain(values.lexical(scalar))
