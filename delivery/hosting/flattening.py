"""Lays a template flat: its parents' blocks filled in, and what it includes written out.

Only what comes to the same is done: a block or an included template whose nodes could leave
something behind in the context, or that ask for `block.super`, stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from typing import Any, Final

from django.template import TemplateDoesNotExist
from django.template.base import (
    FilterExpression,
    Node,
    NodeList,
    Template,
    TextNode,
    Variable,
    VariableNode,
)
from django.template.context import Context
from django.template.defaulttags import (
    CsrfTokenNode,
    ForNode,
    IfNode,
    LoadNode,
    NowNode,
    URLNode,
    WithNode,
)
from django.template.engine import Engine
from django.template.library import SimpleNode
from django.template.loader_tags import BlockNode, ExtendsNode, IncludeNode
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.templatetags.static import StaticNode

# What these set holds within them alone.
ENCLOSED: Final = (ForNode, WithNode, IncludeNode)
SETTING: Final = (TranslateNode, BlockTranslateNode, URLNode, StaticNode, NowNode)
SILENT: Final = (TextNode, LoadNode, CsrfTokenNode, IfNode, *ENCLOSED)
DEEPEST: Final = 8
Inside = Callable[[Iterable[Node]], NodeList]


def shape(template: Template, engine: Engine) -> NodeList:
    """Return a template's nodes, in its parent's if it has one; the blocks still stand in them."""
    nodes = template.nodelist
    extends = next((node for node in nodes if not isinstance(node, TextNode)), None)
    if not isinstance(extends, ExtendsNode):
        return nodes
    name = _literal(extends.parent_name)
    blocks: dict[str, Any] = extends.blocks
    if name is None or any(_asks_for_block(block) for block in blocks.values()):
        return nodes
    try:
        parent, _origin = engine.find_template(name, skip=[template.origin])
    except TemplateDoesNotExist:
        return nodes
    if any(isinstance(node, ExtendsNode) for node in parent.nodelist):
        return nodes
    return _filled(list(parent.nodelist), blocks)


def _filled(nodes: Iterable[Node], blocks: Mapping[str, Any]) -> NodeList:
    found = NodeList()
    for node in nodes:
        own: Any = node
        if isinstance(node, BlockNode):
            source = blocks.get(node.name or "", node)
            own = BlockNode(node.name, _filled(source.nodelist, blocks))
            own.token, own.origin = source.token, source.origin
        else:
            own = rebuilt(node, lambda inside: _filled(inside, blocks))
        found.append(own)
    return found


def without_blocks(
    nodes: Iterable[Node], template: Template, engine: Engine, depth: int = 0
) -> NodeList:
    """Return the nodes with those of blocks and included templates in their place."""
    found = NodeList()

    def inside(within: Iterable[Node]) -> NodeList:
        return without_blocks(within, template, engine, depth)

    for node in nodes:
        if isinstance(node, BlockNode) and leaves_nothing(node.nodelist):
            found.extend(inside(node.nodelist))
        elif isinstance(node, IncludeNode):
            found.extend(_included(node, engine, depth))
        elif isinstance(node, ExtendsNode):
            found.append(node)
        else:
            found.append(rebuilt(node, inside))
    return found


def _included(node: IncludeNode, engine: Engine, depth: int) -> list[Node]:
    name = _literal(node.template)
    if name is None or name.startswith(".") or node.isolated_context or depth == DEEPEST:
        return [node]
    try:
        template = engine.get_template(name)
    except TemplateDoesNotExist:
        # It is told when somebody needs it.
        return [node]
    nodes = list(template.nodelist)
    if any(isinstance(one, ExtendsNode) for one in nodes) or not leaves_nothing(nodes):
        return [node]
    own = without_blocks(nodes, template, engine, depth + 1)
    if not node.extra_context:
        return list(own)
    # As `IncludeNode` does it: what is given is pushed around the nodes.
    given: Any = WithNode(None, None, own, extra_context=node.extra_context)
    given.token, given.origin = node.token, node.origin
    return [given]


def rebuilt(node: Node, inside: Inside) -> Node:
    """Return the node with its own nodes passed through `inside`; where it has none, itself."""
    own: Any = node
    if isinstance(node, IfNode):
        own = copy(node)
        own.conditions_nodelists = [
            (condition, inside(nodes)) for condition, nodes in node.conditions_nodelists
        ]
    elif isinstance(node, BlockNode | ForNode | WithNode):
        own = copy(node)
        for name in node.child_nodelists:
            nodes = getattr(node, name, None)
            if isinstance(nodes, NodeList):
                setattr(own, name, inside(nodes))
    return own  # type: ignore[no-any-return]


def leaves_nothing(nodes: Iterable[Node]) -> bool:
    """Tell whether the nodes leave the context as they found it, and do not ask for their block."""
    return all(_leaves_nothing(node) for node in nodes)


def _leaves_nothing(node: Any) -> bool:
    if isinstance(node, VariableNode):
        return not _asks_for_block(node)
    if isinstance(node, SETTING):
        return not (getattr(node, "asvar", None) or getattr(node, "varname", None))
    if isinstance(node, BlockNode):
        return leaves_nothing(node.nodelist)
    if isinstance(node, SimpleNode):
        return node.target_var is None and not node.takes_context
    if not isinstance(node, SILENT):
        return False
    if isinstance(node, ENCLOSED):
        return not _asks_for_block(node)
    return leaves_nothing(_children(node))


def _asks_for_block(node: Any) -> bool:
    variables = node.get_nodes_by_type(VariableNode)
    return any(_first_name(variable.filter_expression) == "block" for variable in variables)


def _first_name(expression: FilterExpression) -> str:
    variable = expression.var
    lookups = variable.lookups if isinstance(variable, Variable) else None
    return lookups[0] if lookups else ""


def _children(node: Any) -> Iterable[Node]:
    return [
        inner for _condition, nodes in getattr(node, "conditions_nodelists", ()) for inner in nodes
    ]


def _literal(expression: Any) -> str | None:
    """Return the text that an expression writes out, None where it depends on anything."""
    if not isinstance(expression, FilterExpression) or expression.filters:
        return None
    if isinstance(expression.var, Variable) and expression.var.literal is None:
        return None
    found = expression.resolve(Context())
    return found if isinstance(found, str) else None
