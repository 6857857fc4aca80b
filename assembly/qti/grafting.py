"""The rules of an imported test put back onto its parts, sections and item refs after editing.

What the editor writes wins; what it has no word for comes from the imported test, by identifier.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from copy import deepcopy

from lxml import etree

from assembly.qti import upgrade, xml
from assembly.qti.markup import QTI
from assembly.qti.writing import number

Resolve = Callable[[str], bytes]
NESTED = ("qti-assessment-section", "qti-assessment-item-ref", "qti-test-part")
REFERRING = ("qti-assessment-section-ref", "include")
DEPTH = 10
EXITS = frozenset({"EXIT_SECTION", "EXIT_TESTPART", "EXIT_TEST"})
# The children of each element in the schema's order; the editor writes those in `OWN`.
ORDERS = {
    "qti-assessment-test": (
        "qti-context-declaration qti-outcome-declaration qti-time-limits qti-stylesheet"
        " qti-rubric-block qti-test-part qti-outcome-processing qti-test-feedback"
    ),
    "qti-test-part": (
        "qti-pre-condition qti-branch-rule qti-item-session-control qti-time-limits"
        " qti-rubric-block qti-assessment-section qti-test-feedback"
    ),
    "qti-assessment-section": (
        "qti-pre-condition qti-branch-rule qti-item-session-control qti-time-limits"
        " qti-adaptive-selection qti-selection qti-ordering qti-rubric-block"
    ),
    "qti-assessment-item-ref": (
        "qti-pre-condition qti-branch-rule qti-item-session-control qti-time-limits"
        " qti-variable-mapping qti-weight qti-template-default"
    ),
}
OWN = frozenset(
    {
        *("qti-item-session-control", "qti-time-limits", "qti-selection", "qti-ordering"),
        *("qti-assessment-section", "qti-assessment-item-ref", "qti-test-part"),
    }
)


def graft(
    written: bytes, origin: bytes, resolve: Resolve, *, instructed: Container[str] = ()
) -> bytes:
    """The edited test with the rules of the imported one.

    `instructed` names the sections whose instructions were changed in the editor.
    """
    root = xml.parse_xml(written)
    old = upgrade.upgrade(xml.parse_xml(origin))
    named = {str(one.get("identifier")): one for one in _named(old, resolve, 0)}
    for element in [root, *root.iter(*(f"{{{QTI}}}{name}" for name in NESTED))]:
        found = old if element is root else named.get(str(element.get("identifier")))
        if found is not None and xml.name(found) == xml.name(element):
            _add(element, found, edited=str(element.get("identifier")) in instructed)
    _drop_lost_targets(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _named(element: etree._Element, resolve: Resolve, depth: int) -> Iterator[etree._Element]:
    """Parts, sections and refs, also those in files of their own."""
    for child in xml.children(element):
        if xml.name(child) in REFERRING and depth < DEPTH:
            section = upgrade.upgrade(xml.parse_xml(resolve(xml.required(child, "href"))))
            yield section
            yield from _named(section, resolve, depth + 1)
        elif xml.name(child) in NESTED:
            yield child
            yield from _named(child, resolve, depth)


def _add(element: etree._Element, found: etree._Element, *, edited: bool) -> None:
    for key, value in found.attrib.items():
        if key not in element.attrib and str(key) not in DEFAULTED:
            element.set(str(key), str(value))
    order = ORDERS[xml.name(element)].split()
    kept = [child for child in _kept(element, found) if not (edited and _instructs(child))]
    _replace_written(element, {xml.name(child) for child in kept}, edited=edited)
    for child in kept:
        element.append(deepcopy(child))
    places = {name: place for place, name in enumerate(order)}
    # Sections and item refs come last in a section, in their own order.
    element[:] = sorted(element, key=lambda child: places.get(xml.name(child), len(order)))


# What the editor leaves out means its default.
DEFAULTED = frozenset({"required", "fixed", "keep-together", "category", "title", "href"})


def _kept(element: etree._Element, found: etree._Element) -> Iterator[etree._Element]:
    written = {xml.name(child) for child in xml.children(element)}
    for child in xml.children(found):
        name = xml.name(child)
        if name in OWN or name in REFERRING:
            continue
        if name == "qti-adaptive-selection" and written & {name, "qti-selection"}:
            continue
        yield _weighed(element, child) if name == "qti-weight" else child


def _weighed(element: etree._Element, weight: etree._Element) -> etree._Element:
    """The weight with the editor's number, where it is the one that the editor shows."""
    others = [str(one.get("identifier")) for one in xml.children(_parent(weight), "qti-weight")]
    shown = "WEIGHT" if "WEIGHT" in others else others[0]
    if weight.get("identifier") != shown:
        return weight
    mine = xml.child(element, "qti-weight")
    copy = deepcopy(weight)
    copy.set("value", number(1.0) if mine is None else str(mine.get("value")))
    return copy


def _parent(element: etree._Element) -> etree._Element:
    parent = element.getparent()
    return element if parent is None else parent


def _instructs(element: etree._Element) -> bool:
    views = str(element.get("view") or "candidate").split()
    return xml.name(element) == "qti-rubric-block" and "candidate" in views


def _replace_written(element: etree._Element, kept: set[str], *, edited: bool) -> None:
    """Take out what the editor wrote of its own accord, where the imported test has its own."""
    for child in list(element):
        name = xml.name(child)
        replaced = not edited if name == "qti-rubric-block" else name in kept - OWN
        if replaced:
            element.remove(child)


def _drop_lost_targets(root: etree._Element) -> None:
    """Rules that lead to what was taken out, or to another part by now, lead nowhere."""
    parts = list(xml.children(root, "qti-test-part"))
    known = {str(part.get("identifier")) for part in parts}
    for part in parts:
        inside = {str(one.get("identifier")) for one in part.iter(*_tags(NESTED[:2]))}
        for rule in list(part.iter(*_tags(("qti-branch-rule",)))):
            parent = _parent(rule)
            places = known if parent is part else inside
            if str(rule.get("target")) not in places | EXITS:
                parent.remove(rule)


def _tags(names: tuple[str, ...]) -> list[str]:
    return [f"{{{QTI}}}{name}" for name in names]
