"""Reads variable declarations, their values, mappings and tables."""

import re

from lxml import etree

from assembly.qti import values, xml
from assembly.qti.declarations import (
    AreaMapEntry,
    AreaMapping,
    Bounds,
    ContextDeclaration,
    LookupTable,
    MapEntry,
    Mapping,
    OutcomeDeclaration,
    ResponseDeclaration,
    TableEntry,
    TemplateDeclaration,
)
from assembly.qti.errors import ReadingError, ResponseError
from assembly.qti.shapes import Area, Shape
from assembly.qti.values import BaseType, Cardinality, Scalar, Value


def refusal(element: etree._Element, complaint: str, reason: str = "wrong_value") -> ReadingError:
    return ReadingError(complaint, reason=reason, line=xml.line(element))


def base_type_of(element: etree._Element) -> BaseType:
    text = xml.required(element, "base-type")
    try:
        # QTI 3 keeps the camel case of this one value; some writers do not.
        return BaseType("directedPair" if text == "directed-pair" else text)
    except ValueError as error:
        raise refusal(element, f"There is no base type {text[:40]}.", "wrong_base_type") from error


# An integer as some tools write it; candidates must not.
_WHOLE = re.compile(r"\s*([+-]?[0-9]{1,400})\.0*\s*")


def scalar_of(element: etree._Element, text: str, base_type: BaseType) -> Scalar:
    whole = _WHOLE.fullmatch(text) if base_type is BaseType.INTEGER else None
    try:
        return values.parse_scalar(whole[1] if whole else text, base_type)
    except ResponseError as error:
        raise refusal(element, str(error)) from error


def lexical_of(element: etree._Element, base_type: BaseType) -> str:
    """Trimmed, but a string keeps its spaces where they are not the indentation of the XML."""
    text = xml.text(element)
    stripped = text.strip()
    if base_type is not BaseType.STRING or stripped != text.strip(" "):
        return stripped
    return text


def value_of(element: etree._Element, base_type: BaseType) -> Value | None:
    """NULL for an empty element."""
    text = lexical_of(element, base_type)
    return values.single(base_type, scalar_of(element, text, base_type)) if text else None


def _shape_of(element: etree._Element) -> tuple[str, Cardinality, BaseType | None]:
    identifier = xml.required(element, "identifier")
    text = str(element.get("cardinality") or "single").strip()
    try:
        cardinality = Cardinality(text)
    except ValueError as error:
        raise refusal(element, f"There is no cardinality {text[:40]}.") from error
    if cardinality is Cardinality.RECORD:
        return identifier, cardinality, None
    return identifier, cardinality, base_type_of(element)


def _values(
    element: etree._Element, wrapper: str, cardinality: Cardinality, base_type: BaseType | None
) -> Value | None:
    """The qti-value elements inside a default-value or correct-response."""
    outer = xml.child(element, wrapper)
    if outer is None:
        return None
    found = list(xml.children(outer, "qti-value"))
    if cardinality is Cardinality.RECORD:
        return values.record(
            [
                (xml.required(one, "field-identifier"), value_of(one, base_type_of(one)))
                for one in found
            ]
        )
    assert base_type is not None
    given = [value for one in found if (value := value_of(one, base_type)) is not None]
    if cardinality is Cardinality.SINGLE:
        return given[0] if given else None
    return values.container(base_type, cardinality, (value.scalar for value in given))


def read_response(element: etree._Element) -> ResponseDeclaration:
    identifier, cardinality, base_type = _shape_of(element)
    mapping, area = xml.child(element, "qti-mapping"), xml.child(element, "qti-area-mapping")
    return ResponseDeclaration(
        identifier=identifier,
        cardinality=cardinality,
        base_type=base_type,
        default=_values(element, "qti-default-value", cardinality, base_type),
        correct=_values(element, "qti-correct-response", cardinality, base_type),
        mapping=None if mapping is None else _mapping(mapping, base_type),
        area_mapping=None if area is None else _area_mapping(area),
    )


def read_outcome(element: etree._Element) -> OutcomeDeclaration:
    identifier, cardinality, base_type = _shape_of(element)
    return OutcomeDeclaration(
        identifier=identifier,
        cardinality=cardinality,
        base_type=base_type,
        default=_values(element, "qti-default-value", cardinality, base_type),
        view=tuple(str(element.get("view") or "").split()),
        interpretation=str(element.get("interpretation") or ""),
        long_interpretation=str(element.get("long-interpretation") or ""),
        normal_minimum=xml.number(element, "normal-minimum"),
        normal_maximum=xml.number(element, "normal-maximum"),
        mastery_value=xml.number(element, "mastery-value"),
        external_scored=element.get("external-scored"),
        variable_identifier_ref=element.get("variable-identifier-ref"),
        table=_table(element, base_type),
    )


def read_template(element: etree._Element) -> TemplateDeclaration:
    identifier, cardinality, base_type = _shape_of(element)
    return TemplateDeclaration(
        identifier=identifier,
        cardinality=cardinality,
        base_type=base_type,
        default=_values(element, "qti-default-value", cardinality, base_type),
        math_variable=xml.flag(element, "math-variable"),
        param_variable=xml.flag(element, "param-variable"),
    )


def read_context(element: etree._Element) -> ContextDeclaration:
    identifier, cardinality, base_type = _shape_of(element)
    return ContextDeclaration(
        identifier=identifier,
        cardinality=cardinality,
        base_type=base_type,
        default=_values(element, "qti-default-value", cardinality, base_type),
    )


def _bounds(element: etree._Element) -> Bounds:
    return Bounds(xml.number(element, "lower-bound"), xml.number(element, "upper-bound"))


def _mapped(element: etree._Element) -> float:
    found = xml.number(element, "mapped-value")
    if found is None:
        raise refusal(element, "A map entry lacks its mapped-value.", "missing_attribute")
    return found


def _mapping(element: etree._Element, base_type: BaseType | None) -> Mapping:
    entries = [
        MapEntry(
            _map_key(entry, base_type or BaseType.STRING),
            _mapped(entry),
            xml.flag(entry, "case-sensitive"),
        )
        for entry in xml.children(element, "qti-map-entry")
    ]
    return Mapping(tuple(entries), xml.number(element, "default-value") or 0.0, _bounds(element))


def _map_key(entry: etree._Element, base_type: BaseType) -> Scalar:
    key = str(entry.get("map-key") or "")
    return scalar_of(entry, key if base_type is BaseType.STRING else key.strip(), base_type)


def area_of(element: etree._Element) -> Area:
    """Coordinates separated by commas or spaces."""
    try:
        coords = str(element.get("coords") or "").replace(",", " ").split()
        shape = Shape(xml.required(element, "shape"))
        return Area(shape, tuple(float(part) for part in coords))
    except ValueError as error:
        raise refusal(element, f"The area cannot be read: {error}", "wrong_area") from error


def _area_mapping(element: etree._Element) -> AreaMapping:
    entries = [
        AreaMapEntry(area_of(entry), _mapped(entry))
        for entry in xml.children(element, "qti-area-map-entry")
    ]
    default = xml.number(element, "default-value") or 0.0
    return AreaMapping(tuple(entries), default, _bounds(element))


def _table(element: etree._Element, base_type: BaseType | None) -> LookupTable | None:
    for table in xml.children(element, "qti-match-table", "qti-interpolation-table"):
        wanted = base_type or BaseType.STRING
        entries = [
            TableEntry(
                xml.number(entry, "source-value", infinite=True) or 0.0,
                _target(entry, str(entry.get("target-value") or ""), wanted),
                xml.flag(entry, "include-boundary", default=True),
            )
            for entry in xml.children(table, f"{xml.name(table)}-entry")
        ]
        default = _target(table, str(table.get("default-value") or ""), wanted)
        return LookupTable(tuple(entries), default, xml.name(table) == "qti-interpolation-table")
    return None


def _target(element: etree._Element, text: str, base_type: BaseType) -> Value | None:
    return values.single(base_type, scalar_of(element, text, base_type)) if text.strip() else None
