"""An AfA PNP profile's colours, sizes and spacing as a stylesheet of the candidate's pages."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Final

Settings = Mapping[str, Mapping[str, str]]
Declarations = dict[str, str]

CONTRAST: Final = "high-contrast"
INVERTED: Final = "invert-display-polarity"
MAGNIFIED: Final = "magnification"
TEXT: Final = "text-appearance"
LINE_READER: Final = "line-reader"
USUAL_ZOOM: Final = 1.5
USUAL_TEXT_REM: Final = 1.125
# What the candidate picks by hand in the page wins: each rule steps back from such a choice.
NO_THEME: Final = ":root:not([data-theme])"
NO_TEXT: Final = ":root:not([data-text])"
NO_SPACING: Final = ":root:not([data-spacing])"
CONTENT: Final = ":is(.qti-item-body, .qti-stimulus)"
FACES: Final = {
    "serif": "serif",
    "sans serif": "sans-serif",
    "monospaced": "monospace",
    "cursive": "cursive",
    "fantasy": "fantasy",
}
HEX: Final = re.compile(r"#(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})")


def theme(supports: Settings) -> str:
    """Name the product's own theme that serves the profile; "" for none."""
    if CONTRAST in supports:
        return "contrast"
    inverted = supports.get(INVERTED)
    return "" if inverted is None or _colours(inverted, "background", "foreground") else "dark"


def sheet(supports: Settings) -> str:
    """Write the stylesheet of a profile; "" where it asks for nothing that a sheet can do."""
    rules = (*_of_colours(supports), *_of_text(supports), *_of_zoom(supports))
    return "".join(f"{selector} {{ {_written(said)} }}\n" for selector, said in rules if said)


def _written(said: Declarations) -> str:
    return " ".join(f"{name}: {value};" for name, value in said.items())


def _of_colours(supports: Settings) -> Iterator[tuple[str, Declarations]]:
    text, inverted = supports.get(TEXT, {}), supports.get(INVERTED, {})
    found = _colours(text, "background-color", "font-color")
    found = found or _colours(inverted, "background", "foreground")
    if found:
        yield NO_THEME, _palette(*found)
    line = supports.get(LINE_READER, {}).get("highlight-color", "")
    if HEX.fullmatch(line):
        yield ":root", {"--line-reader": line}


def _colours(given: Mapping[str, str], ground: str, ink: str) -> tuple[str, str] | None:
    """Return ground and ink; one that is not given is black or white, which reads better."""
    grounds, inks = given.get(ground, ""), given.get(ink, "")
    has_ground, has_ink = bool(HEX.fullmatch(grounds)), bool(HEX.fullmatch(inks))
    if not has_ground and not has_ink:
        return None
    return (
        grounds if has_ground else _against(inks),
        inks if has_ink else _against(grounds),
    )


def _against(colour: str) -> str:
    return "#000000" if _luminance(colour) > 0.18 else "#ffffff"


def _luminance(colour: str) -> float:
    """Relative luminance, as WCAG 2.2 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _palette(ground: str, ink: str) -> Declarations:
    def mixed(share: int) -> str:
        return f"color-mix(in srgb, {ink} {share}%, {ground})"

    grounds = dict.fromkeys(("--ground", "--surface", "--on-accent"), ground)
    inks = dict.fromkeys(("--ink", "--ink-quiet", "--accent", "--accent-strong"), ink)
    return {
        "color-scheme": "light" if _luminance(ground) > 0.18 else "dark",
        **grounds,
        **inks,
        "--sunken": mixed(8),
        "--accent-soft": mixed(15),
        "--line": mixed(35),
        "--line-strong": mixed(70),
    }


def _of_text(supports: Settings) -> Iterator[tuple[str, Declarations]]:
    given = supports.get(TEXT, {})
    size = _number(given.get("font-size"), 6, 72)
    if size is not None:
        yield NO_TEXT, {"--text-item": f"{size:g}pt"}
    face = FACES.get(given.get("font-face/generic-font-face", ""), "")
    if face:
        yield ":root", {"--font": face}
    height = _number(given.get("line-height"), 1, 4) or _number(given.get("line-spacing"), 1, 4)
    if height is not None:
        yield NO_SPACING, {"--leading": f"{height:g}", "--leading-tight": f"{height:g}"}
    yield f"{NO_SPACING} main", _spacing(given)
    if "uniform-font-sizing" in given:
        yield (
            f"{CONTENT} :is(h1, h2, h3, h4, h5, h6, small, figcaption, table)",
            {"font-size": "1em"},
        )


def _spacing(given: Mapping[str, str]) -> Declarations:
    """Letters and words, in em."""
    found = {name: _number(given.get(name), 0, 2) for name in ("letter-spacing", "word-spacing")}
    return {name: f"{amount:g}em" for name, amount in found.items() if amount is not None}


def _of_zoom(supports: Settings) -> Iterator[tuple[str, Declarations]]:
    given = supports.get(MAGNIFIED)
    if given is None:
        return
    everything, text, rest = (_zoom(given, part) for part in ("all-content", "text", "non-text"))
    if everything is None and text is None and rest is None:
        everything = USUAL_ZOOM
    if everything is not None:
        yield NO_TEXT, {"font-size": f"{100 * everything:g}%"}
    if text is not None:
        yield NO_TEXT, {"--text-item": f"{USUAL_TEXT_REM * text:g}rem"}
    # Letters in rem grow with everything, pictures in pixels do not.
    pictures = rest if rest is not None else everything
    if pictures is not None:
        yield f"{CONTENT} :is(img, video)", {"zoom": f"{pictures:g}"}


def _zoom(given: Mapping[str, str], part: str) -> float | None:
    """A factor; 10 and more are percent. The usual one where no amount is named."""
    amount = given.get(f"{part}/zoom-amount")
    if amount is None:
        return USUAL_ZOOM if part in given else None
    factor = _number(amount, 0.5, 1000)
    if factor is None:
        return USUAL_ZOOM
    return min(factor / 100 if factor >= 10 else factor, 5)


def _number(text: str | None, least: float, most: float) -> float | None:
    try:
        found = float(text or "")
    except ValueError:
        return None
    return min(max(found, least), most) if math.isfinite(found) else None
