"""The item body as a tree of text, allowed elements and interactions, with no answer in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from assembly.qti.values import Value


@dataclass(frozen=True, slots=True)
class Problem:
    """One unmet constraint in a sentence whose places ``facts`` fill, safe to show.

    ``plural`` is the sentence for more than one of the fact ``count``.
    """

    code: str
    sentence: str
    response_identifier: str = ""
    plural: str = ""
    facts: tuple[tuple[str, str | int], ...] = ()

    @property
    def message(self) -> str:
        """In English."""
        return self.filled(self.plural if self.plural and self.count != 1 else self.sentence)

    @property
    def count(self) -> int:
        return int(dict(self.facts).get("count", 0))

    def filled(self, sentence: str) -> str:
        """The sentence, in whatever language, with the facts in their places."""
        return sentence % dict(self.facts) if self.facts else sentence

    @property
    def impossible(self) -> bool:
        """No use of the interaction's controls gives such an answer: it was made up."""
        return self.code == "unknown_identifier"


@dataclass(frozen=True, slots=True)
class ShuffleGroup:
    """Choices ordered together: the label is unique in its item, fixed choices keep their place."""

    label: str
    identifiers: tuple[str, ...]
    fixed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Text:
    content: str


@dataclass(frozen=True, slots=True)
class Element:
    """An allowed HTML, MathML or QTI flow element; its attributes passed the allow-list."""

    name: str
    attributes: Mapping[str, str]
    children: tuple["Node", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """What every interaction has; ``attributes`` are the presentational ones."""

    name: ClassVar[str]
    response_identifier: str
    prompt: tuple["Node", ...] = ()
    attributes: Mapping[str, str]
    line: int | None = None

    def shuffle_groups(self) -> tuple[ShuffleGroup, ...]:
        return ()

    def problems(self, value: Value | None) -> tuple[Problem, ...]:
        """The constraints that a committed value leaves unmet; NULL is judged too."""
        return ()

    def contents(self) -> tuple[tuple["Node", ...], ...]:
        """Every run of flow content that the interaction holds, prompt first."""
        return (self.prompt,)

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.attributes.get("class", "").split())


Node = Text | Element | Interaction
Nodes = tuple[Node, ...]


def children(node: Node) -> Iterator[Node]:
    if isinstance(node, Element):
        yield from node.children
    elif isinstance(node, Interaction):
        for run in node.contents():
            yield from run


def walk(nodes: Nodes) -> Iterator[Node]:
    """Every node below, in document order, contents of interactions included."""
    for node in nodes:
        yield node
        yield from walk(tuple(children(node)))


def text_of(nodes: Nodes) -> str:
    """The readable text of some content, with images by their alternative text."""
    return " ".join("".join(_pieces(nodes)).split())


def _pieces(nodes: Nodes) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, Text):
            yield node.content
        elif isinstance(node, Element):
            yield from _element_pieces(node)


def _element_pieces(element: Element) -> Iterator[str]:
    if element.name in ("img", "object"):
        yield f" {element.attributes.get('alt', '')} "
    elif element.name not in ("annotation", "annotation-xml", "rp"):
        yield from _pieces(element.children)
        yield " " if element.name in _BREAKING else ""


_BREAKING = frozenset(
    ("p", "div", "br", "li", "td", "th", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "dt", "dd")
)
