"""QTI 2.0, 2.1 and 2.2 into QTI 3: names, wrapped content, changed defaults."""

import re
from typing import Any

from lxml import etree

from assembly.qti import xml
from assembly.qti.errors import Loss

NAMESPACE = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
SCHEMA = "https://purl.imsglobal.org/spec/qti/v3p0/schema/xsd/imsqti_asiv3p0_v1p0.xsd"
SCHEMA_LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"

_NAMES = tuple(
    """
adaptive-engine-ref adaptive-selection adaptive-settings-ref and any-n area-map-entry area-mapping
assessment-item assessment-item-ref assessment-section assessment-section-ref assessment-stimulus
assessment-stimulus-ref assessment-test associable-hotspot associate-interaction base-value
branch-rule card card-entry catalog catalog-info choice-interaction container-size contains correct
correct-response custom-interaction custom-operator default default-value delete divide
drawing-interaction end-attempt-interaction equal equal-rounded exit-response exit-template
exit-test extended-text-interaction feedback-block feedback-inline field-value file-href gap gap-img
gap-match-interaction gap-text gcd graphic-associate-interaction graphic-gap-match-interaction
graphic-order-interaction gt gte hotspot-choice hotspot-interaction hottext hottext-interaction
html-content index inline-choice inline-choice-interaction inside integer-divide integer-modulus
integer-to-float interpolation-table interpolation-table-entry is-null item-body
item-session-control lcm lookup-outcome-value lt lte map-entry map-response map-response-point
mapping match match-interaction match-table match-table-entry math-constant math-operator max
media-interaction member metadata-ref min modal-feedback multiple not null number-correct
number-incorrect number-presented number-responded number-selected or order-interaction ordered
ordering outcome-condition outcome-declaration outcome-else outcome-else-if outcome-if
outcome-maximum outcome-minimum outcome-processing outcome-processing-fragment pattern-match
position-object-interaction position-object-stage power pre-condition printed-variable product
prompt random random-float random-integer repeat response-condition response-declaration
response-else response-else-if response-if response-processing response-processing-fragment round
round-to rubric-block select-point-interaction selection set-correct-response set-default-value
set-outcome-value set-response-value set-template-value simple-associable-choice simple-choice
simple-match-set slider-interaction stats-operator stimulus-body string-match stylesheet substring
subtract sum template-block template-condition template-constraint template-declaration
template-default template-else template-else-if template-if template-inline template-processing
test-feedback test-part test-variables text-entry-interaction time-limits truncate
upload-interaction usagedata-ref value variable variable-mapping weight
""".split()  # noqa: SIM905 - a hundred quoted lines would say no more
)


def _camel(name: str) -> str:
    first, *rest = name.split("-")
    return first + "".join(part.capitalize() for part in rest)


RENAMED = {
    **{_camel(name): f"qti-{name}" for name in _NAMES},
    "durationGTE": "qti-duration-gte",
    "durationLT": "qti-duration-lt",
    # Computer adaptive testing as QTI 2 drafted it.
    "adaptiveItemSelection": "qti-adaptive-selection",
    "qtiMetadataRef": "qti-metadata-ref",
    "qtiUsagedataRef": "qti-usagedata-ref",
}
# Some QTI 2 schemas invented namespaces for what the W3C had named already.
_NAMESPACES = {
    "http://www.w3.org/2010/Math/MathML": "http://www.w3.org/1998/Math/MathML",
    "http://www.w3.org/2010/10/synthesis": "http://www.w3.org/2001/10/synthesis",
}
_UNCARRIED = {
    "apipAccessibility": "The APIP accessibility information is kept in the item, but not used.",
    "portableInfoControl": "A portable info control is not part of QTI 3: it is left out.",
}
_ROOTS = frozenset(
    {
        "assessmentItem",
        "assessmentTest",
        "assessmentSection",
        "assessmentStimulus",
        "outcomeProcessing",
        "responseProcessing",
        "templateProcessing",
        *(_camel(name) for name in _NAMES if name.endswith(("-fragment", "-condition"))),
    }
)
_OLD = frozenset(
    {
        "http://www.imsglobal.org/xsd/imsqti_v2p0",
        "http://www.imsglobal.org/xsd/imsqti_v2p1",
        "http://www.imsglobal.org/xsd/imsqti_v2p2",
        NAMESPACE,
    }
)
# Attributes whose spaces are their own.
_VERBATIM = frozenset(
    {
        "alt",
        "delimiter",
        "label",
        "map-key",
        "mapping-indicator",
        "pattern",
        "pattern-mask",
        "placeholder-text",
        "title",
    }
)
_FOREIGN = re.compile(r"MathML|SVG|svg|xhtml|XInclude|synthesis|apip|imscp|mathassess")
_UPPER = re.compile(r"(?<=[a-z0-9])([A-Z])")
_BODIED = (
    "qti-modal-feedback",
    "qti-feedback-block",
    "qti-rubric-block",
    "qti-template-block",
    "qti-test-feedback",
)


def is_older(root: etree._Element) -> bool:
    namespace = etree.QName(root).namespace
    return xml.name(root) in _ROOTS or (namespace in _OLD and namespace != NAMESPACE)


def losses(root: etree._Element) -> list[Loss]:
    """What of an upgraded document QTI 3 has no place for, each kind once."""
    found: dict[str, Loss] = {}
    for element in root.iter(*(f"{{*}}{name}" for name in _UNCARRIED)):
        name = xml.name(element)
        found.setdefault(name, Loss("not_in_qti_3", _UNCARRIED[name], xml.line(element)))
    return list(found.values())


def document(source: bytes) -> bytes:
    """A document as QTI 3: verbatim where it is that already."""
    root = xml.parse_xml(source)
    if not is_older(root):
        return source
    upgraded = upgrade(root)
    if upgraded.get(SCHEMA_LOCATION) is not None:
        upgraded.set(SCHEMA_LOCATION, f"{NAMESPACE} {SCHEMA}")
    plain = _with_default_namespace(upgraded)
    return etree.tostring(plain, encoding="UTF-8", xml_declaration=True)


def _with_default_namespace(root: etree._Element) -> etree._Element:
    """The root anew, with QTI's namespace as the default: a prefix would be on every element."""
    kept = {prefix: uri for prefix, uri in root.nsmap.items() if prefix and uri not in _OLD}
    nsmap: Any = {None: NAMESPACE, **kept}
    attributes = {str(key): str(value) for key, value in root.attrib.items()}
    plain = etree.Element(root.tag, attributes, nsmap=nsmap)
    plain.text = root.text
    plain.extend(list(root))
    etree.cleanup_namespaces(plain, keep_ns_prefixes=[str(prefix) for prefix in kept])
    return plain


def upgrade(root: etree._Element) -> etree._Element:
    """The same document in QTI 3's names; of a QTI 3 document only slips are mended."""
    if not is_older(root):
        _rename_completion_status(root)
        _collapse(root)
        return root
    strict_case = _is_before_2_2(root)
    for element in list(root.iter(etree.Element)):
        _rename(element, strict_case)
    _rename_completion_status(root)
    for element in list(root.iter(*(f"{{{NAMESPACE}}}{name}" for name in _BODIED))):
        _wrap(element)
    for element in list(root.iter(f"{{{NAMESPACE}}}qti-adaptive-selection")):
        _lift(element)
    for element in list(root.iter(f"{{{NAMESPACE}}}infoControl")):
        _disclose(element)
    _fill_in(root)
    _collapse(root)
    return root


def _collapse(root: etree._Element) -> None:
    """Space around names, numbers and switches means nothing, as the schema's types have it."""
    for element in root.iter(f"{{{NAMESPACE}}}*"):
        for key, value in element.attrib.items():
            if (value[:1].isspace() or value[-1:].isspace()) and key not in _VERBATIM:
                element.set(key, value.strip())


def _lift(adaptive: etree._Element) -> None:
    """QTI 2 put the choice by an engine into a selection, QTI 3 in its place."""
    selection = adaptive.getparent()
    if selection is not None and xml.name(selection) == "qti-selection":
        around = selection.getparent()
        if around is not None:
            adaptive.tail = selection.tail
            around.replace(selection, adaptive)


def _disclose(control: etree._Element) -> None:
    """An info control hides its content until it is asked for: HTML's details do the same."""
    control.tag = f"{{{NAMESPACE}}}details"
    summary = etree.Element(f"{{{NAMESPACE}}}summary")
    summary.text, summary.tail = str(control.attrib.pop("title", "…")), control.text
    control.text = None
    control.insert(0, summary)


def _fill_in(root: etree._Element) -> None:
    """What QTI 3 asks for and QTI 2 left out, and what it has no more and never meant a thing."""
    for body in root.iter(f"{{{NAMESPACE}}}qti-item-body"):
        if not len(body):
            etree.SubElement(body, f"{{{NAMESPACE}}}div")
    for block in root.iter(f"{{{NAMESPACE}}}qti-rubric-block"):
        if not block.get("use"):
            scorers_only = block.get("view", "").split() == ["scorer"]
            block.set("use", "scoring" if scorers_only else "instructions")
    for element in root.iter(f"{{{NAMESPACE}}}qti-gap", f"{{{NAMESPACE}}}qti-gap-text"):
        interaction = next(element.iterancestors("{*}qti-gap-match-interaction"), None)
        shuffled = interaction is not None and xml.flag(interaction, "shuffle")
        if not (shuffled and xml.name(element) == "qti-gap-text"):
            element.attrib.pop("fixed", "")


def _is_before_2_2(root: etree._Element) -> bool:
    """QTI 2.0 and 2.1 hold map entries to be case-sensitive unless they say otherwise."""
    namespace = etree.QName(root).namespace or ""
    return not re.search(r"v2p2|v2p3", namespace)


def _rename(element: etree._Element, strict_case: bool) -> None:
    tag = etree.QName(element)
    if tag.namespace in _NAMESPACES:
        element.tag = f"{{{_NAMESPACES[tag.namespace]}}}{tag.localname}"
    if tag.namespace and _FOREIGN.search(tag.namespace):
        return
    renamed = RENAMED.get(tag.localname)
    element.tag = f"{{{NAMESPACE}}}{renamed or tag.localname}"
    if renamed is None:
        return
    if renamed == "qti-map-entry" and strict_case and "caseSensitive" not in element.attrib:
        element.set("caseSensitive", "true")
    for name in [str(key) for key in element.attrib]:
        kebab = _kebab(name)
        if kebab != name:
            element.set(kebab, str(element.attrib.pop(name)))


def _rename_completion_status(root: etree._Element) -> None:
    """QTI 2.0 wrote the built-in variable with an underscore, and so do items made from it."""
    if not root.get("adaptive"):
        return
    for element in root.iter(etree.Element):
        if element.get("identifier") == "completion_status":
            element.set("identifier", "completionStatus")


def _kebab(name: str) -> str:
    if name.startswith(("{", "data-", "aria-")):
        return name
    return _UPPER.sub(lambda found: "-" + found.group(1).lower(), name)


def _wrap(element: etree._Element) -> None:
    """QTI 3 keeps the content of feedback, rubric and template blocks in a content body."""
    wrapper = f"{{{NAMESPACE}}}qti-content-body"
    if any(child.tag == wrapper for child in element):
        return
    body = etree.Element(wrapper)
    body.text, element.text = element.text, None
    for child in list(element):
        if xml.name(child) not in ("qti-stylesheet", "qti-catalog-info"):
            body.append(child)
    element.append(body)
