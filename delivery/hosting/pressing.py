"""A template loader that presses what never varies: runs of text, translations and icons.

A page of ours is mostly sentences in the reader's language. Each run of nodes that depends on
nothing but that language is rendered once and kept; what varies is rendered as ever.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.template.base import FilterExpression, Node, NodeList, Template, TextNode, Variable
from django.template.context import Context
from django.template.defaulttags import IfNode, LoadNode
from django.template.loader_tags import IncludeNode
from django.template.loaders import cached
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.templatetags.static import StaticNode
from django.utils.safestring import SafeString
from django.utils.translation import get_language


class Pressed(Node):
    """Nodes that depend on the language alone, rendered once for each."""

    child_nodelists = ()

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self.token, self.origin = nodes[0].token, nodes[0].origin
        self.known: dict[str | None, SafeString] = {}

    def render(self, context: Context) -> SafeString:
        language = get_language()
        found = self.known.get(language)
        if found is None:
            text = "".join(str(node.render(context)) for node in self.nodes)
            found = self.known[language] = SafeString(text)
        return found


class Loader(cached.Loader):
    """Presses a template when it is compiled."""

    def get_template(self, template_name: str, skip: Any = None) -> Template:
        found: Any = super().get_template(template_name, skip)
        if not hasattr(found, "is_pressed"):
            found.nodelist = pressed(found.nodelist)
            found.is_pressed = True
        template: Template = found
        return template


def pressed(nodes: Iterable[Node]) -> NodeList:
    """Return the nodes with each run that never varies in one."""
    found, run = NodeList(), list[Node]()
    for node in nodes:
        if is_constant(node):
            run.append(node)
            continue
        _close(found, run)
        _press_inside(node)
        found.append(node)
        found.contains_nontext = True
    _close(found, run)
    return found


def _close(found: NodeList, run: list[Node]) -> None:
    if all(isinstance(node, TextNode) for node in run):
        found.extend(run)
    else:
        found.append(Pressed(list(run)))
        found.contains_nontext = True
    run.clear()


def _press_inside(node: Any) -> None:
    if isinstance(node, IfNode):
        node.conditions_nodelists = [
            (condition, pressed(inside)) for condition, inside in node.conditions_nodelists
        ]
        return
    for name in node.child_nodelists:
        inside = getattr(node, name, None)
        if isinstance(inside, NodeList):
            setattr(node, name, pressed(inside))


def is_constant(node: Node) -> bool:
    """Tell whether what a node renders depends on the language alone and leaves nothing behind."""
    match node:
        case Pressed() | TextNode() | LoadNode():
            return True
        case TranslateNode():
            plain = not (node.asvar or node.message_context)
            return plain and _is_written_out(node.filter_expression)
        case BlockTranslateNode():
            varies = node.asvar or node.message_context or node.plural or node.extra_context
            return not varies and not node.render_token_list(node.singular)[1]
        case StaticNode():
            return node.varname is None and _is_written_out(node.path)
        case IncludeNode():
            # Shut off from the page, the included template knows what is written out here.
            given = (node.template, *node.extra_context.values())
            return node.isolated_context and all(_is_written_out(one) for one in given)
    return False


def _is_written_out(expression: FilterExpression) -> bool:
    variable: Any = expression.var
    literal = variable.literal if isinstance(variable, Variable) else variable
    return literal is not None and not expression.filters
