"""Profiles as stylesheets: what is asked for is written, what is no colour or number is not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.qti import appearance, pnp

SPACE = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imsafa3p0pnp_v1p0"


def sheet(inside: str) -> str:
    source = f'<access-for-all-pnp xmlns="{SPACE}">{inside}</access-for-all-pnp>'
    (record,) = pnp.read(source.encode())
    return appearance.sheet(record.profile.supports)


@pytest.mark.parametrize(
    ("supports", "theme"),
    [
        ({}, ""),
        ({"high-contrast": {}}, "contrast"),
        ({"invert-display-polarity": {}}, "dark"),
        ({"invert-display-polarity": {"background": "#000000"}}, ""),
        ({"invert-display-polarity": {}, "high-contrast": {}}, "contrast"),
    ],
)
def test_a_theme_of_our_own_serves_where_no_colours_are_named(
    supports: dict[str, dict[str, str]], theme: str
) -> None:
    assert appearance.theme(supports) == theme


def test_colours_are_those_of_the_profile() -> None:
    told = sheet(
        "<text-appearance><background-color>#FFFFCC</background-color>"
        "<font-color>#003</font-color></text-appearance>"
    )
    assert told.startswith(":root:not([data-theme]) { color-scheme: light; --ground: #FFFFCC;")
    assert "--ink: #003;" in told
    assert "--line: color-mix(in srgb, #003 35%, #FFFFCC);" in told


@pytest.mark.parametrize(
    ("inside", "ground", "ink"),
    [
        ('<invert-display-polarity background="#112233"/>', "#112233", "#ffffff"),
        ('<invert-display-polarity foreground="#112233"/>', "#ffffff", "#112233"),
        ('<invert-display-polarity foreground="#ff0"/>', "#000000", "#ff0"),
    ],
)
def test_a_colour_alone_gets_the_other_that_reads_best(inside: str, ground: str, ink: str) -> None:
    told = sheet(inside)
    assert f"--surface: {ground};" in told
    assert f"--ink: {ink};" in told


def test_letters_lines_and_faces() -> None:
    told = sheet(
        "<text-appearance><font-size>18</font-size><font-face><font-name>Any</font-name>"
        "<generic-font-face>sans serif</generic-font-face></font-face>"
        "<line-height>2.0</line-height><letter-spacing>0.12</letter-spacing>"
        "<uniform-font-sizing/><word-spacing>0.16</word-spacing></text-appearance>"
    )
    assert told.splitlines() == [
        ":root:not([data-text]) { --text-item: 18pt; }",
        ":root { --font: sans-serif; }",
        ":root:not([data-spacing]) { --leading: 2; --leading-tight: 2; }",
        ":root:not([data-spacing]) main { letter-spacing: 0.12em; word-spacing: 0.16em; }",
        (
            ":is(.qti-item-body, .qti-stimulus)"
            " :is(h1, h2, h3, h4, h5, h6, small, figcaption, table) { font-size: 1em; }"
        ),
    ]


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("<magnification/>", ["{ font-size: 150%; }", "{ zoom: 1.5; }"]),
        ('<magnification><all-content zoom-amount="2.0"/></magnification>', ["{ font-size: 200%; }",
         "{ zoom: 2; }"]),
        ('<magnification><all-content zoom-amount="250"/></magnification>', ["{ font-size: 250%; }",
         "{ zoom: 2.5; }"]),
        ('<magnification><text zoom-amount="2"/></magnification>', ["{ --text-item: 2.25rem; }"]),
        ('<magnification><non-text zoom-amount="3"/></magnification>', ["{ zoom: 3; }"]),
    ],
)  # fmt: skip
def test_content_is_magnified(inside: str, expected: list[str]) -> None:
    assert [line[line.index("{") :] for line in sheet(inside).splitlines()] == expected


def test_the_line_reader_has_its_colour() -> None:
    assert (
        sheet('<line-reader highlight-color="#ff8800"/>') == ":root { --line-reader: #ff8800; }\n"
    )


@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.dictionaries(
                st.sampled_from(
                    [
                        "background-color",
                        "font-color",
                        "background",
                        "foreground",
                        "font-size",
                        "line-height",
                        "letter-spacing",
                        "all-content/zoom-amount",
                        "font-face/generic-font-face",
                        "highlight-color",
                    ]
                ),
                st.text(max_size=12) | st.sampled_from(["#fff", "1e9", "nan", "-3", "red;}", "12"]),
            )
            for name in (
                "text-appearance",
                "magnification",
                "line-reader",
                "invert-display-polarity",
            )
        },
    )
)
def test_no_profile_writes_anything_but_declarations(
    supports: dict[str, dict[str, str]],
) -> None:
    for line in appearance.sheet(supports).splitlines():
        said = re.fullmatch(r"[^{}]+ \{ ((?:[a-z-]+: [^;{}]+;(?: |$))+) ?\}", line)
        assert said is not None, line
        assert re.fullmatch(r"[\w#%(),.:; -]+", said[1]), line
