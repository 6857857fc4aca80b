"""The labels before choices (A. B. C.) of the shared vocabulary's classes."""

from collections.abc import Iterable

_STYLES = {
    "qti-labels-none": "none",
    "qti-labels-decimal": "decimal",
    "qti-labels-lower-alpha": "lower-alpha",
    "qti-labels-upper-alpha": "upper-alpha",
    "qti-labels-cjk-ideographic": "cjk-ideographic",
}
_SUFFIXES = {"none": "", "period": ".", "parenthesis": ")"}
_IDEOGRAPHS = "〇一二三四五六七八九"


def style_of(classes: Iterable[str]) -> tuple[str, str]:
    """The numbering and what follows it; without a class there are no labels, as QTI says."""
    listed = list(classes)
    style = next((_STYLES[name] for name in listed if name in _STYLES), "none")
    suffix = next((name.rpartition("-")[2] for name in listed if _is_suffix(name)), "period")
    return style, _SUFFIXES[suffix]


def _is_suffix(name: str) -> bool:
    family = name.startswith(("qti-labels-suffix-", "qti-label-suffix-"))
    return family and name.rpartition("-")[2] in _SUFFIXES


def marker(at: int, style: tuple[str, str]) -> str:
    """The label of the choice at a position from 0."""
    kind, suffix = style
    if kind == "none":
        return ""
    if kind == "decimal":
        return f"{at + 1}{suffix}"
    if kind == "cjk-ideographic":
        return f"{_ideographic(at + 1)}{suffix}"
    letters = _letters(at)
    return f"{letters if kind == 'upper-alpha' else letters.lower()}{suffix}"


def letter(number: int) -> str:
    """A for 1, B for 2."""
    return _letters(number - 1)


def _letters(at: int) -> str:
    """A to Z, then AA, AB."""
    found = ""
    while True:
        found = chr(ord("A") + at % 26) + found
        at = at // 26 - 1
        if at < 0:
            return found


def _ideographic(number: int) -> str:
    tens, ones = divmod(number, 10)
    if number > 99:
        return str(number)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_IDEOGRAPHS[tens]}十"
    return head + (_IDEOGRAPHS[ones] if ones else "")
