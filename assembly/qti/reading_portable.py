"""Reads portable custom interactions; their markup is kept as one text for the frame."""

from types import MappingProxyType
from typing import Any

from lxml import etree

from assembly.qti import reading_source
from assembly.qti.interactions_portable import ModuleFile, PortableCustom
from assembly.qti.reading_source import Source

MARKUP_LIMIT = 500_000


def portable_custom(source: Source, common: dict[str, Any]) -> PortableCustom:
    """The module may be named by the element or be the only one listed."""
    modules = tuple(_module(part) for part in source.below("qti-interaction-module"))
    module = source.text("module") or next((each.identifier for each in modules), "")
    if not module:
        raise source.refusal("names no module", "missing_attribute")
    return PortableCustom(
        **common,
        type_identifier=source.required("custom-interaction-type-identifier"),
        module=module,
        modules=modules,
        configurations=tuple(_configurations(source)),
        markup=_markup(source),
        properties=MappingProxyType(_properties(source)),
        stylesheets=tuple(
            address
            for part in source.below("qti-stylesheet")
            if (address := part.text("href").strip())
        ),
    )


def _module(part: Source) -> ModuleFile:
    addresses = (part.text("primary-path"), part.text("fallback-path"))
    return ModuleFile(part.required("id"), tuple(text for text in addresses if text))


def _configurations(source: Source) -> list[str]:
    return [
        address
        for part in source.parts("qti-interaction-modules")
        for name in ("primary-configuration", "secondary-configuration")
        if (address := part.text(name))
    ]


def _properties(source: Source) -> dict[str, str]:
    """As a script reads them: ``data-tap-message`` is ``tapMessage``."""
    found: dict[str, str] = {}
    for key, value in source.element.attrib.items():
        name = str(key)
        if name.startswith("data-"):
            first, *rest = name.removeprefix("data-").split("-")
            found[first + "".join(part.capitalize() for part in rest)] = str(value)
    return found


def _markup(source: Source) -> str:
    part = next(source.parts("qti-interaction-markup"), None)
    if part is None:
        return ""
    root = _without_namespaces(part.element)
    pieces = [root.text or ""]
    pieces += [etree.tostring(child, encoding="unicode", method="html") for child in root]
    text = "".join(pieces)
    if len(text) > MARKUP_LIMIT:
        raise source.refusal("holds too much markup", "too_large")
    return text


def _without_namespaces(element: etree._Element) -> etree._Element:
    copy = etree.Element(reading_source.local_name(element))
    copy.text = element.text
    for key, value in element.attrib.items():
        copy.set(etree.QName(str(key)).localname, str(value))
    for child in element:
        if isinstance(child.tag, str):
            inner = _without_namespaces(child)
            inner.tail = child.tail
            copy.append(inner)
    return copy
