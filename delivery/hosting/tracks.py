"""The ways through a template: what stands between two decisions is put together once.

A page decides some dozens of times what it shows, nearly always as it did for the page before. A
track asks the same questions in the same order, and what follows an answer is known from the last
time: texts, and the nodes that put something of this page between them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from django.template.base import (
    FilterExpression,
    Node,
    NodeList,
    TextNode,
    Variable,
    VariableDoesNotExist,
)
from django.template.context import Context
from django.template.defaulttags import CsrfTokenNode, ForNode, IfNode, WithNode
from django.utils.safestring import SafeString

from delivery.hosting import flattening
from delivery.hosting.shortcuts import Address, Quick

# A page with more ways than this begins anew: they are remembered for speed alone.
MOST_STEPS: Final = 4_000


@dataclass(frozen=True, slots=True)
class Question:
    """A condition that is asked of the page; `name` is its text in the template."""

    name: str
    condition: Any
    # The one thing that is looked at, where that is all.
    variable: Quick | None

    def answer(self, context: Context) -> bool:
        if self.variable is None:
            return bool(self.condition.eval(context))
        try:
            return bool(self.variable.resolve(context))
        except VariableDoesNotExist:
            return False


@dataclass(frozen=True, slots=True)
class AnyRows:
    """Asks whether a list of the page has rows; whatever else it is, its loop shall see."""

    name: str
    listed: str

    def answer(self, context: Context) -> bool:
        rows = context.get(self.listed)
        return type(rows) not in {list, tuple} or bool(rows)


@dataclass(slots=True)
class Step:
    """What is said up to the next question; a number repeats what was said there."""

    parts: list[str | int | Node] = field(default_factory=list)
    question: Question | AnyRows | None = None
    ways: dict[bool, Step] = field(default_factory=dict)
    # From here on: what is left, what was answered, how much was said, and what is said where.
    rest: tuple[Node, ...] = ()
    known: dict[str, bool] = field(default_factory=dict)
    length: int = 0
    places: dict[object, int] = field(default_factory=dict)


class Track(Node):
    """Nodes that are rendered by the way that their conditions lead."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self.nodes = NodeList(nodes)
        self._first: Step | None = None
        self._steps = 0
        self._inner: dict[int, Node] = {}

    def render(self, context: Context) -> SafeString:
        template = context.template
        if template is None or template.engine.debug:
            return self.nodes.render(context)
        step = self._first or self._begin()
        said: list[str] = []
        while True:
            for part in step.parts:
                if type(part) is str:
                    said.append(part)
                elif type(part) is int:
                    said.append(said[part])
                else:
                    said.append(part.render(context))  # type: ignore[union-attr]
            if step.question is None:
                return SafeString("".join(said))
            try:
                answer = step.question.answer(context)
            except Exception:
                # Django knows which of them a condition may raise.
                return self.nodes.render(context)
            step = step.ways.get(answer) or self._go(step, answer=answer)

    def _begin(self) -> Step:
        self._first = found = self._step(tuple(self.nodes), Step())
        return found

    def _go(self, step: Step, *, answer: bool) -> Step:
        """Return the step behind an answer that nobody gave before."""
        if self._steps >= MOST_STEPS:
            self._first, self._steps = None, 0
        before = Step(known=step.known.copy(), length=step.length, places=step.places.copy())
        if step.question is not None:
            before.known[step.question.name] = answer
        found = step.ways[answer] = self._step(step.rest, before)
        return found

    def _step(self, rest: tuple[Node, ...], step: Step) -> Step:
        """Go on until something must be asked."""
        self._steps += 1
        texts = list[str]()
        while rest:
            node, behind = rest[0], rest[1:]
            if isinstance(node, TextNode):
                texts.append(node.s)
            else:
                found = _decided(node, step.known)
                if isinstance(found, Question | AnyRows):
                    step.question, step.rest = found, rest
                    break
                if found is not None:
                    rest = (*found, *behind)
                    continue
                _close(step, texts)
                self._put(step, node)
            rest = behind
        _close(step, texts)
        return step

    def _put(self, step: Step, node: Node) -> None:
        """Put a node that says something of the page itself."""
        name = _name(node)
        if name is not None and name in step.places:
            step.parts.append(step.places[name])
        else:
            step.parts.append(self._with_tracks(node))
        if name is not None:
            step.places.setdefault(name, step.length)
        step.length += 1
        if not flattening.leaves_nothing([node]):
            # What was asked and said before may be otherwise now.
            step.known.clear()
            step.places.clear()

    def _with_tracks(self, node: Node) -> Node:
        if not isinstance(node, ForNode | WithNode):
            return node
        found = self._inner.get(id(node))
        if found is None:
            found = flattening.rebuilt(node, lambda inside: NodeList([Track(inside)]))
            self._inner[id(node)] = found
        return found


def _close(step: Step, texts: list[str]) -> None:
    if texts:
        step.parts.append("".join(texts))
        step.length += 1
        texts.clear()


def _name(node: Node) -> object:
    """Return what nodes that say the same on one page have in common; None for most."""
    if isinstance(node, Address):
        return (node.name, *(argument.token for argument in node.args))
    return CsrfTokenNode if isinstance(node, CsrfTokenNode) else None


def _decided(node: Any, known: dict[str, bool]) -> Iterable[Node] | Question | AnyRows | None:
    """Return the nodes that a condition leads to, or what must be asked; None is no condition."""
    if isinstance(node, IfNode):
        for condition, nodes in node.conditions_nodelists:
            found = _verdict(condition, known)
            if isinstance(found, Question):
                return found
            if found:
                return nodes
        return ()
    listed = _listed(node) if isinstance(node, ForNode) else ""
    if not listed:
        return None
    name = f"for {listed}"
    if name not in known:
        return AnyRows(name, listed)
    return None if known[name] else node.nodelist_empty


def _listed(node: Any) -> str:
    """Return the name of the list that a loop goes through, where it is just that."""
    variable, empty = node.sequence.var, node.nodelist_empty
    plain = isinstance(variable, Variable) and not node.sequence.filters
    lookups: tuple[str, ...] = (variable.lookups or ()) if plain else ()
    return lookups[0] if len(lookups) == 1 and flattening.leaves_nothing(empty) else ""


def _verdict(condition: Any, known: dict[str, bool]) -> bool | Question:
    """Return whether a condition holds by what is known, or the first question that is open."""
    if condition is None:
        return True
    kind = getattr(condition, "id", "")
    if kind not in {"and", "or", "not"}:
        name = _text(condition)
        return known[name] if name in known else Question(name, condition, _variable(condition))
    first = _verdict(condition.first, known)
    if isinstance(first, Question):
        return first
    if kind == "not":
        return not first
    return _verdict(condition.second, known) if first is (kind == "and") else first


def _variable(condition: Any) -> Quick | None:
    expression = condition.value
    if not isinstance(expression, FilterExpression) or expression.filters:
        return None
    return expression.var if isinstance(expression.var, Quick) else None


def _text(condition: Any) -> str:
    """Return a condition as it is written."""
    if condition is None or hasattr(condition, "text"):
        return condition.text if condition else ""
    return f"({_text(condition.first)} {condition.id} {_text(condition.second)})"
