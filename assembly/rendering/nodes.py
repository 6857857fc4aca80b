"""The body tree as HTML: text escaped, addresses asked for, feedback and templates decided."""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum

from django.template.loader import get_template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from assembly.qti import allowed_html, body, printing, values
from assembly.qti.body import Element, Interaction, Node, Nodes, Problem, Text
from assembly.qti.catalogs import Entry, Shelf
from assembly.qti.values import BaseType, Cardinality, RawResponses, Value
from assembly.rendering import aids, held_files

ID_PREFIX = "q-"
_REFERRING = frozenset({"aria-labelledby", "aria-describedby", "aria-controls", "headers"})
_REFERRING_ALSO = frozenset({"aria-owns", "aria-details", "aria-flowto", "aria-activedescendant"})


class Role(StrEnum):
    """Who looks; the names are those of QTI's ``view``."""

    AUTHOR = "author"
    CANDIDATE = "candidate"
    PROCTOR = "proctor"
    SCORER = "scorer"
    TEST_CONSTRUCTOR = "testConstructor"
    TUTOR = "tutor"


@dataclass(frozen=True, slots=True)
class Frames:
    """The address of the sealed frame's page, and of the files that it may load.

    ``base`` ends in a slash: what a script names by itself lies below it. ``at_rest`` is for a page
    that runs no scripts of its own: the frame's address carries all that it is told, and what was
    delivered and held stands beside it in words.
    """

    page: str
    file_url: Callable[[str], str]
    base: str
    at_rest: bool = False


@dataclass(frozen=True, slots=True)
class Handing:
    """Where files that are too large for a form are handed in, and where they are shown again."""

    address: str
    file_url: Callable[[str], str]
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderContext:
    """All that a page may know: no correct response, no mapping, no rule, no unshown outcome."""

    asset_url: Callable[[str], str]
    templates: Mapping[str, Value | None] = field(default_factory=dict)
    outcomes: Mapping[str, Value | None] = field(default_factory=dict)
    math_variables: Set[str] = frozenset()
    choice_orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    responses: RawResponses = field(default_factory=dict)
    shapes: Mapping[str, tuple[BaseType | None, Cardinality]] = field(default_factory=dict)
    numbers: Mapping[str, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    frames: Frames | None = None
    handing: Handing | None = None
    shelf: Shelf = field(default_factory=Shelf)
    notes: list[str] = field(default_factory=list)
    stimuli: Mapping[str, SafeString] = field(default_factory=dict)
    placed: list[str] = field(default_factory=list)
    optional: Set[str] = frozenset()
    role: Role = Role.CANDIDATE
    disabled: bool = False
    interaction: Callable[["Writer", Interaction], str] | None = None

    def shows(self, choice_template: str | None, show_hide: str, identifier: str) -> bool:
        """Whether a choice or a template block is there, by its template variable."""
        if not choice_template:
            return True
        held = _names(self.templates.get(choice_template))
        return (identifier in held) is (show_hide != "hide")


def _names(value: Value | None) -> tuple[str, ...]:
    found = values.raw(value)
    if found is None:
        return ()
    return (found,) if isinstance(found, str) else tuple(found)


class Writer:
    """Writes nodes; ``special`` lets an interaction write its own gaps or hottexts."""

    def __init__(
        self,
        context: RenderContext,
        special: Mapping[str, Callable[[Element], str]] | None = None,
        *,
        copy: bool = False,
    ) -> None:
        self.context = context
        self.special = special or {}
        self.copy = copy

    def html(self, nodes: Nodes) -> SafeString:
        """Every piece is escaped text, an allowed tag or a rendered template: all safe."""
        return mark_safe("".join(self._node(node) for node in nodes))  # noqa: S308

    def with_special(self, special: Mapping[str, Callable[[Element], str]]) -> "Writer":
        return Writer(self.context, special)

    def as_copy(self) -> "Writer":
        """For content shown a second time: without identifiers, which must be unique in a page."""
        return Writer(self.context, self.special, copy=True)

    def _node(self, node: Node) -> str:
        if isinstance(node, Text):
            return escape(node.content)
        if isinstance(node, Interaction):
            render = self.context.interaction
            return "" if render is None else render(self, node)
        own = self.special.get(node.name)
        if own is not None:
            return own(node)
        written = _QTI.get(node.name)
        if written is not None:
            return written(self, node)
        return self._element(node)

    def _element(self, element: Element) -> str:
        name = element.name
        if name in ("mi", "ci") and (printed := self._math_variable(element)):
            return printed
        if name == "mfenced":
            return self._element(_unfenced(element))
        if name not in allowed_html.FLOW and name not in allowed_html.MATHML:
            return "".join(self._node(node) for node in element.children)
        if name == "img" and not self._reachable(element.attributes.get("src", "")):
            return escape(element.attributes.get("alt", ""))
        also = f"{_spoken(element)}{self._aloud(element)}{self._captions(element)}"
        opening = f"<{name}{self.attributes(element)}{also}>"
        if name in allowed_html.VOID:
            return opening
        content = self._content(element) + self._notes(element)
        written = f"{opening}{content}</{name}>"
        return f'<div class="qti-scroll">{written}</div>' if name == "table" else written

    def _content(self, element: Element) -> str:
        """The children; a place for a shared stimulus holds that stimulus (shared vocabulary)."""
        wanted = element.attributes.get("data-stimulus-idref", "")
        placed = self.context.stimuli.get(wanted) if wanted and not self.copy else None
        if placed is None or wanted in self.context.placed:
            return "".join(self._node(node) for node in element.children)
        self.context.placed.append(wanted)
        return str(placed)

    def _aloud(self, element: Element) -> str:
        reference = element.attributes.get("data-catalog-idref", "")
        said = self.context.shelf.spoken(reference) if reference else ""
        return f' data-spoken="{escape(said)}"' if said else ""

    def _captions(self, element: Element) -> str:
        """Captions are on from the start for whoever needs them."""
        wanted = aids.CAPTIONS in self.context.shelf.supports
        kind = element.attributes.get("kind", "subtitles") if element.name == "track" else ""
        given = "default" in element.attributes
        return " default" if wanted and not given and kind in ("captions", "subtitles") else ""

    def _notes(self, element: Element) -> str:
        """A button for each note that the reader asked for; the notes wait to be put last."""
        reference = element.attributes.get("data-catalog-idref", "")
        if self.copy or not reference:
            return ""
        return "".join(
            self._note(element, support, entry)
            for support, entry in self.context.shelf.notes(reference)
        )

    def _note(self, element: Element, support: str, entry: Entry) -> str:
        notes = self.context.notes
        facts = {
            "id": f"qti-note-{len(notes) + 1}",
            "name": aids.note_name(support),
            "word": body.text_of(element.children)[:60],
            "content": Writer(replace(self.context, shelf=Shelf())).html(entry.content),
            "language": entry.language,
        }
        notes.append(get_template("qti/_note.html").render(facts))
        return str(get_template("qti/_note_button.html").render(facts)).strip()

    def _math_variable(self, element: Element) -> str:
        name = body.text_of(element.children)
        if name not in self.context.math_variables:
            return ""
        return f"<mn>{escape(printing.printed(self.context.templates.get(name), {}))}</mn>"

    def attributes(self, element: Element, skip: Set[str] = frozenset()) -> str:
        return "".join(
            f' {key}="{escape(value)}"'
            for key, given in element.attributes.items()
            if key not in skip and (value := self._attribute(element.name, key, given)) is not None
        )

    def _attribute(self, name: str, key: str, value: str) -> str | None:
        if not allowed_html.allows(name, key):
            return None
        if key == "id":
            return None if self.copy else ID_PREFIX + value
        if key in _REFERRING or key in _REFERRING_ALSO:
            return " ".join(ID_PREFIX + part for part in value.split())
        if key == "srcset":
            return self._source_set(value)
        if key in allowed_html.LINKS:
            return self.address(value, opens=name == "a")
        return value

    def address(self, address: str, *, opens: bool = False) -> str | None:
        """Where a file of the package is served; addresses outside of it lead nowhere."""
        if opens and address.startswith("#"):
            return f"#{ID_PREFIX}{address[1:]}"
        return self.context.asset_url(address) if is_in_package(address) else _embedded(address)

    def _reachable(self, address: str) -> bool:
        return bool(address) and (is_in_package(address) or _embedded(address) is not None)

    def _source_set(self, value: str) -> str | None:
        found = []
        for candidate in value.split(","):
            parts = candidate.split()
            if parts and (address := self.address(parts[0])):
                found.append(" ".join([address, *parts[1:2]]))
        return ", ".join(found) or None


def is_in_package(address: str) -> bool:
    return ":" not in address.split("/", 1)[0] and not address.startswith(("//", "#", "\\"))


def _embedded(address: str) -> str | None:
    is_image = address.startswith("data:image/") and allowed_html.safe_link(address)
    return address if is_image else None


def _spoken(element: Element) -> str:
    """A formula's words as its name: without them "x squared" is read as "x 2" in a label."""
    words = element.attributes.get("alttext", "") if element.name == "math" else ""
    named = "aria-label" in element.attributes or not words
    return "" if named else f' aria-label="{escape(words)}"'


def _unfenced(element: Element) -> Element:
    """Browsers dropped ``mfenced``: the same as a row with its fences and separators spelt out."""
    given = element.attributes
    separators = "".join(given.get("separators", ",").split())
    parts = [node for node in element.children if not isinstance(node, Text)]
    row: list[Node] = [_operator(given.get("open", "("))]
    for at, part in enumerate(parts):
        if at and separators:
            row.append(_operator(separators[min(at - 1, len(separators) - 1)]))
        row.append(part)
    return Element("mrow", {}, (*row, _operator(given.get("close", ")"))))


def _operator(symbol: str) -> Element:
    return Element("mo", {}, (Text(symbol),) if symbol else ())


def _feedback(tag: str) -> Callable[[Writer, Element], str]:
    def write(writer: Writer, element: Element) -> str:
        held = _names(writer.context.outcomes.get(element.attributes.get("outcome-identifier", "")))
        hidden = element.attributes.get("show-hide") == "hide"
        if (element.attributes.get("identifier", "") in held) is hidden:
            return ""
        return _wrapped(writer, element, tag, f"qti-feedback {element.name}")

    return write


def _template(tag: str) -> Callable[[Writer, Element], str]:
    def write(writer: Writer, element: Element) -> str:
        given = element.attributes
        identifier = given.get("identifier", "")
        shown = writer.context.shows(
            given.get("template-identifier"), given.get("show-hide", "show"), identifier
        )
        return _wrapped(writer, element, tag, element.name) if shown else ""

    return write


_DECIDING = frozenset(
    {"identifier", "outcome-identifier", "template-identifier", "show-hide", "view", "use", "class"}
)


def _wrapped(writer: Writer, element: Element, tag: str, classes: str) -> str:
    """The identifiers by which it was decided stay on the server."""
    own = f"{classes} {element.attributes.get('class', '')}".strip()
    attributes = writer.attributes(element, _DECIDING)
    return f'<{tag} class="{escape(own)}"{attributes}>{writer.html(element.children)}</{tag}>'


def _rubric(writer: Writer, element: Element) -> str:
    views = element.attributes.get("view", "candidate").split()
    if writer.context.role.value not in views:
        return ""
    use = element.attributes.get("use", "")
    return _wrapped(writer, element, "div", f"qti-rubric-block qti-use-{use or 'instructions'}")


def _printed_variable(writer: Writer, element: Element) -> str:
    name = element.attributes.get("identifier", "")
    context = writer.context
    held = context.templates if name in context.templates else context.outcomes
    value = held.get(name)
    if value is not None and value.base_type is BaseType.FILE and not value.is_container:
        return _printed_file(context, str(value.scalar))
    settled = printing.settled(element.attributes, {**context.outcomes, **context.templates})
    text = printing.printed(value, settled)
    return f'<span class="qti-printed-variable">{escape(text)}</span>'


def _printed_file(context: RenderContext, value: str) -> str:
    handing = context.handing
    address = held_files.address(value, handing.file_url if handing else None)
    name = held_files.name(value) or gettext("File")
    if not address:
        return f'<span class="qti-printed-variable">{escape(name)}</span>'
    return (
        f'<a class="qti-printed-variable" href="{escape(address)}" download="{escape(name)}">'
        f"{escape(name)}</a>"
    )


_QTI: Mapping[str, Callable[[Writer, Element], str]] = {
    "qti-feedback-block": _feedback("div"),
    "qti-feedback-inline": _feedback("span"),
    "qti-printed-variable": _printed_variable,
    "qti-rubric-block": _rubric,
    "qti-template-block": _template("div"),
    "qti-template-inline": _template("span"),
}
