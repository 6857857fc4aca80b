"""Strings: string-match, substring, pattern-match."""

from assembly.qti import patterns, values
from assembly.qti.expressions import Call
from assembly.qti.values import Value


def string_match(call: Call) -> Value | None:
    """With the deprecated substring attribute the first may contain the second."""
    texts = call.texts(2)
    if texts is None:
        return None
    first, second = _cased(call, texts)
    if call.flag("substring", False):
        return values.boolean(second in first)
    return values.boolean(first == second)


def substring(call: Call) -> Value | None:
    """Is the first a part of the second?"""
    texts = call.texts(2)
    if texts is None:
        return None
    first, second = _cased(call, texts)
    return values.boolean(first in second)


def _cased(call: Call, texts: tuple[str, ...]) -> tuple[str, str]:
    first, second = texts
    if call.flag("case-sensitive", True):
        return first, second
    return first.casefold(), second.casefold()


def pattern_match(call: Call) -> Value | None:
    """The whole string must match the XML Schema regular expression."""
    texts = call.texts(1)
    if texts is None:
        return None
    pattern = _named(call, call.attribute("pattern"))
    try:
        return values.boolean(patterns.matches(pattern, texts[0]))
    except ValueError as error:
        raise call.error(f"has a pattern that cannot be read: {error}", "attribute") from error


def _named(call: Call, pattern: str) -> str:
    """A pattern in braces names a variable that holds it."""
    if pattern.startswith("{") and pattern.endswith("}"):
        value = call.scope.variable(pattern[1:-1])
        return "" if value is None else str(value.scalar)
    return pattern


TABLE = {"pattern-match": pattern_match, "string-match": string_match, "substring": substring}
