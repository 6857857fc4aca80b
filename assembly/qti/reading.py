"""Reads items and stimuli, QTI 3 and older, from bytes that nobody vouches for."""

from collections.abc import Callable, Container, Iterable
from typing import TypeVar

from lxml import etree

from assembly.qti import (
    including,
    reading_body,
    reading_catalogs,
    reading_companions,
    reading_declarations,
    reading_rules,
    reading_tests,
    response_templates,
    scoring_range,
    upgrade,
    xml,
)
from assembly.qti.assessment import AssessmentTest
from assembly.qti.body import Interaction, Node
from assembly.qti.declarations import Declaration
from assembly.qti.errors import Loss, ReadingError, UnsupportedError
from assembly.qti.item import AssessmentItem, ModalFeedback, Stimulus, StimulusRef
from assembly.qti.processing import Rules
from assembly.qti.reading_rules import Reading, Resolver
from assembly.qti.xml import parse_xml

__all__ = ["content", "parse_xml", "read_item", "read_stimulus", "read_test"]

Declared = TypeVar("Declared", bound=Declaration)


def read_item(
    source: bytes, *, resolve: Resolver | None = None, with_body: bool = True
) -> AssessmentItem:
    """`resolve` fetches included files; without its body an item can still be scored."""
    root = _root(source, "qti-assessment-item")
    reading = Reading(resolve, losses=upgrade.losses(root))
    if resolve is not None and with_body:
        including.expand(root, reading)
    shown = root if with_body else etree.Element(root.tag)
    body = _body(shown, "qti-item-body")
    interactions = tuple(reading_body.interactions_in(body))
    responses = _declared(root, "qti-response-declaration", reading_declarations.read_response)
    outcomes = _declared(root, "qti-outcome-declaration", reading_declarations.read_outcome)
    rules = _response_processing(root, reading)
    _check_bound(interactions, responses, reading)
    return AssessmentItem(
        identifier=xml.required(root, "identifier"),
        title=str(root.get("title") or ""),
        label=str(root.get("label") or ""),
        language=xml.language(root),
        adaptive=xml.flag(root, "adaptive"),
        time_dependent=xml.flag(root, "time-dependent"),
        responses=responses,
        outcomes=outcomes,
        templates=_declared(root, "qti-template-declaration", reading_declarations.read_template),
        contexts=_declared(root, "qti-context-declaration", reading_declarations.read_context),
        template_processing=_rules(root, "qti-template-processing", reading),
        response_processing=rules,
        body=body,
        interactions=interactions,
        modal_feedback=tuple(map(_modal, xml.children(shown, "qti-modal-feedback"))),
        stimulus_refs=tuple(map(_stimulus_ref, xml.children(shown, "qti-assessment-stimulus-ref"))),
        stylesheets=_stylesheets(shown),
        catalogs=reading_catalogs.read_catalogs(shown),
        companions=reading_companions.read_companions(shown),
        max_score=scoring_range.maximum(outcomes, responses, rules),
        losses=tuple(reading.losses),
    )


def content(source: bytes, *, resolve: Resolver) -> etree._Element:
    """The root of an item or a stimulus in QTI 3's names, with what its content includes in it."""
    root = upgrade.upgrade(parse_xml(source))
    including.expand(root, Reading(resolve))
    return root


def read_stimulus(source: bytes, *, resolve: Resolver | None = None) -> Stimulus:
    root = _root(source, "qti-assessment-stimulus")
    if resolve is not None:
        including.expand(root, Reading(resolve))
    return Stimulus(
        identifier=xml.required(root, "identifier"),
        title=str(root.get("title") or ""),
        language=xml.language(root),
        body=_body(root, "qti-stimulus-body"),
        stylesheets=_stylesheets(root),
        catalogs=reading_catalogs.read_catalogs(root),
    )


def read_test(source: bytes, *, resolve: Resolver | None = None) -> AssessmentTest:
    """`resolve` fetches sections and fragments that are kept in files of their own."""
    return reading_tests.read(_root(source, "qti-assessment-test"), Reading(resolve))


def _root(source: bytes, wanted: str) -> etree._Element:
    root = upgrade.upgrade(parse_xml(source))
    if xml.name(root) != wanted:
        raise ReadingError(
            f"This is not {wanted.replace('-', ' ').replace('qti', 'a QTI')}:"
            f" the document is a {xml.name(root)[:80]}.",
            reason="wrong_root",
            line=xml.line(root),
        )
    return root


def _body(root: etree._Element, name: str) -> tuple[Node, ...]:
    found = xml.child(root, name)
    return () if found is None else reading_body.read_body(found)


def _declared(
    root: etree._Element, name: str, read: Callable[[etree._Element], Declared]
) -> dict[str, Declared]:
    found: dict[str, Declared] = {}
    for element in xml.children(root, name):
        declaration = read(element)
        if declaration.identifier in found:
            raise ReadingError(
                f"{declaration.identifier} is declared twice.",
                reason="duplicate_identifier",
                line=xml.line(element),
            )
        found[declaration.identifier] = declaration
    return found


def _rules(root: etree._Element, name: str, reading: Reading) -> Rules:
    found = xml.child(root, name)
    return () if found is None else reading_rules.read_rules(found, reading)


def _response_processing(root: etree._Element, reading: Reading) -> Rules:
    """Rules of its own win over a template; an unknown template is looked for at its location."""
    element = xml.child(root, "qti-response-processing")
    if element is None:
        return ()
    own = reading_rules.read_rules(element, reading)
    address = str(element.get("template") or "").strip()
    location = str(element.get("template-location") or "").strip()
    if own or not (address or location):
        return own
    standard = response_templates.find(address)
    if standard is not None:
        return standard
    if reading.resolve is None:
        raise UnsupportedError(
            f"The response processing template {address[:120]} is not known.",
            reason="unknown_template",
            line=xml.line(element),
        )
    template = upgrade.upgrade(parse_xml(reading.resolve(location or address)))
    return reading_rules.read_rules(template, reading)


def _check_bound(
    interactions: Iterable[Interaction], responses: Container[str], reading: Reading
) -> None:
    for interaction in interactions:
        if interaction.response_identifier not in responses:
            name = interaction.response_identifier
            message = f"An interaction answers {name}, which is not declared; it cannot count."
            reading.losses.append(Loss("undeclared_response", message, interaction.line))


def _modal(element: etree._Element) -> ModalFeedback:
    return ModalFeedback(
        outcome_identifier=xml.required(element, "outcome-identifier"),
        identifier=xml.required(element, "identifier"),
        show=element.get("show-hide") != "hide",
        title=str(element.get("title") or ""),
        content=reading_body.read_body(element),
    )


def _stimulus_ref(element: etree._Element) -> StimulusRef:
    return StimulusRef(
        identifier=xml.required(element, "identifier"),
        href=xml.required(element, "href"),
        title=str(element.get("title") or ""),
    )


def _stylesheets(root: etree._Element) -> tuple[str, ...]:
    return tuple(xml.required(sheet, "href") for sheet in xml.children(root, "qti-stylesheet"))
