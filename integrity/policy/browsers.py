"""The browsers that a policy accepts, by name and least version, and what one calls itself."""

import re
from dataclasses import dataclass

# The first mark that fits names the browser: each of the later ones is in the names of others.
_MARKS = (
    ("Edge", re.compile(r"\bEdgA?/(\d+)(?:\.(\d+))?")),
    ("Opera", re.compile(r"\bOPR/(\d+)(?:\.(\d+))?")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/(\d+)(?:\.(\d+))?")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/(\d+)(?:\.(\d+))?")),
    ("Chrome", re.compile(r"\b(?:Chrome|CriOS|HeadlessChrome)/(\d+)(?:\.(\d+))?")),
    ("Safari", re.compile(r"\bVersion/(\d+)(?:\.(\d+))?.*\bSafari/")),
)
NAMES = tuple(name for name, _mark in _MARKS)
LINE = re.compile(r"(?P<name>\D+?)\s+(?P<major>\d{1,4})(?:\.(?P<minor>\d{1,4}))?")


class BrowserListError(ValueError):
    """A line that names no browser and version; `line` is that line."""

    def __init__(self, line: str) -> None:
        super().__init__(f"{line!r} is not a browser with its least version.")
        self.line = line


@dataclass(frozen=True, slots=True, order=True)
class Browser:
    """A browser by name and version; ordered by both."""

    name: str
    major: int
    minor: int = 0

    def __str__(self) -> str:
        minor = f".{self.minor}" if self.minor else ""
        return f"{self.name} {self.major}{minor}"


def read(text: str) -> tuple[Browser, ...]:
    """Read a list, one `Chrome 120` a line; raises BrowserListError."""
    return tuple(_read_line(line.strip()) for line in text.splitlines() if line.strip())


def _read_line(line: str) -> Browser:
    found = LINE.fullmatch(line)
    names = {name.casefold(): name for name in NAMES}
    if found is None or found["name"].casefold() not in names:
        raise BrowserListError(line)
    return Browser(names[found["name"].casefold()], int(found["major"]), int(found["minor"] or 0))


def of(agent: str) -> Browser | None:
    """Return what a browser calls itself; None where that is none that is known here."""
    for name, mark in _MARKS:
        if found := mark.search(agent):
            return Browser(name, int(found[1][:4]), int((found[2] or "0")[:4]))
    return None


def accepts(listed: tuple[Browser, ...], agent: str) -> bool:
    """Tell whether a browser is on the list, in its least version or a later one.

    An empty list accepts every browser.
    """
    if not listed:
        return True
    browser = of(agent)
    return browser is not None and any(
        one.name == browser.name and one <= browser for one in listed
    )
