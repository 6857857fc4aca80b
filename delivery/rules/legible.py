"""Text that every database and every digest can hold: no NUL, no half of a surrogate pair."""

from __future__ import annotations

from assembly.qti.values import Raw, RawResponses

REPLACEMENT = "\ufffd"


def is_text(value: str) -> bool:
    if "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def text(value: str) -> str:
    """Return the text with U+FFFD for what cannot be kept; whole surrogate pairs are joined."""
    joined = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return joined.replace("\0", REPLACEMENT)


def are_text(raw: RawResponses) -> bool:
    return all(is_text("".join(value or "")) for value in raw.values())


def responses(raw: RawResponses) -> RawResponses:
    """Return an answer with legible text."""
    return {name: _raw(value) for name, value in raw.items()}


def _raw(value: Raw) -> Raw:
    if isinstance(value, str):
        return text(value)
    return [text(one) for one in value] if value is not None else None
