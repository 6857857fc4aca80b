"""The look: text reads at 7:1 on its ground in every theme; no other sheet names a colour."""

import re
from pathlib import Path

import pytest

STYLES = Path(__file__).parent.parent / "static" / "css"
BASE = (STYLES / "base.css").read_text()
TINTS = ("cream", "peach", "mint", "sky")
Colours = dict[str, str]


def blocks() -> dict[str, Colours]:
    found: dict[str, Colours] = {}
    for match in re.finditer(r'(?m)^:root(?:\[data-theme="(\w+)"\])? \{([^}]*)\}', BASE):
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", match[2]))
        if colours:
            found.setdefault(match[1] or "light", colours)
    return found


def theme(name: str) -> Colours:
    themes = blocks()
    return themes["light"] | themes[name] if name in TINTS else themes[name]


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("name", ["light", "dark", "contrast", *TINTS])
def test_text_reads_at_seven_to_one_in_every_theme(name: str) -> None:
    colours = theme(name)
    grounds = ("ground", "surface", "sunken", "accent-soft")
    pairs = [
        (ink, ground)
        for ink in ("ink", "ink-quiet", "accent", "accent-strong")
        for ground in grounds
    ]
    for tone in ("neutral", "good", "attention", "stop"):
        pairs += [
            (f"{tone}-ink", f"{tone}-ground"),
            (f"{tone}-ink", "surface"),
            (f"{tone}-ink", "ground"),
        ]
    pairs.append(("on-accent", "accent"))
    assert [pair for pair in pairs if contrast(*(colours[name] for name in pair)) < 7] == []


@pytest.mark.parametrize("name", ["light", "dark", "contrast", *TINTS])
def test_lines_of_controls_and_the_focus_ring_show_at_three_to_one(name: str) -> None:
    colours = theme(name)
    lines = ("line-strong", "focus", "neutral-line", "good-line", "attention-line", "stop-line")
    pairs = [(line, ground) for line in lines for ground in ("ground", "surface", "sunken")]
    assert [pair for pair in pairs if contrast(colours[pair[0]], colours[pair[1]]) < 3] == []


def test_the_dark_theme_is_the_same_by_choice_and_by_device() -> None:
    match = re.search(r":root:not\(\[data-theme\]\) \{([^}]*)\}", BASE)
    assert match is not None
    assert dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", match[1])) == blocks()["dark"]


@pytest.mark.parametrize(
    "sheet", sorted(path.name for path in STYLES.glob("*.css") if path.name != "base.css")
)
def test_no_other_sheet_names_a_colour(sheet: str) -> None:
    source = re.sub(r"/\*.*?\*/", "", (STYLES / sheet).read_text(), flags=re.DOTALL)
    assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[^{]*\})|rgba?\(|hsla?\(", source) == []
