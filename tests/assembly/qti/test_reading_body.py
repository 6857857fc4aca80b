import pytest
from lxml import etree

from assembly.qti import body, interactions, reading_body
from assembly.qti.body import Element, Nodes, Text
from assembly.qti.errors import ReadingError, UnsupportedError

NAMESPACE = "http://www.imsglobal.org/xsd/imsqtiasi_v3p0"


def read(content: str) -> Nodes:
    return reading_body.read_body(
        etree.fromstring(f'<qti-item-body xmlns="{NAMESPACE}">{content}</qti-item-body>')
    )


def only(content: str) -> interactions.Interaction:
    (found,) = reading_body.interactions_in(read(content))
    return found


def test_text_between_elements_is_kept_in_order() -> None:
    assert read("a<b>b</b>c") == (Text("a"), Element("b", {}, (Text("b"),)), Text("c"))


def test_scripts_styles_and_frames_go_with_their_content() -> None:
    assert read("<script>steal()</script><style>p{}</style><iframe src='x'>y</iframe>") == ()


def test_comments_go_and_the_text_after_them_stays() -> None:
    assert read("a<!-- b -->c") == (Text("a"), Text("c"))


def test_handlers_styles_and_unknown_attributes_are_dropped() -> None:
    (found,) = read('<p onclick="x()" style="color:red" class="a" contenteditable="true">t</p>')
    assert found == Element("p", {"class": "a"}, (Text("t"),))


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        " JaVa\tScript:alert(1)",
        "vbscript:x",
        "data:text/html;base64,PHA+",
        "file:///etc/passwd",
    ],
)
def test_addresses_that_could_run_are_dropped(address: str) -> None:
    (found,) = read(f'<a href="{address}">t</a>')
    assert found == Element("a", {}, (Text("t"),))


def test_language_direction_and_aria_are_kept() -> None:
    (found,) = read('<p xml:lang="ar" dir="rtl" aria-label="x" data-catalog-idref="c">t</p>')
    assert isinstance(found, Element)
    assert found.attributes == {
        "lang": "ar",
        "dir": "rtl",
        "aria-label": "x",
        "data-catalog-idref": "c",
    }


def test_content_cannot_pose_as_our_own_controls() -> None:
    (found,) = read('<p data-interaction="choice" data-response="R" data-hx-get="/x">t</p>')
    assert found == Element("p", {}, (Text("t"),))


def test_classes_that_mean_something_in_our_pages_are_dropped() -> None:
    (found,) = read('<div class="row qti-well button mine">t</div>')
    assert found == Element("div", {"class": "qti-well mine"}, (Text("t"),))


def test_language_and_direction_of_the_whole_body_are_kept() -> None:
    whole = etree.fromstring(
        f'<qti-item-body xmlns="{NAMESPACE}" xml:lang="he" dir="rtl" id="b">t</qti-item-body>'
    )
    assert reading_body.read_body(whole) == (
        Element("div", {"lang": "he", "dir": "rtl"}, (Text("t"),)),
    )


def test_content_cannot_jump_the_tab_order() -> None:
    (found, other) = read('<p tabindex="5">t</p><p tabindex="0">t</p>')
    assert found == Element("p", {}, (Text("t"),))
    assert other == Element("p", {"tabindex": "0"}, (Text("t"),))


def test_mathml_keeps_its_attributes() -> None:
    (found,) = read(
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><mi mathvariant="bold">x</mi></math>'
    )
    assert found == Element("math", {}, (Element("mi", {"mathvariant": "bold"}, (Text("x"),)),))


def test_an_object_becomes_the_native_element_of_its_medium() -> None:
    (image, video) = read(
        '<object type="image/png" data="a.png" width="10">An apple</object>'
        '<object type="video/mp4" data="b.mp4"/>'
    )
    assert image == Element("img", {"width": "10", "src": "a.png", "alt": "An apple"})
    assert video == Element("video", {"src": "b.mp4", "controls": "controls"})


def test_an_unknown_wrapper_goes_and_its_content_stays() -> None:
    assert read("<qti-content-body><p>t</p></qti-content-body>") == (
        Element("p", {}, (Text("t"),)),
    )


def test_an_unknown_interaction_is_refused_with_its_line() -> None:
    with pytest.raises(UnsupportedError) as refused:
        read('\n<qti-telepathy-interaction response-identifier="R"/>')
    assert (refused.value.reason, refused.value.line) == ("unsupported_interaction", 2)


def test_a_misplaced_qti_element_is_refused() -> None:
    with pytest.raises(UnsupportedError):
        read("<qti-correct-response/>")


def test_content_nested_too_deep_is_refused() -> None:
    with pytest.raises(ReadingError) as refused:
        read("<div>" * 150 + "</div>" * 150)
    assert refused.value.reason == "too_deep"


def test_choice_is_read_with_its_constraints() -> None:
    found = only(
        '<qti-choice-interaction response-identifier="R" max-choices="2" min-choices="1"'
        ' shuffle="true" class="qti-labels-decimal"><qti-prompt>Pick</qti-prompt>'
        '<qti-simple-choice identifier="A" fixed="true">a</qti-simple-choice>'
        '<qti-simple-choice identifier="B"><b>b</b></qti-simple-choice>'
        "</qti-choice-interaction>"
    )
    assert isinstance(found, interactions.Choice)
    assert (found.min_choices, found.max_choices, found.identifiers) == (1, 2, ("A", "B"))
    assert found.prompt == (Text("Pick"),)
    assert found.classes == ("qti-labels-decimal",)
    (group,) = found.shuffle_groups()
    assert (group.label, group.identifiers, group.fixed) == ("R", ("A", "B"), frozenset("A"))


def test_an_interaction_inside_text_is_found_in_document_order() -> None:
    nodes = read(
        '<p>1 <qti-text-entry-interaction response-identifier="A"/> 2 '
        '<qti-inline-choice-interaction response-identifier="B">'
        '<qti-inline-choice identifier="x">X</qti-inline-choice>'
        "</qti-inline-choice-interaction></p>"
    )
    found = [each.response_identifier for each in reading_body.interactions_in(nodes)]
    assert found == ["A", "B"]


def test_match_keeps_its_two_sets_apart() -> None:
    found = only(
        '<qti-match-interaction response-identifier="R" max-associations="2" shuffle="true">'
        "<qti-simple-match-set>"
        '<qti-simple-associable-choice identifier="a">A</qti-simple-associable-choice>'
        "</qti-simple-match-set><qti-simple-match-set>"
        '<qti-simple-associable-choice identifier="x" match-max="2"/>'
        "</qti-simple-match-set></qti-match-interaction>"
    )
    assert isinstance(found, interactions.Match)
    assert [group.label for group in found.shuffle_groups()] == ["R:sources", "R:targets"]
    assert (found.sources[0].match_max, found.targets[0].match_max) == (1, 2)


def test_gap_match_keeps_gaps_in_its_passage_and_choices_apart() -> None:
    found = only(
        '<qti-gap-match-interaction response-identifier="R">'
        '<qti-gap-text identifier="w" match-max="1">winter</qti-gap-text>'
        '<p>Now is the <qti-gap identifier="G1"/> of</p></qti-gap-match-interaction>'
    )
    assert isinstance(found, interactions.GapMatch)
    assert body.text_of(found.passage) == "Now is the of"
    assert [gap.identifier for gap in found.gaps] == ["G1"]


def test_hotspots_are_areas_of_their_image() -> None:
    found = only(
        '<qti-hotspot-interaction response-identifier="R" max-choices="1">'
        '<img src="map.png" alt="A map" width="200" height="100"/>'
        '<qti-hotspot-choice identifier="A" shape="circle" coords="77,115,8"/>'
        "</qti-hotspot-interaction>"
    )
    assert isinstance(found, interactions.Hotspot)
    assert (found.image.alt, found.image.width) == ("A map", 200)
    assert found.choices[0].area.coords == (77.0, 115.0, 8.0)


def test_position_object_takes_its_stage_image() -> None:
    found = only(
        "<qti-position-object-stage>"
        '<object type="image/png" data="stage.png" width="206" height="280"/>'
        '<qti-position-object-interaction response-identifier="R" max-choices="3">'
        '<object type="image/png" data="plane.png" width="16" height="16"/>'
        "</qti-position-object-interaction></qti-position-object-stage>"
    )
    assert isinstance(found, interactions.PositionObject)
    assert (found.image.source, found.movable.source) == ("stage.png", "plane.png")


PORTABLE = """<qti-portable-custom-interaction response-identifier="R" module="m"
  custom-interaction-type-identifier="urn:x" data-tap-message="Tap" class="wide">
  <qti-interaction-modules primary-configuration="modules/module_resolution.js">
    <qti-interaction-module id="m" primary-path="m.js" fallback-path="old.js"/>
  </qti-interaction-modules>
  <qti-interaction-markup><ul class="pci"/><script>go()</script></qti-interaction-markup>
</qti-portable-custom-interaction>"""


def test_a_portable_interaction_keeps_its_markup_out_of_the_tree() -> None:
    found = only(PORTABLE)
    assert isinstance(found, interactions.PortableCustom)
    assert found.contents() == ((),)
    assert found.markup.strip() == '<ul class="pci"></ul><script>go()</script>'
    assert found.modules == (interactions.ModuleFile("m", ("m.js", "old.js")),)
    assert found.configurations == ("modules/module_resolution.js",)
    assert found.properties == {"tapMessage": "Tap"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ('<qti-choice-interaction max-choices="1"/>', "missing_attribute"),
        ('<qti-choice-interaction response-identifier="R"/>', "no_choices"),
        (
            (
                '<qti-choice-interaction response-identifier="R" max-choices="many">'
                '<qti-simple-choice identifier="A"/></qti-choice-interaction>'
            ),
            "invalid_number",
        ),
        (
            (
                '<qti-choice-interaction response-identifier="R">'
                '<qti-simple-choice identifier="A"/>'
                '<qti-simple-choice identifier="A"/></qti-choice-interaction>'
            ),
            "duplicate_identifier",
        ),
        (
            '<qti-slider-interaction response-identifier="R" lower-bound="5" upper-bound="1"/>',
            "invalid_number",
        ),
        ('<qti-match-interaction response-identifier="R"/>', "match_sets"),
        ('<qti-hotspot-interaction response-identifier="R"/>', "missing_image"),
        (
            (
                '<qti-hotspot-interaction response-identifier="R"><img src="a.png" alt=""/>'
                '<qti-hotspot-choice identifier="A" shape="rect" coords="1,2"/>'
                "</qti-hotspot-interaction>"
            ),
            "invalid_area",
        ),
    ],
)
def test_a_malformed_interaction_is_refused_with_its_reason(content: str, reason: str) -> None:
    with pytest.raises(ReadingError) as refused:
        read(content)
    assert (refused.value.reason, refused.value.line) == (reason, 1)
