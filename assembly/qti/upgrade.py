"""QTI 2.0, 2.1 and 2.2 into QTI 3: names, wrapped content, changed defaults."""

import re

from lxml import etree

from assembly.qti import xml

NAMESPACE = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"

_NAMES = tuple(
    """
adaptive-selection and any-n area-map-entry area-mapping assessment-item assessment-item-ref
assessment-section assessment-section-ref assessment-stimulus assessment-stimulus-ref
assessment-test
associable-hotspot associate-interaction base-value branch-rule choice-interaction container-size
contains correct correct-response custom-interaction custom-operator default default-value delete
divide drawing-interaction end-attempt-interaction equal equal-rounded exit-response exit-template
exit-test extended-text-interaction feedback-block feedback-inline field-value gap gap-img
gap-match-interaction gap-text gcd graphic-associate-interaction graphic-gap-match-interaction
graphic-order-interaction gt gte hotspot-choice hotspot-interaction hottext
hottext-interaction index
inline-choice inline-choice-interaction inside integer-divide integer-modulus integer-to-float
interpolation-table interpolation-table-entry is-null item-body item-session-control lcm
lookup-outcome-value lt lte map-entry map-response map-response-point mapping match
match-interaction match-table match-table-entry math-constant math-operator max media-interaction
member min modal-feedback multiple not null number-correct number-incorrect number-presented
number-responded number-selected or order-interaction ordered ordering outcome-condition
outcome-declaration outcome-else outcome-else-if outcome-if outcome-maximum outcome-minimum
outcome-processing outcome-processing-fragment pattern-match position-object-interaction
position-object-stage power pre-condition printed-variable product prompt random random-float
random-integer repeat response-condition response-declaration response-else response-else-if
response-if response-processing response-processing-fragment round round-to rubric-block
select-point-interaction selection set-correct-response set-default-value set-outcome-value
set-response-value set-template-value simple-associable-choice simple-choice simple-match-set
slider-interaction stats-operator stimulus-body string-match stylesheet substring subtract sum
template-block template-condition template-constraint template-declaration template-default
template-else template-else-if template-if template-inline template-processing test-feedback
test-part test-variables text-entry-interaction time-limits truncate upload-interaction value
variable variable-mapping weight
""".split()  # noqa: SIM905 - a hundred quoted lines would say no more
)


def _camel(name: str) -> str:
    first, *rest = name.split("-")
    return first + "".join(part.capitalize() for part in rest)


_RENAMED = {
    **{_camel(name): f"qti-{name}" for name in _NAMES},
    "durationGTE": "qti-duration-gte",
    "durationLT": "qti-duration-lt",
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
    return xml.name(root) in _ROOTS


def upgrade(root: etree._Element) -> etree._Element:
    """The same document in QTI 3's names; a QTI 3 document comes back untouched."""
    if not is_older(root):
        return root
    strict_case = _is_before_2_2(root)
    for element in list(root.iter(etree.Element)):
        _rename(element, strict_case)
    if root.get("adaptive"):
        _rename_completion_status(root)
    for element in list(root.iter(*(f"{{{NAMESPACE}}}{name}" for name in _BODIED))):
        _wrap(element)
    return root


def _is_before_2_2(root: etree._Element) -> bool:
    """QTI 2.0 and 2.1 hold map entries to be case-sensitive unless they say otherwise."""
    namespace = etree.QName(root).namespace or ""
    return not re.search(r"v2p2|v2p3", namespace)


def _rename(element: etree._Element, strict_case: bool) -> None:
    tag = etree.QName(element)
    if tag.namespace and _FOREIGN.search(tag.namespace):
        return
    renamed = _RENAMED.get(tag.localname)
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
    """QTI 2.0 wrote the built-in variable with an underscore."""
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
