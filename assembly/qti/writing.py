"""QTI 3 written from plain drafts of items."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lxml import etree

from assembly.qti.drafts import (
    GAP,
    ChoiceDraft,
    Common,
    Draft,
    DraftError,
    ExtendedTextDraft,
    TextEntryDraft,
)
from assembly.qti.markup import QTI, append_inline, append_paragraphs

XML = "http://www.w3.org/XML/1998/namespace"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
TEMPLATES = "https://purl.imsglobal.org/spec/qti/v3p0/rptemplates"
NAMESPACES: Any = {None: QTI, "xsi": XSI}
SCHEMA = "https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd"


def item(draft: Draft) -> bytes:
    if isinstance(draft, ChoiceDraft):
        return choice_item(draft)
    if isinstance(draft, TextEntryDraft):
        return text_entry_item(draft)
    return extended_text_item(draft)


def choice_item(draft: ChoiceDraft) -> bytes:
    right = [choice for choice in draft.choices if choice.correct]
    if len(draft.choices) < 2 or not right or (len(right) > 1 and not draft.multiple):
        raise DraftError("A choice item needs two choices or more, and a right one among them.")
    root = _item(draft)
    cardinality = "multiple" if draft.multiple else "single"
    declaration = _declare(root, cardinality, "identifier", [choice.identifier for choice in right])
    partial = draft.multiple and draft.partial
    if partial:
        share = draft.score / len(right)
        mapping = add(declaration, "mapping", default_value="0", lower_bound="0")
        for choice in draft.choices:
            value = share if choice.correct else -share
            add(mapping, "map-entry", map_key=choice.identifier, mapped_value=number(value))
    _outcomes(root, draft.score)
    body = _body(root, draft)
    interaction = add(
        body,
        "choice-interaction",
        response_identifier="RESPONSE",
        shuffle=flag(draft.shuffle),
        max_choices="0" if draft.multiple else "1",
    )
    append_inline(add(interaction, "prompt"), _line(draft.question))
    for choice in draft.choices:
        element = add(interaction, "simple-choice", identifier=choice.identifier)
        if choice.fixed:
            element.set("fixed", "true")
        append_inline(element, _line(choice.text))
    _process(root, "map_response" if partial else "match_correct", draft.score, scaled=not partial)
    return to_bytes(root)


def text_entry_item(draft: TextEntryDraft) -> bytes:
    if not any(answer.share == 1 for answer in draft.answers):
        raise DraftError("A text entry item needs an answer that earns the whole score.")
    root = _item(draft)
    ranked = sorted(draft.answers, key=lambda answer: -answer.share)
    numeric = draft.tolerance is not None
    base_type = "float" if numeric else "string"
    declaration = _declare(root, "single", base_type, [ranked[0].text])
    if not numeric:
        mapping = add(declaration, "mapping", default_value="0")
        for answer in draft.answers:
            add(
                mapping,
                "map-entry",
                map_key=answer.text,
                mapped_value=number(answer.share * draft.score),
                case_sensitive=flag(draft.case_sensitive),
            )
    _outcomes(root, draft.score)
    _gap(_body(root, draft), draft)
    if draft.tolerance is None:
        _process(root, "map_response", draft.score, scaled=False)
    else:
        _process_number(root, draft.score, draft.tolerance)
    return to_bytes(root)


def extended_text_item(draft: ExtendedTextDraft) -> bytes:
    root = _item(draft)
    add(
        root,
        "response-declaration",
        identifier="RESPONSE",
        cardinality="single",
        base_type="string",
    )
    _outcomes(root, draft.score, by_person=True)
    interaction = add(
        _body(root, draft),
        "extended-text-interaction",
        response_identifier="RESPONSE",
        expected_lines=str(draft.expected_lines),
    )
    append_inline(add(interaction, "prompt"), _line(draft.question))
    return to_bytes(root)


def _item(draft: Common) -> etree._Element:
    root = etree.Element(f"{{{QTI}}}qti-assessment-item", nsmap=NAMESPACES)
    location = f"{QTI} {SCHEMA}/imsqti_asiv3p0_v1p0.xsd"
    root.set(f"{{{XSI}}}schemaLocation", location)
    root.set("identifier", draft.identifier)
    root.set("title", draft.title)
    root.set("adaptive", "false")
    root.set("time-dependent", "false")
    root.set(f"{{{XML}}}lang", draft.language)
    return root


def add(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    written = {key.replace("_", "-"): value for key, value in attributes.items()}
    return etree.SubElement(parent, f"{{{QTI}}}qti-{name}", written)


def _declare(
    root: etree._Element, cardinality: str, base_type: str, correct: Sequence[str]
) -> etree._Element:
    declaration = add(
        root,
        "response-declaration",
        identifier="RESPONSE",
        cardinality=cardinality,
        base_type=base_type,
    )
    key = add(declaration, "correct-response")
    for value in correct:
        add(key, "value").text = value
    return declaration


def _outcomes(root: etree._Element, score: float, *, by_person: bool = False) -> None:
    for name, value in (("SCORE", 0.0), ("MAXSCORE", score)):
        declaration = add(
            root,
            "outcome-declaration",
            identifier=name,
            cardinality="single",
            base_type="float",
        )
        if name == "SCORE":
            declaration.set("normal-maximum", number(score))
            if by_person:
                declaration.set("external-scored", "human")
        add(add(declaration, "default-value"), "value").text = number(value)


def _body(root: etree._Element, draft: Common) -> etree._Element:
    body = add(root, "item-body")
    append_paragraphs(body, draft.text)
    if draft.picture:
        figure = etree.SubElement(body, f"{{{QTI}}}p")
        image = etree.SubElement(figure, f"{{{QTI}}}img")
        image.set("src", draft.picture.href)
        image.set("alt", draft.picture.alt)
    return body


def _gap(body: etree._Element, draft: TextEntryDraft) -> None:
    question = _line(draft.question)
    before, _, after = (question if GAP in question else f"{question} {GAP}").partition(GAP)
    paragraph = etree.SubElement(body, f"{{{QTI}}}p")
    append_inline(paragraph, before)
    add(
        paragraph,
        "text-entry-interaction",
        response_identifier="RESPONSE",
        expected_length=str(draft.expected_length),
    )
    append_inline(paragraph, after)


def _process(root: etree._Element, template: str, score: float, *, scaled: bool) -> None:
    """A standard template; where it would give 1 and the score is another, its rule in full."""
    if not scaled or score == 1:
        add(root, "response-processing", template=f"{TEMPLATES}/{template}.xml")
        return
    test = _condition(root, score)
    match = add(test, "match")
    add(match, "variable", identifier="RESPONSE")
    add(match, "correct", identifier="RESPONSE")


def _process_number(root: etree._Element, score: float, tolerance: float) -> None:
    test = _condition(root, score)
    equal = add(test, "equal", tolerance_mode="absolute", tolerance=number(tolerance))
    add(equal, "variable", identifier="RESPONSE")
    add(equal, "correct", identifier="RESPONSE")


def _condition(root: etree._Element, score: float) -> etree._Element:
    """The element for the test of a response condition that gives the whole score."""
    condition = add(add(root, "response-processing"), "response-condition")
    when = add(condition, "response-if")
    test = add(when, "and")
    outcome = add(when, "set-outcome-value", identifier="SCORE")
    add(outcome, "base-value", base_type="float").text = number(score)
    return test


def _line(text: str) -> str:
    return " ".join(text.split())


def number(value: float) -> str:
    return f"{value:.12g}"


def flag(value: bool) -> str:
    return "true" if value else "false"


def to_bytes(root: etree._Element) -> bytes:
    _indent(root, 0)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def _indent(element: etree._Element, depth: int) -> None:
    """Indent structure only: inside text, white space is content."""
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        return
    flows = {"p", "prompt", "simple-choice", "value", "rubric-block"}
    if not len(element) or etree.QName(element).localname.removeprefix("qti-") in flows:
        return
    element.text = "\n" + "  " * (depth + 1)
    for child in element:
        _indent(child, depth + 1)
        child.tail = "\n" + "  " * (depth + 1)
    element[-1].tail = "\n" + "  " * depth
