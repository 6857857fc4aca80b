"""A template loader that presses what never varies: inheritance, runs of text, translations, icons.

A page of ours is mostly sentences in the reader's language. A template is laid flat when it is
read (`flattening`), and for each language every run of nodes that depends on nothing but that
language becomes one text; what varies is rendered by the way that it took before (`tracks`).
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from copy import copy
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.base import FilterExpression, Node, NodeList, Template, TextNode, Variable
from django.template.context import Context
from django.template.defaulttags import LoadNode
from django.template.library import SimpleNode
from django.template.loader import get_template
from django.template.loader_tags import BLOCK_CONTEXT_KEY, BlockNode, ExtendsNode, IncludeNode
from django.template.loaders import cached
from django.templatetags.i18n import BlockTranslateNode, TranslateNode
from django.templatetags.static import StaticNode
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django_htmx.templatetags.django_htmx import htmx_script

from delivery.hosting import flattening, shortcuts
from delivery.hosting.tracks import Track


class Pressed(NodeList):
    """The nodes of a template, pressed once for each language.

    As a list it is what stands in a template that another one extends; `whole` is what is left
    where nobody does.
    """

    contains_nontext = True

    def __init__(self, nodes: Iterable[Node], whole: Iterable[Node]) -> None:
        super().__init__(nodes)
        self.whole = whole
        self.known: dict[tuple[str | None, bool], NodeList | Track] = {}

    def render(self, context: Context) -> SafeString:
        is_extended = BLOCK_CONTEXT_KEY in context.render_context
        key = get_language(), is_extended
        found = self.known.get(key)
        if found is None:
            found = pressed(self, context) if is_extended else Track(pressed(self.whole, context))
            self.known[key] = found
        return found.render(context)


class Loader(cached.Loader):
    """Presses a template when it is read."""

    def __init__(self, engine: Any, loaders: Any) -> None:
        super().__init__(engine, loaders)
        self._reading = threading.RLock()
        self._under_way: set[str] = set()

    def get_template(self, template_name: str, skip: Any = None) -> Template:
        found: Any = super().get_template(template_name, skip)
        # A template that includes itself is met again while it is pressed: as it was read.
        if not isinstance(found.nodelist, Pressed) and template_name not in self._under_way:
            # What another thread sees is the template as it was read, or all of the new one.
            with self._reading:
                if not isinstance(found.nodelist, Pressed):
                    self._under_way.add(template_name)
                    try:
                        found.nodelist = self._pressed(found)
                    finally:
                        self._under_way.discard(template_name)
        template: Template = found
        return template

    def _pressed(self, template: Template) -> Pressed:
        shape = flattening.shape(template, self.engine)
        return Pressed(shape, flattening.without_blocks(shape, template, self.engine))


def read_all() -> int:
    """Read the project's own templates, so that nobody's page waits for it; return how many.

    Read one by one when they are first asked for, each costs some candidate up to 30 ms.
    """
    folder = Path(settings.BASE_DIR) / "templates"
    found = sorted(folder.rglob("*.html"))
    for path in found:
        get_template(path.relative_to(folder).as_posix())
    return len(found)


def pressed(nodes: Iterable[Node], context: Context) -> NodeList:
    """Return the nodes with each run that never varies in one, in the language of now."""
    found, run = NodeList(), list[str]()
    for node in nodes:
        if is_constant(node):
            run.append(str(node.render(context)))
            continue
        _close(found, run)
        found.append(_press_inside(node, context))
        found.contains_nontext = True
    _close(found, run)
    return found


def _close(found: NodeList, run: list[str]) -> None:
    text = "".join(run)
    if text:
        found.append(TextNode(text))
    run.clear()


def _press_inside(node: Any, context: Context) -> Node:
    own: Any = flattening.rebuilt(node, lambda nodes: pressed(nodes, context))
    if isinstance(own, ExtendsNode):
        own = copy(own)
        own.nodelist = pressed(own.nodelist, context)
        own.blocks = {
            block.name: block
            for block in own.nodelist.get_nodes_by_type(BlockNode)
            if isinstance(block, BlockNode)
        }
    return shortcuts.shortened(own)


def is_constant(node: Node) -> bool:
    """Tell whether what a node renders depends on the language alone and leaves nothing behind."""
    match node:
        case TextNode() | LoadNode():
            return True
        case TranslateNode():
            plain = not (node.asvar or node.message_context)
            return plain and is_written_out(node.filter_expression)
        case BlockTranslateNode():
            varies = node.asvar or node.message_context or node.plural or node.extra_context
            return not varies and not node.render_token_list(node.singular)[1]
        case StaticNode():
            return node.varname is None and is_written_out(node.path)
        case SimpleNode():
            # Asks for a nonce, and no page of ours has one.
            return node.func is htmx_script and not settings.DEBUG
        case IncludeNode():
            # Shut off from the page, the included template knows what is written out here.
            given = (node.template, *node.extra_context.values())
            return node.isolated_context and all(is_written_out(one) for one in given)
    return False


def is_written_out(expression: FilterExpression) -> bool:
    """Tell whether an expression is a literal."""
    variable: Any = expression.var
    literal = variable.literal if isinstance(variable, Variable) else variable
    return literal is not None and not expression.filters
