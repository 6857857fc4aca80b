"""Item stylesheets kept to the item: scoped to its content, and only on the light grounds."""

import re

LIMIT = 200_000
CONTENT = (".qti-item-body", ".qti-stimulus")
LIGHT = ("light", "cream", "peach", "mint", "sky")
_SKIPPED = re.compile(
    r"""/\*.*?\*/ | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""", re.DOTALL | re.VERBOSE
)
_URL = re.compile(r"url\(", re.IGNORECASE)
# An unquoted address is one token up to its parenthesis: a brace in it would not count as one.
_BARE_URL = re.compile(r"""url\(\s*(?:["'][^"'\n]*["']|[^\s{}"'()\\]*)\s*\)""", re.IGNORECASE)
_AT_TOP = re.compile(r"@(?:import|charset|namespace)\b[^;{}]*;", re.IGNORECASE)


def scoped(source: str) -> str:
    """The sheet inside a scope; nothing of one that could close the scope by its own braces.

    Authors choose colours for white paper, so the dark and high-contrast themes go without.
    """
    text = _AT_TOP.sub("", _SKIPPED.sub(_kept, source))
    if len(source) > LIMIT or not _is_closed(text):
        return ""
    themes = ", ".join(f'[data-theme="{name}"]' for name in LIGHT)
    return (
        f"@scope ({_roots(f':root:is({themes})')}) {{\n{text}\n}}\n"
        "@media not (prefers-color-scheme: dark) {\n"
        f"@scope ({_roots(':root:not([data-theme])')}) {{\n{text}\n}}\n}}\n"
    )


def _roots(theme: str) -> str:
    return ", ".join(f"{theme} {content}" for content in CONTENT)


def _kept(found: re.Match[str]) -> str:
    """Comments go; a string stays, unless its braces would have to be counted."""
    text = found[0]
    return "" if text.startswith("/*") or set(text) & set("{}") else text


def _is_closed(text: str) -> bool:
    """Every brace opened is closed, none is closed that was not opened, and no string is open."""
    if any(_BARE_URL.match(text, at.start()) is None for at in _URL.finditer(text)):
        return False
    depth = 0
    for symbol in _SKIPPED.sub("", text):
        if symbol in "\"'" or symbol == "\\":
            return False
        depth += {"{": 1, "}": -1}.get(symbol, 0)
        if depth < 0:
            return False
    return depth == 0 and "/*" not in text
