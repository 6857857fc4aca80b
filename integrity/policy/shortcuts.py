"""The keys that a policy can keep from a page: a table of what is known, and further ones."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from integrity.policy.watchlist import gettext_noop

MODIFIERS = ("mod", "ctrl", "meta", "alt", "shift")
# A key as browsers name it: a letter, a digit, or a word like F12 or PrintScreen.
KEY = re.compile(r"[a-z0-9]|f\d{1,2}|[a-z]{3,20}")
MOST = 60


class ShortcutError(ValueError):
    """What is no shortcut; `text` is that."""

    def __init__(self, text: str) -> None:
        super().__init__(f"{text!r} is not a shortcut.")
        self.text = text


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Keys and what they would do; `mod` is Ctrl, or Command on a Mac."""

    keys: str
    does: str


TABLE = (
    Shortcut("mod+p", gettext_noop("prints")),
    Shortcut("mod+s", gettext_noop("saves the page")),
    Shortcut("mod+f", gettext_noop("searches the page")),
    Shortcut("mod+g", gettext_noop("searches on")),
    Shortcut("mod+u", gettext_noop("shows the source")),
    Shortcut("mod+o", gettext_noop("opens a file")),
    Shortcut("mod+n", gettext_noop("opens a window")),
    Shortcut("mod+t", gettext_noop("opens a tab")),
    Shortcut("mod+w", gettext_noop("closes the tab")),
    Shortcut("mod+h", gettext_noop("shows the history")),
    Shortcut("mod+j", gettext_noop("shows downloads")),
    Shortcut("mod+l", gettext_noop("goes to the address")),
    Shortcut("mod+shift+n", gettext_noop("opens a private window")),
    Shortcut("mod+shift+t", gettext_noop("opens a closed tab again")),
    Shortcut("ctrl+shift+i", gettext_noop("opens the developer's tools")),
    Shortcut("ctrl+shift+j", gettext_noop("opens the console")),
    Shortcut("ctrl+shift+c", gettext_noop("picks an element")),
    Shortcut("f12", gettext_noop("opens the developer's tools")),
    Shortcut("printscreen", gettext_noop("takes a picture of the screen")),
)
USUAL = (
    *(f"mod+{letter}" for letter in "psfguontw"),
    "ctrl+shift+i", "ctrl+shift+j", "ctrl+shift+c", "f12", "printscreen",
)  # fmt: skip


def shown(keys: str) -> str:
    """Return a shortcut as keyboards name its keys."""
    names = {"mod": "Ctrl/⌘", "ctrl": "Ctrl", "meta": "⌘", "alt": "Alt", "shift": "Shift",
             "printscreen": "PrintScreen"}  # fmt: skip
    return " + ".join(names.get(key, key.upper()) for key in keys.split("+"))


def normal(text: str) -> str:
    """Return a shortcut in one way of writing it; raises ShortcutError."""
    *modifiers, key = [part.strip().casefold() for part in text.split("+")]
    names = {"control": "ctrl", "cmd": "meta", "command": "meta", "option": "alt"}
    held = {names.get(one, one) for one in modifiers}
    if not KEY.fullmatch(key) or key in MODIFIERS or not held <= set(MODIFIERS):
        raise ShortcutError(text)
    return "+".join([*(one for one in MODIFIERS if one in held), key])


def read(values: Iterable[object]) -> tuple[str, ...]:
    """Return a policy's shortcuts, each once; raises ShortcutError."""
    found = tuple(dict.fromkeys(normal(str(one)) for one in values))
    if len(found) > MOST:
        raise ShortcutError(found[MOST])
    return found
