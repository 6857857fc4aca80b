import json
import random
import re
from collections.abc import Mapping
from typing import Any

import pytest
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html

from assembly import rendering
from assembly.qti import item_session, reading
from assembly.qti.body import Problem
from assembly.qti.item import AssessmentItem, Stimulus
from assembly.qti.item_session import ItemSession
from assembly.qti.reading_body import read_body
from assembly.qti.values import Raw
from tests.assembly.rendering_items import (
    CASES,
    IMAGE,
    NAMESPACE,
    choices,
    declaration,
    interaction,
    item,
)


class Shuffler:
    """A stream that is only as random as its seed."""

    def __init__(self, seed: int = 1) -> None:
        self.source = random.Random(seed)

    def below(self, n: int, label: str) -> int:
        return self.source.randrange(n)

    def permutation(self, n: int, label: str) -> list[int]:
        return self.source.sample(range(n), n)


def begun(found: AssessmentItem, seed: int = 1) -> ItemSession:
    return item_session.begin(found, Shuffler(seed))


def page(
    found: AssessmentItem, responses: Mapping[str, Raw] | None = None, **options: Any
) -> html.HtmlElement:
    return html.fragment_fromstring(source(found, responses, **options), create_parent="form")


def source(
    found: AssessmentItem, responses: Mapping[str, Raw] | None = None, **options: Any
) -> str:
    session = options.pop("session", None) or begun(found)
    rendered = rendering.render_item(
        found, session, responses or {}, asset_url=lambda href: f"/files/{href}", **options
    )
    return str(rendered.body)


def posted(form: html.HtmlElement) -> MultiValueDict[str, str]:
    """What a browser without JavaScript would send, but for buttons."""
    sent: MultiValueDict[str, str] = MultiValueDict()
    for control in form.xpath(".//input|.//select|.//textarea"):
        name, kind = control.get("name"), control.get("type")
        if not name or kind == "file" or "disabled" in control.attrib:
            continue
        if control.tag == "select":
            chosen = [o for o in control.iter("option") if "selected" in o.attrib]
            sent.appendlist(name, (chosen or list(control.iter("option")))[0].get("value"))
        elif control.tag == "textarea":
            sent.appendlist(name, (control.text or "").removeprefix("\n").replace("\n", "\r\n"))
        elif kind not in ("checkbox", "radio") or "checked" in control.attrib:
            sent.appendlist(name, control.get("value", ""))
    return sent


def tick(form: html.HtmlElement, control: html.HtmlElement) -> None:
    if control.get("type") == "radio":
        for other in form.xpath(".//input[@name=$name]", name=control.get("name")):
            other.attrib.pop("checked", None)
    control.set("checked", "checked")


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
def test_what_is_shown_is_what_is_posted_back(name: str, data: st.DataObject) -> None:
    case = CASES[name]
    answer = data.draw(case.answers)
    form = page(case.item, {"R": answer})
    assert rendering.posted_responses(case.item, posted(form)) == {"R": answer}


@pytest.mark.parametrize("name", CASES)
@given(data=st.data())
def test_any_use_of_the_controls_gives_a_value_of_the_declared_type(
    name: str, data: st.DataObject
) -> None:
    case = CASES[name]
    form = page(case.item)
    for control in form.xpath(".//input[@type='checkbox' or @type='radio']"):
        if data.draw(st.booleans()):
            tick(form, control)
    for select in form.iter("select"):
        data.draw(st.sampled_from(list(select.iter("option")))).set("selected", "selected")
    raw = rendering.posted_responses(case.item, posted(form))
    assert set(item_session.bind(case.item, raw)) == {"R"}


@given(
    st.sampled_from(sorted(CASES)),
    st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), max_size=6),
)
def test_an_arbitrary_form_is_decoded_without_an_error(
    name: str, fields: list[tuple[str, str]]
) -> None:
    sent = QueryDict(mutable=True)
    for key, value in fields:
        sent.appendlist(f"r.R{key}", value)
    assert list(rendering.posted_responses(CASES[name].item, sent)) == ["R"]


@pytest.mark.parametrize("name", CASES)
def test_every_control_has_a_name_for_a_screen_reader(name: str) -> None:
    form = page(CASES[name].item)
    for control in form.xpath(".//input[not(@type='hidden')]|.//select|.//textarea"):
        labelled = control.get("aria-label") or control.xpath("ancestor::label//text()")
        by = control.get("aria-labelledby", "").split()
        spoken = [text for each in by for text in form.get_element_by_id(each).itertext()]
        assert labelled or "".join(spoken).strip()


@pytest.mark.parametrize("name", CASES)
def test_controls_stand_in_a_named_interaction_and_ids_are_unique(name: str) -> None:
    form = page(CASES[name].item)
    for control in form.xpath(".//*[starts-with(@name, 'r.')]"):
        assert control.xpath("ancestor::*[@data-interaction][@data-response='R']")
    ids = form.xpath(".//@id")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", CASES)
def test_a_disabled_item_has_no_control_that_answers(name: str) -> None:
    form = page(CASES[name].item, disabled=True)
    for control in form.xpath(".//*[starts-with(@name, 'r.')]"):
        assert control.xpath("ancestor-or-self::*[@disabled]")


@pytest.mark.parametrize("name", CASES)
def test_pages_carry_no_inline_script_or_style(name: str) -> None:
    form = page(CASES[name].item)
    assert form.xpath(".//@style|.//script|.//style|.//@*[starts-with(name(), 'on')]") == []


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


def test_choices_stand_in_the_sessions_order() -> None:
    found = CASES["choice_multiple"].item
    orders = {tuple(page(found, session=begun(found, seed)).xpath(".//input/@value"))
              for seed in range(20)}  # fmt: skip
    assert len(orders) > 1
    assert {tuple(sorted(order)) for order in orders} == {("a", "b", "c")}


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ('max-choices="0"', "Choose all that apply."),
        ('max-choices="2"', "Choose up to 2."),
        ('max-choices="2" min-choices="2"', "Choose exactly 2."),
        ('max-choices="3" min-choices="2"', "Choose from 2 to 3."),
        ('max-choices="0" min-choices="2"', "Choose at least 2."),
    ],
)
def test_the_page_says_how_many_to_choose(extra: str, expected: str) -> None:
    found = item(
        interaction("choice", choices("qti-simple-choice", "abc"), extra),
        declaration("identifier", "multiple"),
    )
    guide = page(found).xpath(".//p[contains(@class, 'qti-guide')]")[0]
    assert guide.text == expected
    assert page(found).xpath(".//fieldset/@aria-describedby") == [guide.get("id")]


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ("", []),
        ("qti-labels-decimal", ["1.", "2.", "3."]),
        ("qti-labels-upper-alpha qti-labels-suffix-parenthesis", ["A)", "B)", "C)"]),
        ("qti-labels-lower-alpha qti-labels-suffix-none", ["a", "b", "c"]),
    ],
)
def test_choices_are_labelled_as_the_shared_vocabulary_asks(
    classes: str, expected: list[str]
) -> None:
    found = item(
        interaction("choice", choices("qti-simple-choice", "abc"), f'class="{classes}"'),
        declaration("identifier"),
    )
    assert page(found).xpath(".//span[@class='qti-marker']/text()") == expected


def test_only_pairs_that_match_groups_allow_are_offered() -> None:
    tag = "qti-simple-associable-choice"
    found = item(
        interaction(
            "match",
            "<qti-simple-match-set>"
            + choices(tag, "a", 'match-max="2" match-group="x"')
            + choices(tag, "b", 'match-max="2"')
            + "</qti-simple-match-set><qti-simple-match-set>"
            + choices(tag, "xy", 'match-max="2"')
            + "</qti-simple-match-set>",
            'max-associations="0"',
        ),
        declaration("directedPair", "multiple"),
    )
    assert page(found).xpath(".//input/@value") == ["a x", "b x", "b y"]


def test_the_items_own_words_are_said_at_the_limit() -> None:
    found = item(
        interaction(
            "choice",
            choices("qti-simple-choice", "abc"),
            'max-choices="2" data-max-selections-message="Two, not more"',
        ),
        declaration("identifier", "multiple"),
    )
    assert page(found).xpath(".//*[@class='qti-limit']/@data-limit") == ["Two, not more"]


def test_markup_of_a_portable_interaction_enters_the_page_as_data_for_its_frame_only() -> None:
    found = CASES["portable_custom"].item
    frames = rendering.Frames("/portable/", lambda href: f"/sealed/{href}", "/sealed/")
    (frame,) = page(found, frames=frames).iter("iframe")
    assert (frame.get("sandbox"), frame.get("data-src")) == ("allow-scripts", "/portable/")
    assert json.loads(frame.get("data-setup", ""))["markup"] == "<p>inside</p>"
    assert page(found, frames=frames).xpath(".//p[.='inside']") == []
    assert list(page(found).iter("iframe")) == []


def test_problems_stand_at_their_interaction() -> None:
    problem = Problem("too_few", "Give at least 2 choices.", "R")
    form = page(CASES["choice_multiple"].item, problems=[problem])
    assert form.xpath(".//p[@class='problem']/text()") == ["Give at least 2 choices."]
    assert "r-R-problems" in form.xpath(".//fieldset/@aria-describedby")[0]


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
)


def test_template_variables_decide_blocks_choices_and_numbers() -> None:
    found = item(
        '<qti-template-block template-identifier="KIND" identifier="cat" show-hide="show">'
        "<p>Miaow</p></qti-template-block>"
        '<qti-template-block template-identifier="KIND" identifier="dog" show-hide="show">'
        "<p>Woof</p></qti-template-block>"
        '<p><qti-printed-variable identifier="N" format="%03d"/></p>'
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><mi>N</mi></math>'
        + interaction(
            "choice",
            '<qti-simple-choice identifier="a" template-identifier="KIND" show-hide="show"/>'
            '<qti-simple-choice identifier="cat" template-identifier="KIND" show-hide="show"/>',
        ),
        declaration("identifier") + TEMPLATED,
    )
    form = page(found)
    assert [p.text_content() for p in form.iter("p")][:2] == ["Miaow", "007"]
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


def test_scripts_are_named_once_and_all_of_them_are_listed() -> None:
    for case in CASES.values():
        rendered = rendering.render_item(case.item, begun(case.item), {}, asset_url=str)
        assert set(rendered.scripts) <= set(rendering.SCRIPTS)
        assert len(set(rendered.scripts)) == len(rendered.scripts)


def test_an_image_without_a_size_asks_for_its_own() -> None:
    found = item(
        interaction(
            "hotspot",
            '<img src="m.png" alt="M"/>'
            '<qti-hotspot-choice identifier="a" shape="rect" coords="10,10,90,40"/>',
        ),
        declaration("identifier"),
    )
    (svg,) = page(found).iter("svg")
    assert svg.get("data-natural-size") is not None
    assert svg.get("viewbox", svg.get("viewBox")) == "0 0 98 48"


def test_a_picture_without_alternative_text_still_has_a_name() -> None:
    found = item(
        interaction("select-point", '<object type="image/png" data="m.png"/>'), declaration("point")
    )
    (svg,) = page(found).iter("svg")
    assert svg.get("aria-label") == "Picture"


def test_an_uploaded_file_becomes_one_text() -> None:
    class Upload:
        name: str | None = "a;b.txt"
        content_type: str | None = "text/plain"

        def read(self) -> bytes:
            return b"hello"

    found = CASES["upload"].item
    raw = rendering.posted_responses(found, QueryDict(), {"r.R": Upload()})
    assert raw == {"R": "data:text/plain;name=a_b.txt;base64,aGVsbG8="}


def test_an_end_attempt_button_answers_only_when_it_is_pressed() -> None:
    button = interaction("end-attempt", "", 'title="Show hint"')
    found = item(f"<p>{button}</p>", declaration("boolean"))
    (shown,) = page(found).iter("button")
    assert (shown.text, shown.get("type")) == ("Show hint", "submit")
    assert rendering.posted_responses(found, QueryDict("r.R=true")) == {"R": "true"}
    assert rendering.posted_responses(found, QueryDict()) == {"R": None}


def test_typed_numbers_lose_their_spaces_and_typographic_minus() -> None:
    found = CASES["text_entry_integer"].item
    sent = QueryDict(mutable=True)
    sent["r.R"] = " \N{MINUS SIGN}5 "
    assert rendering.posted_responses(found, sent) == {"R": "-5"}


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
