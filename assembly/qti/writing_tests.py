"""QTI 3 written from the plain values of a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from lxml import etree

from assembly.qti import xml
from assembly.qti.assessment import (
    AssessmentTest,
    Child,
    ItemRef,
    ItemSessionControl,
    RubricBlock,
    Section,
    TestPart,
    TimeLimits,
)
from assembly.qti.body import Element, Node, Text
from assembly.qti.markup import QTI
from assembly.qti.metadata import EXTENSION
from assembly.qti.writing import NAMESPACES, SCHEMA, XML, XSI, add, flag, number, to_bytes


def test(source: AssessmentTest) -> bytes:
    """A test of parts, sections and item refs; its score is the weighted sum of its items'.

    Pre-conditions, branch rules and outcome processing are not written: drafts have none.
    """
    root = etree.Element(f"{{{QTI}}}qti-assessment-test", nsmap=NAMESPACES)
    root.set(f"{{{XSI}}}schemaLocation", f"{QTI} {SCHEMA}/imsqti_asiv3p0_v1p0.xsd")
    root.set("identifier", source.identifier)
    root.set("title", source.title)
    if source.language:
        root.set(f"{{{XML}}}lang", source.language)
    total = add(
        root, "outcome-declaration", identifier="SCORE", cardinality="single", base_type="float"
    )
    add(add(total, "default-value"), "value").text = "0"
    _time_limits(root, source.time_limits)
    for part in source.parts:
        _part(root, part)
    _outcome_processing(root, _weighted(source))
    return to_bytes(root)


def restricted(source: bytes, *, max_seconds: float | None = None, linear: bool = False) -> bytes:
    """A QTI 3 test with less time, or without a way back: never with more than it has itself."""
    root = xml.parse_xml(source)
    if linear:
        for part in xml.children(root, "qti-test-part"):
            part.set("navigation-mode", "linear")
    limits = xml.child(root, "qti-time-limits")
    own = None if limits is None else xml.number(limits, "max-time")
    if max_seconds is not None and (own is None or max_seconds < own):
        if limits is None:
            limits = etree.Element(f"{{{QTI}}}qti-time-limits")
            root.insert(_place_of_limits(root), limits)
        limits.set("max-time", number(max_seconds))
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _place_of_limits(root: etree._Element) -> int:
    """Behind the declarations, before everything else, as the schema has it."""
    before = ("qti-context-declaration", "qti-outcome-declaration")
    return sum(1 for _declared in xml.children(root, *before))


def _weighted(source: AssessmentTest) -> bool:
    pending: list[Child] = [child for part in source.parts for child in part.children]
    while pending:
        child = pending.pop()
        if isinstance(child, Section):
            pending.extend(child.children)
        elif child.weights:
            return True
    return False


def _outcome_processing(root: etree._Element, weighted: bool) -> None:
    processing = add(root, "outcome-processing")
    total = add(add(processing, "set-outcome-value", identifier="SCORE"), "sum")
    variables = add(total, "test-variables", variable_identifier="SCORE")
    if weighted:
        variables.set("weight-identifier", "WEIGHT")


def _part(parent: etree._Element, part: TestPart) -> None:
    element = add(
        parent,
        "test-part",
        identifier=part.identifier,
        navigation_mode=part.navigation_mode.value,
        submission_mode=part.submission_mode.value,
    )
    if part.title:
        element.set("title", part.title)
    _session_control(element, part.item_session_control)
    _time_limits(element, part.time_limits)
    _children(element, part.children)


def _children(parent: etree._Element, children: Sequence[Child]) -> None:
    for child in children:
        if isinstance(child, Section):
            _section(parent, child)
        else:
            _item_ref(parent, child)


def _section(parent: etree._Element, section: Section) -> None:
    element = add(
        parent,
        "assessment-section",
        identifier=section.identifier,
        title=section.title,
        visible=flag(section.visible),
    )
    _places(element, section)
    if not section.keep_together:
        element.set("keep-together", "false")
    _session_control(element, section.item_session_control)
    _time_limits(element, section.time_limits)
    _selection(element, section)
    for block in section.rubric_blocks:
        _rubric_block(element, block)
    _children(element, section.children)


def _places(element: etree._Element, child: Child) -> None:
    if child.required:
        element.set("required", "true")
    if child.fixed:
        element.set("fixed", "true")


def _selection(element: etree._Element, section: Section) -> None:
    if section.adaptive:
        chosen = add(element, "adaptive-selection")
        engine, settings = section.adaptive.engine_href, section.adaptive.settings_href
        add(chosen, "adaptive-engine-ref", identifier="engine", href=engine)
        if settings:
            add(chosen, "adaptive-settings-ref", identifier="settings", href=settings)
        return
    if section.selection:
        rule = add(element, "selection", select=str(section.selection.select))
        if section.selection.with_replacement:
            rule.set("with-replacement", "true")
        if section.selection.first:
            rule.set(f"{{{EXTENSION}}}take", "first")
    if section.ordering_shuffle:
        add(element, "ordering", shuffle="true")


def _item_ref(parent: etree._Element, ref: ItemRef) -> None:
    element = add(parent, "assessment-item-ref", identifier=ref.identifier, href=ref.href)
    _places(element, ref)
    if ref.categories:
        element.set("category", " ".join(ref.categories))
    _session_control(element, ref.item_session_control)
    _time_limits(element, ref.time_limits)
    for identifier, value in ref.weights.items():
        add(element, "weight", identifier=identifier, value=number(value))


def _session_control(parent: etree._Element, control: ItemSessionControl) -> None:
    given: dict[str, str] = {}
    for setting in fields(control):
        value = getattr(control, setting.name)
        if value is not None:
            given[setting.name] = flag(value) if isinstance(value, bool) else str(value)
    if given:
        add(parent, "item-session-control", **given)


def _time_limits(parent: etree._Element, limits: TimeLimits) -> None:
    if limits == TimeLimits():
        return
    element = add(parent, "time-limits")
    if limits.min_seconds is not None:
        element.set("min-time", number(limits.min_seconds))
    if limits.max_seconds is not None:
        element.set("max-time", number(limits.max_seconds))
    if limits.allow_late_submission:
        element.set("allow-late-submission", "true")


def _rubric_block(parent: etree._Element, block: RubricBlock) -> None:
    element = add(parent, "rubric-block", use=block.use, view=" ".join(block.view))
    _nodes(add(element, "content-body"), block.content)


def _nodes(parent: etree._Element, nodes: Sequence[Node]) -> None:
    for node in nodes:
        if isinstance(node, Text):
            if len(parent):
                parent[-1].tail = (parent[-1].tail or "") + node.content
            else:
                parent.text = (parent.text or "") + node.content
        elif isinstance(node, Element):
            _nodes(
                etree.SubElement(parent, f"{{{QTI}}}{node.name}", dict(node.attributes)),
                node.children,
            )
