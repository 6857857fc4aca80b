import json
import re
from dataclasses import replace

import pytest
from django.utils import translation
from lxml import etree

from assembly import rendering
from assembly.qti import reading
from assembly.qti.item import AssessmentItem, Stimulus
from assembly.qti.reading_body import read_body
from tests.assembly.rendered import begun, page, source
from tests.assembly.rendering.items import (
    CASES,
    IMAGE,
    NAMESPACE,
    choices,
    declaration,
    interaction,
    item,
)

SECRETS = (
    "<qti-correct-response><qti-value>c</qti-value></qti-correct-response>"
    '<qti-mapping default-value="-77.25">'
    '<qti-map-entry map-key="c" mapped-value="4242.5"/></qti-mapping>'
)


OUTCOMES = (
    '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float">'
    "<qti-default-value><qti-value>8181.5</qti-value></qti-default-value>"
    "</qti-outcome-declaration>"
    '<qti-outcome-declaration identifier="FEEDBACK" cardinality="single" base-type="identifier">'
    "<qti-default-value><qti-value>verdict_right</qti-value></qti-default-value>"
    "</qti-outcome-declaration>"
)


PROCESSING = (
    '<qti-response-processing template="https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/'
    'map_response.xml"/>'
)


FEEDBACK = (
    '<qti-feedback-inline identifier="verdict_right" outcome-identifier="FEEDBACK"'
    ' show-hide="show">Well done you</qti-feedback-inline>'
)


HIDDEN_WORDS = ("4242.5", "-77.25", "8181.5", "verdict_right", "Well done", "SCORE", "FEEDBACK")


def secretive(adaptive: str = "false") -> AssessmentItem:
    body = interaction(
        "choice", "<qti-prompt>Which?</qti-prompt>" + choices("qti-simple-choice", "abc")
    )
    printed = '<p><qti-printed-variable identifier="SCORE"/></p>'
    declared = declaration("identifier", inside=SECRETS) + OUTCOMES
    return item(body + f"<p>{FEEDBACK}</p>" + printed, declared, tail=PROCESSING, adaptive=adaptive)


def test_no_correct_response_mapping_or_outcome_value_reaches_the_page() -> None:
    found = secretive()
    for responses in ({}, {"R": "c"}, {"R": "a"}):
        written = source(found, responses)
        assert [word for word in HIDDEN_WORDS if word in written] == []
    right, wrong = source(found, {"R": "c"}), source(found, {"R": "a"})
    assert right.replace(" checked", "") == wrong.replace(" checked", "")


def test_the_same_page_shows_feedback_and_outcomes_once_they_are_due() -> None:
    written = source(secretive(), show_feedback=True)
    assert "Well done you" in written
    assert "8181.5" in written
    assert "verdict_right" not in written


def test_an_adaptive_item_shows_the_blocks_of_its_present_state() -> None:
    assert "Well done you" in source(secretive(adaptive="true"))


def test_the_ends_of_a_slider_are_written_in_full() -> None:
    ends = 'lower-bound="-100000" upper-bound="2500000" step="0.5"'
    form = page(item(interaction("slider", "", ends), declaration("float")))
    assert form.xpath("string(.//p)") == "From -100000 to 2500000."
    assert form.xpath(".//input[@type='range']/@max") == ["2500000"]
    assert form.xpath(".//input[@type='range']/@step") == ["0.5"]


def test_text_of_packages_is_escaped() -> None:
    found = item(
        '<p title="&quot;>&lt;script>">&lt;script>alert(1)&lt;/script> &amp;amp; {{ 7 }}</p>'
        + interaction("choice", '<qti-simple-choice identifier="a">&lt;b&gt;</qti-simple-choice>'),
        declaration("identifier"),
    )
    form = page(found)
    assert form.xpath(".//script|.//b") == []
    assert form.xpath("string(.//p)") == "<script>alert(1)</script> &amp; {{ 7 }}"


def test_files_come_from_the_package_and_nothing_from_elsewhere() -> None:
    found = item(
        '<p><img src="images/a.png" alt="A"/><img src="https://else.where/b.png" alt="B"/>'
        '<img src="//else.where/c.png" alt="C"/><a href="https://else.where/">away</a>'
        '<a href="notes.pdf">notes</a></p>'
    )
    form = page(found)
    assert form.xpath(".//img/@src") == ["/files/images/a.png"]
    assert form.xpath(".//a/@href") == ["/files/notes.pdf"]
    assert form.xpath("string(.//p)") == "BCawaynotes"


def test_ids_of_packages_cannot_meet_ours_and_references_follow() -> None:
    form = page(item('<p id="item-form">a</p><p aria-describedby="item-form">b</p>'))
    assert form.xpath(".//@id") == ["q-item-form"]
    assert form.xpath(".//@aria-describedby") == ["q-item-form"]


def test_markup_of_a_portable_interaction_enters_the_page_as_data_for_its_frame_only() -> None:
    found = CASES["portable_custom"].item
    frames = rendering.Frames("/portable/", lambda href: f"/sealed/{href}", "/sealed/")
    (frame,) = page(found, frames=frames).iter("iframe")
    assert (frame.get("sandbox"), frame.get("data-src")) == ("allow-scripts", "/portable/")
    assert json.loads(frame.get("data-setup", ""))["markup"] == "<p>inside</p>"
    assert page(found, frames=frames).xpath(".//p[.='inside']") == []
    assert list(page(found).iter("iframe")) == []


def test_a_rubric_is_shown_to_its_views_only() -> None:
    found = item(
        '<qti-rubric-block view="scorer" use="scoring"><p>Give 2 points</p></qti-rubric-block>'
        '<qti-rubric-block view="candidate" use="instructions"><p>Read</p></qti-rubric-block>'
    )
    assert page(found).xpath(".//p/text()") == ["Read"]
    assert page(found, role=rendering.Role.SCORER).xpath(".//p/text()") == ["Give 2 points"]


TEMPLATED = (
    '<qti-template-declaration identifier="KIND" cardinality="single" base-type="identifier">'
    "<qti-default-value><qti-value>cat</qti-value></qti-default-value></qti-template-declaration>"
    '<qti-template-declaration identifier="N" cardinality="single" base-type="integer"'
    ' math-variable="true">'
    "<qti-default-value><qti-value>7</qti-value></qti-default-value></qti-template-declaration>"
    '<qti-template-declaration identifier="TWO" cardinality="single" base-type="integer">'
    "<qti-default-value><qti-value>2</qti-value></qti-default-value></qti-template-declaration>"
)


def test_template_variables_decide_blocks_choices_and_numbers() -> None:
    found = item(
        '<qti-template-block template-identifier="KIND" identifier="cat" show-hide="show">'
        "<p>Miaow</p></qti-template-block>"
        '<qti-template-block template-identifier="KIND" identifier="dog" show-hide="show">'
        "<p>Woof</p></qti-template-block>"
        '<p><qti-printed-variable identifier="N" format="%03d"/></p>'
        '<p><qti-printed-variable identifier="N" base="{TWO}"/></p>'
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><mi>N</mi></math>'
        + interaction(
            "choice",
            '<qti-simple-choice identifier="a" template-identifier="KIND" show-hide="show"/>'
            '<qti-simple-choice identifier="cat" template-identifier="KIND" show-hide="show"/>',
        ),
        declaration("identifier") + TEMPLATED,
    )
    form = page(found)
    assert [p.text_content() for p in form.iter("p")][:3] == ["Miaow", "007", "111"]
    assert form.xpath(".//*[local-name()='mn']/text()") == ["7"]
    assert form.xpath(".//input/@value") == ["cat"]


def test_a_stimulus_is_rendered_apart_from_the_body() -> None:
    content = etree.fromstring(f'<b xmlns="{NAMESPACE}"><p>Long ago</p></b>')
    stimulus = Stimulus(identifier="s", title="S", language="en", body=read_body(content))
    found = CASES["choice_single"].item
    rendered = rendering.render_item(found, begun(found), {}, asset_url=str, stimuli=[stimulus])
    assert rendered.stimulus == '<section class="qti-stimulus" lang="en"><p>Long ago</p></section>'
    assert "Long ago" not in rendered.body


CATALOG = """<qti-catalog-info><qti-catalog id="c1">
<qti-card support="glossary-on-screen">
<qti-html-content><p>A long river</p></qti-html-content></qti-card>
<qti-card support="keyword-translation">
<qti-card-entry xml:lang="es"><qti-html-content>Danubio</qti-html-content></qti-card-entry>
<qti-card-entry xml:lang="de" default="true"><qti-html-content>Donau</qti-html-content>
</qti-card-entry></qti-card></qti-catalog></qti-catalog-info>"""


@pytest.mark.parametrize(
    ("supports", "language", "expected"),
    [
        ({"glossary-on-screen"}, "", ["A long river"]),
        ({"keyword-translation"}, "es-MX", ["Danubio"]),
        ({"keyword-translation"}, "fr", ["Donau"]),
        (set(), "", []),
    ],
)
def test_notes_of_catalogs_are_those_that_the_reader_asked_for(
    supports: set[str], language: str, expected: list[str]
) -> None:
    found = item('<p>The <span data-catalog-idref="c1">Danube</span></p>', tail=CATALOG)
    form = page(found, supports=supports, language=language)
    notes = form.xpath(".//*[@popover]")
    assert [note.xpath("string(div)") for note in notes] == expected
    assert form.xpath(".//p//button/@popovertarget") == [note.get("id") for note in notes]


def test_what_a_candidate_may_use_is_named_with_its_files() -> None:
    materials = (
        "<qti-companion-materials-info><qti-calculator><qti-calculator-type>basic"
        "</qti-calculator-type><qti-description>Four  functions</qti-description></qti-calculator>"
        "<qti-digital-material><qti-file-href>files/table.pdf</qti-file-href>"
        "</qti-digital-material><qti-digital-material><qti-file-href>https://else.where/x.pdf"
        "</qti-file-href></qti-digital-material><qti-physical-material>A <b/>globe"
        "</qti-physical-material></qti-companion-materials-info>"
    )
    shown = page(item("<p>t</p>", materials))
    words = [" ".join(each.xpath("string()").split()) for each in shown.xpath(".//li")]
    assert words == [
        "Calculator: Four functions",
        "Document: table.pdf",
        "Document",
        "Material: A globe",
    ]
    assert shown.xpath(".//li/a/@href") == ["/files/files/table.pdf"]
    assert page(item("<p>t</p>")).xpath(".//details") == []


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        ("data:text/plain;name=my notes.txt;base64,aGk=", ("a", "my notes.txt")),
        (f"urn:invigil:file:{'a' * 64};type=image/png;size=9;name=map.png", ("span", "map.png")),
        ("javascript:alert(1)", ("span", "File")),
    ],
)
def test_a_printed_file_is_named_and_can_be_taken(held: str, expected: tuple[str, str]) -> None:
    declared = declaration("file") + (
        '<qti-outcome-declaration identifier="COPY" cardinality="single" base-type="file">'
        f"<qti-default-value><qti-value>{held}</qti-value></qti-default-value>"
        "</qti-outcome-declaration>"
    )
    found = item('<p>See <qti-printed-variable identifier="COPY"/></p>', declared)
    (printed,) = page(found, show_feedback=True).find_class("qti-printed-variable")
    assert (printed.tag, printed.text) == expected
    assert printed.get("download") == (expected[1] if printed.tag == "a" else None)


SPOKEN = """<qti-catalog-info><qti-catalog id="c1"><qti-card support="spoken"><qti-card-entry
  xml:lang="en"><qti-html-content><p>The angle  Ah</p></qti-html-content></qti-card-entry>
  </qti-card>
  <qti-card support="sign-language"><qti-html-content><p>film</p></qti-html-content></qti-card>
  </qti-catalog></qti-catalog-info>"""


def test_what_is_said_for_a_piece_goes_with_it_to_those_who_listen() -> None:
    words = 'Dr. <span data-catalog-idref="c1">A</span>'
    found = item(f"<p>{words}</p>", tail=SPOKEN)
    heard = page(found, supports={"spoken", "sign-language"}, language="en")
    assert heard.xpath(".//span/@data-spoken") == ["The angle Ah"]
    assert heard.xpath(".//*[@data-read-aloud]//button/text()") == ["Read aloud"]
    assert [note.xpath("string(p)").split(":")[0] for note in heard.xpath(".//*[@popover]")] == [
        "Sign language"
    ]
    silent = page(found, supports=set())
    assert silent.xpath(".//@data-spoken|.//@data-read-aloud") == []


def test_words_with_ssml_say_what_it_says_and_look_as_they_are() -> None:
    ssml = 'xmlns:s="http://www.w3.org/2010/10/synthesis"'
    found = item(
        f'<p {ssml}><s:sub alias="Drive">Dr.</s:sub> <s:say-as interpret-as="characters">AB'
        '</s:say-as> <s:prosody rate="slow">slow</s:prosody></p>'
    )
    shown = page(found)
    assert shown.xpath(".//@data-spoken") == ["Drive", "A B"]
    assert shown.xpath("string(.//p)") == "Dr. AB slow"
    assert shown.xpath(".//sub") == []


def test_a_stimulus_stands_where_the_item_has_a_place_for_it() -> None:
    read = reading.read_stimulus(
        f'<qti-assessment-stimulus xmlns="{NAMESPACE}" identifier="s" title="t">'
        "<qti-stimulus-body><p>shared</p></qti-stimulus-body></qti-assessment-stimulus>".encode()
    )
    refs = '<qti-assessment-stimulus-ref identifier="one" href="s.xml"/>'
    place = '<div class="qti-shared-stimulus" data-stimulus-idref="one">here</div>'
    for body, inside, beside in ((place, "shared", ""), ("<p>none</p>", "", "shared")):
        found = item(body, refs)
        rendered = rendering.render_item(found, begun(found), {}, asset_url=str, stimuli=[read])
        assert ("shared" in rendered.body, "shared" in rendered.stimulus) == (
            bool(inside),
            bool(beside),
        )
        assert "here" not in rendered.body


def test_stylesheets_of_an_item_are_linked_only_where_they_are_served_scoped() -> None:
    tail = '<qti-stylesheet href="style/a.css" type="text/css"/>'
    found = item("<p>t</p>", tail)
    assert "stylesheet" not in source(found)
    linked = page(found, style_url=lambda href: f"/scoped/{href}").xpath(".//link/@href")
    assert linked == ["/scoped/style/a.css"]


def test_images_of_pictures_keep_their_alternative_text() -> None:
    found = item(interaction("select-point", IMAGE, 'max-choices="1"'), declaration("point"))
    (svg,) = page(found).iter("svg")
    assert svg.get("aria-label") == "A map"
    assert re.search(r'href="/files/map.png"', source(found))


def test_the_words_of_a_formula_are_its_name() -> None:
    found = item(
        '<p><math xmlns="http://www.w3.org/1998/Math/MathML" alttext="x squared">'
        "<msup><mi>x</mi><mn>2</mn></msup></math></p>"
    )
    (formula,) = page(found).iter("math")
    assert formula.get("aria-label") == "x squared"


def test_an_item_written_from_the_right_says_so_where_the_page_does_not() -> None:
    def opening(language: str) -> str:
        return str(source(replace(CASES["choice_single"].item, language=language)))[:60]

    assert opening("ar").startswith('<div class="qti-item-body" lang="ar" dir="rtl">')
    assert opening("de-CH").startswith('<div class="qti-item-body" lang="de-CH">')
    with translation.override("he"):
        assert opening("ar").startswith('<div class="qti-item-body" lang="ar">')
        assert opening("en").startswith('<div class="qti-item-body" lang="en" dir="ltr">')
