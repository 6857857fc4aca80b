"""Supports that an item's own page brings: switches for them, and what they switch on."""

from collections.abc import Set

from django.template.loader import get_template
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from assembly.qti import catalogs

CAPTIONS = "captions"
SPELLING = "spell-checker-on-screen"
CALCULATOR = "calculator-on-screen"
NOTE_TAKING = "note-taking-on-screen"
# Four in a row, as on the calculators of a desk; a digit is its own name.
_KEYS: tuple[tuple[str, str | Promise], ...] = (
    ("C", gettext_lazy("Clear")),
    ("⌫", gettext_lazy("Delete the last character")),
    ("(", gettext_lazy("Open parenthesis")),
    (")", gettext_lazy("Close parenthesis")),
    ("√", gettext_lazy("Square root")),
    ("²", gettext_lazy("Squared")),
    ("%", gettext_lazy("Percent")),
    ("÷", gettext_lazy("Divided by")),
    *((digit, "") for digit in "789"),
    ("×", gettext_lazy("Times")),
    *((digit, "") for digit in "456"),
    ("−", gettext_lazy("Minus")),
    *((digit, "") for digit in "123"),
    ("+", gettext_lazy("Plus")),
    ("0", ""),
    (".", gettext_lazy("Decimal mark")),
    ("Ans", gettext_lazy("The last result")),
    ("=", gettext_lazy("Calculate")),
)
# In the order of their switches; the names are those of AfA PNP.
SWITCHES: dict[str, str | Promise] = {
    "line-reader": gettext_lazy("Line reader"),
    "answer-masking": gettext_lazy("Cover the choices"),
    "keyword-emphasis": gettext_lazy("Stress the keywords"),
    "layout-single-column": gettext_lazy("One column"),
}
NOTES: dict[str, str | Promise] = {
    catalogs.GLOSSARY: gettext_lazy("Meaning"),
    catalogs.TRANSLATION: gettext_lazy("Translation"),
    catalogs.GUIDANCE: gettext_lazy("Explanation"),
    catalogs.SIGN_LANGUAGE: gettext_lazy("Sign language"),
    "additional-directions": gettext_lazy("More directions"),
    "alternative-text": gettext_lazy("In words"),
    "audio-description": gettext_lazy("Audio description"),
    "braille": gettext_lazy("Braille"),
    "dictionary-on-screen": gettext_lazy("Dictionary"),
    "encouragement": gettext_lazy("Encouragement"),
    "item-translation": gettext_lazy("Translation"),
    "keyboard-directions": gettext_lazy("With the keyboard"),
    "long-description": gettext_lazy("Description"),
    "simplified-graphics": gettext_lazy("Simpler picture"),
    "simplified-language-portions": gettext_lazy("In simpler words"),
    "tactile": gettext_lazy("Tactile"),
    "thesaurus-on-screen": gettext_lazy("Similar words"),
    "transcript": gettext_lazy("Transcript"),
}


def note_name(support: str) -> str:
    """What the button of a note is called."""
    return str(NOTES.get(support, gettext_lazy("Note")))


def attribute(supports: Set[str], optional: Set[str]) -> SafeString:
    """What is switched on when the page opens, for the sheet and the script; nothing for none."""
    on = " ".join(name for name in SWITCHES if name in supports and name not in optional)
    offered = any(name in supports for name in SWITCHES)
    return format_html(' data-supports="{}"', on) if offered else SafeString("")


def switches(supports: Set[str], optional: Set[str]) -> SafeString:
    """The bar of switches; empty where the reader has none of these supports."""
    listed = [
        {"name": name, "label": label, "on": name not in optional}
        for name, label in SWITCHES.items()
        if name in supports
    ]
    if not listed:
        return SafeString("")
    facts = {"switches": listed, "reads_lines": "line-reader" in supports}
    return SafeString(get_template("qti/_supports.html").render(facts))


def calculator(supports: Set[str], optional: Set[str]) -> SafeString:
    """A calculator for who has this support, folded where it is only an option."""
    if CALCULATOR not in supports:
        return SafeString("")
    keys = [
        {"press": press, "label": label, "face": "x²" if press == "²" else press}
        for press, label in _KEYS
    ]
    facts = {"keys": keys, "open": CALCULATOR not in optional}
    return SafeString(get_template("qti/_calculator.html").render(facts))


def notes(supports: Set[str], optional: Set[str]) -> SafeString:
    """A place for the reader's own notes, for who has this support."""
    if NOTE_TAKING not in supports:
        return SafeString("")
    facts = {"open": NOTE_TAKING not in optional}
    return SafeString(get_template("qti/_notes.html").render(facts))
