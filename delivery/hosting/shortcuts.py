"""Nodes and variables of templates that come to the same as Django's by a shorter way."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterable
from copy import copy
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.template.base import (
    FilterExpression,
    Node,
    Variable,
    VariableDoesNotExist,
    VariableNode,
)
from django.template.context import Context
from django.template.defaultfilters import date
from django.template.defaulttags import IfNode, NowNode, URLNode
from django.templatetags.i18n import BlockTranslateNode
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils.html import escape
from django.utils.safestring import SafeString
from django.utils.timezone import get_current_timezone
from django.utils.translation import gettext

PLAIN: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
# Stand for arguments in an address that is taken apart at them.
A_KEY: Final = UUID("0f0e0d0c-0b0a-4908-8706-050403020100")
A_WORD: Final = "z-z-word-z-z"
A_NUMBER: Final = 7_351_924_680
# Of these kinds a part is an attribute; they are no proxies and are not called.
PLAIN_KINDS: Final[set[type]] = set()
MOST_KINDS: Final = 1_000
# Forms of Django's `date` as Python writes them.
TIMES: Final = {"H:i:s": "%H:%M:%S", "H:i": "%H:%M"}


class Quick(Variable):
    """Looks up plain names and attributes at once; all else as Django does."""

    __slots__ = ()

    def _resolve_lookup(self, context: Any) -> Any:
        first, *bits = self.lookups or ("",)
        current: Any = None
        for names in reversed(context.dicts):
            if first in names:
                current = names[first]
                break
        else:
            return super()._resolve_lookup(context)  # type: ignore[misc]  # unknown to the stubs
        for bit in bits:
            if type(current) not in PLAIN_KINDS and not _is_plain_kind(current):
                return super()._resolve_lookup(context)  # type: ignore[misc]
            try:
                current = getattr(current, bit)
            except (AttributeError, TypeError):
                return super()._resolve_lookup(context)  # type: ignore[misc]
        if callable(current):
            return super()._resolve_lookup(context)  # type: ignore[misc]
        return current


def _is_plain_kind(value: Any) -> bool:
    """Tell whether there is but one way to look at a part of a value: by the part's name."""
    kind = type(value)
    # A class is called to be made, and a proxy shows what it stands for.
    if callable(value) or hasattr(kind, "__getitem__") or value.__class__ is not kind:
        return False
    if len(PLAIN_KINDS) < MOST_KINDS:
        PLAIN_KINDS.add(kind)
    return True


class Shown(VariableNode):
    """A variable of which texts and whole numbers, most of what is shown, need nothing further."""

    def render(self, context: Context) -> str:
        expression: Any = self.filter_expression
        try:
            if type(expression.var) is Quick and not expression.filters:
                found = expression.var.resolve(context)
            else:
                found = expression.resolve(context)
        except UnicodeDecodeError:
            return ""
        except VariableDoesNotExist:
            return super().render(context)
        said = _said(found, context)
        return super().render(context) if said is None else said


def _said(value: Any, context: Context) -> str | None:
    """Return a text or a whole number as a page says it; None for all else."""
    kind = type(value)
    if kind is SafeString:
        return value  # type: ignore[no-any-return]
    if kind is str and context.autoescape:
        return SafeString(html.escape(value))
    # Only from a thousand on is there anything to group.
    plain = kind is int and (0 <= value < 1000 or not settings.USE_THOUSAND_SEPARATOR)
    return str(value) if plain else None


class Sentence(BlockTranslateNode):
    """A sentence with values in it, looked up in the language of the page that it stands in."""

    def __init__(self, node: BlockTranslateNode) -> None:
        super().__init__(node.extra_context, node.singular, trimmed=node.trimmed)
        self.token, self.origin = node.token, node.origin
        text, self.names = self.render_token_list(self.singular)
        self.text = gettext(text)

    def render(self, context: Context, nested: bool = False) -> str:
        given = {name: value.resolve(context) for name, value in self.extra_context.items()}
        data = dict[str, str]()
        for name in self.names:
            value = given[name] if name in given else context.get(name)
            said = None if value is None else _said(value, context)
            if said is None:
                return super().render(context, nested)
            data[name] = said
        try:
            return self.text % data
        except (KeyError, ValueError):
            return super().render(context, nested)


class Dated(FilterExpression):
    """A time of day, written as Django's `date` filter writes it."""

    __slots__ = ()

    def resolve(self, context: Context, ignore_failures: bool = False) -> Any:
        try:
            value = self.var.resolve(context)
        except VariableDoesNotExist:
            value = None
        local = settings.USE_TZ if context.use_tz is None else context.use_tz
        if type(value) is not datetime or value.tzinfo is None or not local:
            return super().resolve(context, ignore_failures)
        ((_date, ((_is_variable, form),)),) = self.filters
        return value.astimezone(get_current_timezone()).strftime(TIMES[form])


class Instant(NowNode):
    """The time as a page says it, which is the same for a whole second."""

    def __init__(self, node: NowNode) -> None:
        super().__init__(node.format_string, node.asvar)
        self.token, self.origin = node.token, node.origin
        self._last: tuple[object, str] = (None, "")

    def render(self, context: Context) -> str:
        second = int(time.time()), get_current_timezone()
        known, said = self._last
        if known != second:
            said = super().render(context)
            self._last = second, said
        return said


class Address(URLNode):
    """The address of a view whose arguments are keys and plain words: put between known texts."""

    def __init__(self, node: URLNode, name: str) -> None:
        super().__init__(node.view_name, node.args, node.kwargs, node.asvar)
        self.token, self.origin, self.name = node.token, node.origin, name
        self.known: dict[tuple[Any, ...], str | None] = {}

    def render(self, context: Context) -> SafeString:
        given = [argument.resolve(context) for argument in self.args]
        kinds = tuple(type(one) for one in given)
        if not all(_is_plain(one) for one in given):
            return self._written(context)
        # Both prefixes are one for a process; a test may change the first.
        at = get_script_prefix(), kinds
        if at not in self.known:
            self.known[at] = _between(self.name, kinds)
        form = self.known[at]
        return self._written(context) if form is None else SafeString(form.format(*given))

    def _written(self, context: Context) -> SafeString:
        return SafeString(super().render(context))


def _is_plain(value: Any) -> bool:
    if type(value) is UUID:
        return True
    if type(value) is int:
        return value >= 0
    return isinstance(value, str) and PLAIN.fullmatch(value) is not None


def _sample(kind: type, at: int) -> UUID | int | str:
    if kind is UUID:
        return UUID(int=A_KEY.int + at)
    return A_NUMBER + at if kind is int else f"{A_WORD}{at}"


def _between(name: str, kinds: Iterable[type]) -> str | None:
    """Return an address as a format of its arguments; None where they do not simply stand in it."""
    samples = [_sample(kind, at) for at, kind in enumerate(kinds)]
    try:
        address = reverse(name, args=samples)
    except NoReverseMatch:
        return None
    if "{" in address or any(address.count(str(one)) != 1 for one in samples):
        return None
    for at, one in enumerate(samples):
        address = address.replace(str(one), f"{{{at}}}")
    return str(escape(address))


def shortened(node: Any) -> Node:
    """Return what comes to the same as the node, or the node itself."""
    if type(node) is VariableNode:
        own = Shown(node.filter_expression)
        own.token, own.origin = node.token, node.origin
        _quicken(own.filter_expression)
        return own
    if type(node) is URLNode:
        return _address(node)
    if type(node) is BlockTranslateNode:
        return _sentence(node)
    if type(node) is NowNode and not node.asvar and "u" not in node.format_string:
        return Instant(node)
    if isinstance(node, IfNode):
        for condition, _nodes in node.conditions_nodelists:
            _quicken_all(condition)
    return node  # type: ignore[no-any-return]


def _sentence(node: BlockTranslateNode) -> BlockTranslateNode:
    for value in node.extra_context.values():
        _quicken(value)
    counts = node.plural or node.countervar or node.counter
    return node if counts or node.message_context or node.asvar else Sentence(node)


def _address(node: URLNode) -> URLNode:
    for argument in node.args:
        _quicken(argument)
    name: Any = node.view_name.var
    if node.asvar or node.kwargs or not node.args or isinstance(name, Variable):
        return node
    return Address(node, str(name))


def _quicken(expression: FilterExpression) -> None:
    variable = expression.var
    if type(variable) is Variable and variable.lookups and not variable.translate:
        quick = copy(variable)
        quick.__class__ = Quick
        expression.var = quick
        if _is_time(expression.filters):
            expression.__class__ = Dated


def _is_time(filters: Any) -> bool:
    """Tell whether the only filter writes a time of day in one of the forms known here."""
    match filters:
        case [(function, [(False, str(form))])]:
            return function is date and form in TIMES
    return False


def _quicken_all(condition: Any) -> None:
    """Go down a condition of an `if`: operators with two sides, and values at their ends."""
    if condition is None:
        return
    if isinstance(value := getattr(condition, "value", None), FilterExpression):
        _quicken(value)
    for side in (getattr(condition, "first", None), getattr(condition, "second", None)):
        _quicken_all(side)
