"""One interaction element being read: typed attributes, parts by name, choices, images, areas."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from lxml import etree

from assembly.qti.allowed_html import safe_link
from assembly.qti.body import Nodes
from assembly.qti.errors import ReadingError
from assembly.qti.interactions_base import AssociableChoice, SimpleChoice
from assembly.qti.interactions_graphic import Image
from assembly.qti.shapes import Area, Shape


@dataclass(frozen=True, slots=True)
class Source:
    """``flow`` reads an element's content, ``presentational`` its allowed attributes."""

    element: etree._Element
    flow: Callable[[etree._Element], Nodes]
    presentational: Callable[[etree._Element], Mapping[str, str]]

    @property
    def line(self) -> int | None:
        return line_of(self.element)

    @property
    def attributes(self) -> Mapping[str, str]:
        return self.presentational(self.element)

    def at(self, element: etree._Element) -> "Source":
        return Source(element, self.flow, self.presentational)

    def parts(self, *names: str) -> Iterator["Source"]:
        """The children of these names, in document order."""
        for child in self.element:
            if local_name(child) in names:
                yield self.at(child)

    def below(self, *names: str) -> Iterator["Source"]:
        for child in self.element.iterdescendants():
            if local_name(child) in names:
                yield self.at(child)

    def content(self) -> Nodes:
        return self.flow(self.element)

    def prompt(self) -> Nodes:
        return next((part.content() for part in self.parts("qti-prompt")), ())

    def text(self, name: str, default: str = "") -> str:
        return self.element.get(name, default)

    def required(self, name: str) -> str:
        value = self.element.get(name, "").strip()
        if not value:
            raise self.refusal(f"needs the attribute “{name}”", "missing_attribute")
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.element.get(name)
        return default if value is None else value.strip() in ("true", "1")

    def count(self, name: str, default: int = 0) -> int:
        """A non-negative whole number."""
        value = self.element.get(name, "").strip()
        if not value:
            return default
        if not value.isascii() or not value.isdigit() or len(value) > 9:
            raise self.refusal(
                f"has “{value[:40]}” as {name}, not a whole number", "invalid_number"
            )
        return int(value)

    def number(self, name: str, default: float | None = None) -> float:
        value = self.element.get(name, "").strip()
        if not value and default is not None:
            return default
        try:
            return float(value)
        except ValueError:
            complaint = f"has “{value[:40]}” as {name}, not a number"
            raise self.refusal(complaint, "invalid_number") from None

    def names(self, name: str) -> tuple[str, ...]:
        return tuple(self.element.get(name, "").split())

    def refusal(self, complaint: str, reason: str) -> ReadingError:
        name = local_name(self.element)
        return ReadingError(f"“{name}” {complaint}.", reason=reason, line=self.line)


def line_of(element: etree._Element) -> int | None:
    return cast("int | None", element.sourceline)


def inner_text(element: etree._Element) -> str:
    return " ".join("".join(map(str, element.itertext())).split())


def local_name(element: etree._Element) -> str:
    tag: object = element.tag  # comments and processing instructions have a function here
    return etree.QName(tag).localname if isinstance(tag, str) else ""


def simple_choice(part: Source) -> SimpleChoice:
    return SimpleChoice(
        identifier=part.required("identifier"),
        content=part.content(),
        fixed=part.flag("fixed"),
        template_identifier=part.text("template-identifier") or None,
        show_hide=part.text("show-hide", "show"),
        attributes=part.attributes,
    )


def associable_choice(part: Source) -> AssociableChoice:
    """Of a gap image, the picture is the content."""
    return AssociableChoice(
        identifier=part.required("identifier"),
        content=part.content(),
        fixed=part.flag("fixed"),
        template_identifier=part.text("template-identifier") or None,
        show_hide=part.text("show-hide", "show"),
        match_max=part.count("match-max", 1),
        match_min=part.count("match-min"),
        match_group=part.names("match-group"),
        attributes=part.attributes,
    )


def image(source: Source) -> Image:
    """The picture among the children, as object, img or the img of a picture element."""
    found = next(source.parts("object", "img", "picture"), None)
    if found is not None and local_name(found.element) == "picture":
        found = next(found.below("img"), None)
    if found is None:
        raise source.refusal("has no image", "missing_image")
    return image_at(found)


def image_at(part: Source) -> Image:
    address = part.text("data") or part.text("src")
    if not address or not safe_link(address):
        raise part.refusal("has no usable image address", "missing_image")
    return Image(
        source=address,
        alt=part.text("alt") or inner_text(part.element),
        width=_pixels(part.text("width")),
        height=_pixels(part.text("height")),
        media_type=part.text("type"),
        attributes=part.attributes,
    )


def _pixels(text: str) -> int | None:
    stripped = text.strip().removesuffix("px")
    return int(stripped) if stripped.isascii() and stripped.isdigit() else None


def area(part: Source) -> Area:
    coords = part.text("coords").replace(",", " ").split()
    try:
        return Area(Shape(part.text("shape", "default")), tuple(_coordinate(c) for c in coords))
    except ValueError as error:
        complaint = "has a shape or coordinates that make no area"
        raise part.refusal(complaint, "invalid_area") from error


def _coordinate(text: str) -> float:
    """Authoring tools write ``12px`` and, for full width, percentages, which no image gives."""
    return float(text.removesuffix("px"))
