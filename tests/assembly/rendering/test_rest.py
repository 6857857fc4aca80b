import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from assembly.qti import allowed_html
from assembly.rendering import rest
from assembly.rendering.nodes import RenderContext, Writer

CONTROL = '<span class="qti-portable-control">'
WRITER = Writer(RenderContext(asset_url=lambda href: f"assets/{href}"))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("", ""),
        ("words alone & more", "words alone &amp; more"),
        ("<p>Look: <b>here</b></p>", "<p>Look: <b>here</b></p>"),
        ('<img src="map.png" alt="Map">', '<img src="assets/map.png" alt="Map">'),
        ('<img src="https://example.org/x.png" alt="Far">', "Far"),
        ("<button>Go</button>", '<span class="qti-portable-control">Go</span>'),
        ('<input value="42">', '<span class="qti-portable-control">42</span>'),
        ('<input placeholder="Name">', '<span class="qti-portable-control">Name</span>'),
        ("<textarea>So far</textarea>", '<span class="qti-portable-control">So far</span>'),
        (
            "<select><option>A</option><option>B</option></select>",
            f"{CONTROL}A</span>{CONTROL}B</span>",
        ),
        ('<input type="hidden" value="secret">', ""),
        ("<svg><text>Axis</text><path/></svg>", '<span class="qti-portable-control">Axis</span>'),
        ("<script>alert(1)</script><style>p{}</style><!-- no -->", ""),
        ('<iframe src="x.html">no</iframe><object data="x"></object>', ""),
        ('<p onclick="alert(1)" style="top: 0" class="card own">Hi</p>', '<p class="own">Hi</p>'),
        ("<my-element>Inside</my-element>", "Inside"),
    ],
)  # fmt: skip
def test_markup_at_rest_is_content_and_the_words_of_its_controls(written: str, shown: str) -> None:
    assert rest.markup(WRITER, written) == shown


@given(st.text(alphabet="<>/=\"' abpscrimgonliv!-&#x;\0\n", max_size=200))
def test_whatever_is_written_only_allowed_elements_and_attributes_come_out(written: str) -> None:
    shown = rest.markup(WRITER, written)
    if not shown.strip():
        return
    for element in html.fragment_fromstring(shown, create_parent="div").iterdescendants():
        assert element.tag in allowed_html.FLOW | allowed_html.MATHML
        assert not [name for name in element.attrib if str(name).startswith("on")]
