"""QTI's vocabulary of classes for content, and what a browser must make of each: the yardstick."""

from collections.abc import Iterator

REM = 16
STEPS = """0 px 0p5 1 1p5 2 2p5 3 3p5 4 5 6 7 8 9 10 11 12 14 16 20 24 28 32 36 40 44 48 52 56 60 64
72 80 96"""
INDENTS = "0 px 0p5 1 1p5 2 2p5 3 3p5 4 5 6 7 8 12 16 20 24 28 32"
SPACES = {"0": 0, "1": 4, "2": 8, "3": 16, "4": 24, "5": 48}
SIDES = {
    "": ("top", "right", "bottom", "left"),
    "x-": ("left", "right"),
    "y-": ("top", "bottom"),
    "t-": ("top",),
    "b-": ("bottom",),
    "s-": ("left",),
    "e-": ("right",),
}
LISTS = """none arabic-indic armenian bengali cambodian circle cjk-earthly-branch cjk-heavenly-stem
cjk-ideographic decimal decimal-leading-zero devanagari disc ethiopic-halehame ethiopic-halehame-am
ethiopic-halehame-ti-er ethiopic-halehame-ti-et georgian gujarati gurmukhi hangul hangul-consonant
hebrew hiragana hiragana-iroha kannada katakana katakana-iroha khmer korean-hangul-formal
korean-hanja-formal korean-hanja-informal lao lower-alpha lower-armenian lower-greek lower-latin
lower-roman malayalam mongolian myanmar oriya persian simp-chinese-formal simp-chinese-informal
square telugu thai tibetan trad-chinese-formal trad-chinese-informal upper-alpha upper-armenian
upper-latin upper-roman urdu"""
DISPLAYS = """inline inline-block block flex inline-flex grid inline-grid table table-cell table-row
list-item"""
PLAIN = {
    **{f"qti-align-{side}": ("text-align", side) for side in ("left", "center", "right")},
    **{f"qti-align-{side}": ("text-align", side) for side in ("justify", "start", "end")},
    **{
        f"qti-valign-{side}": ("vertical-align", side)
        for side in ("top", "middle", "baseline", "bottom")
    },
    **{f"qti-display-{name}": ("display", name) for name in DISPLAYS.split()},
    **{f"qti-list-style-type-{name}": ("list-style-type", name) for name in LISTS.split()},
    "qti-display-none": ("display", "none"),
    "qti-hidden": ("display", "none"),
    "qti-underline": ("text-decoration-line", "underline"),
    "qti-strike": ("text-decoration-line", "line-through"),
    "qti-italic": ("font-style", "italic"),
    "qti-nowrap": ("white-space-collapse", "collapse"),
    "qti-writing-mode-horizontal-tb": ("writing-mode", "horizontal-tb"),
    "qti-writing-mode-vertical-rl": ("writing-mode", "vertical-rl"),
    "qti-writing-mode-vertical-lr": ("writing-mode", "vertical-lr"),
    "qti-writing-mode-vertical-tb": ("writing-mode", "vertical-lr"),
    "qti-writing-orientation-vertical-rl": ("writing-mode", "vertical-rl"),
    "qti-writing-orientation-vertical-lr": ("writing-mode", "vertical-lr"),
    "qti-text-orientation-upright": ("text-orientation", "upright"),
    "qti-text-orientation-sideways": ("text-orientation", "sideways"),
    "qti-text-combine-upright-all": ("text-combine-upright", "all"),
    "qti-float-left": ("float", "left"),
    "qti-float-right": ("float", "right"),
    "qti-float-none": ("float", "none"),
    "qti-float-clear": ("clear", "both"),
    "qti-float-clear-both": ("clear", "both"),
    "qti-float-clear-left": ("clear", "left"),
    "qti-float-clear-right": ("clear", "right"),
    "qti-flex-direction-row": ("flex-direction", "row"),
    "qti-flex-direction-column": ("flex-direction", "column"),
    "qti-flex-grow-0": ("flex-grow", "0"),
    "qti-flex-grow-1": ("flex-grow", "1"),
    "qti-bordered": ("border-top-style", "solid"),
    "qti-well": ("border-top-style", "solid"),
    "qti-visually-hidden": ("width", "1px"),
    "qti-fullwidth": ("width", "100%"),
    "qti-width-full": ("width", "100%"),
    "qti-height-full": ("height", "100%"),
}
FRACTIONS = [(part, whole) for whole in (2, 3, 4, 5, 6) for part in range(1, whole)]
TWELFTHS = [(part, 12) for part in range(1, 12)]


def pixels(step: str) -> float:
    """Of a step: quarters of a rem, ``0p5`` is half a quarter and ``px`` one pixel."""
    return 1.0 if step == "px" else float(step.replace("p", ".")) * REM / 4


def sizes() -> Iterator[tuple[str, str, str]]:
    for step in STEPS.split():
        yield f"qti-width-{step}", "width", f"{pixels(step):g}px"
        yield f"qti-height-{step}", "height", f"{pixels(step):g}px"
    yield "qti-height-112", "height", f"{28 * REM}px"
    for part, whole in FRACTIONS:
        yield f"qti-height-{part}-{whole}", "height", f"{100 * part / whole:.2f}%"
    for part, whole in FRACTIONS + TWELFTHS:
        yield f"qti-width-{part}-{whole}", "width", f"{100 * part / whole:.2f}%"
    for step in INDENTS.split():
        yield f"qti-text-indent-{step}", "text-indent", f"{pixels(step):g}px"


def spaces() -> Iterator[tuple[str, str, str]]:
    """One row for each side that the class sets."""
    for family in ("margin", "padding"):
        for infix, sides in SIDES.items():
            for step, size in SPACES.items():
                for side in sides:
                    yield f"qti-{family}-{infix}{step}", f"{family}-{side}", f"{size}px"


CONTENT = [
    *((name, property_name, value) for name, (property_name, value) in PLAIN.items()),
    *sizes(),
    *spaces(),
]
INPUT_WIDTHS = (1, 2, 3, 4, 5, 6, 10, 15, 20, 25, 30, 35, 40, 45, 50, 72)
