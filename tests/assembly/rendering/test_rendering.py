import pytest
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from assembly import rendering
from assembly.qti import item_session
from assembly.qti.body import Problem
from assembly.qti.errors import ResponseError
from assembly.qti.values import Raw
from tests.assembly.rendered import begun, page
from tests.assembly.rendering.items import (
    CASES,
    IMAGE,
    choices,
    declaration,
    interaction,
    item,
)


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
@given(data=st.data())
def test_no_control_of_the_page_is_foreign_to_its_item(name: str, data: st.DataObject) -> None:
    case = CASES[name]
    form = page(case.item, {"R": data.draw(case.answers)})
    assert rendering.strays(case.item, posted(form)) == {}


def test_fields_that_no_control_has_are_strays() -> None:
    sent = QueryDict(mutable=True)
    sent.setlist("r.R:y", ["b"])
    sent.setlist("r.R:z", ["a", ""])
    sent.setlist("r.S", ["c"])
    sent.setlist("r.T", [""])
    sent["go"] = "save"
    assert rendering.strays(CASES["gap_match"].item, sent) == {"R:z": ["a"], "S": ["c"]}


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


def test_problems_stand_at_their_interaction() -> None:
    problem = Problem("too_few", "Give at least 2 choices.", "R")
    form = page(CASES["choice_multiple"].item, problems=[problem])
    assert form.xpath(".//p[@class='problem']/text()") == ["Give at least 2 choices."]
    assert "r-R-problems" in form.xpath(".//fieldset/@aria-describedby")[0]


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


@pytest.mark.parametrize("coords", ["", "1", "10,10,20,20"])
def test_the_default_area_is_the_whole_picture(coords: str) -> None:
    area = f'<qti-hotspot-choice identifier="a" shape="default" coords="{coords}"/>'
    found = item(interaction("hotspot", IMAGE + area), declaration("identifier"))
    ((rect,),) = [svg.xpath(".//*[local-name()='rect']") for svg in page(found).iter("svg")]
    assert [rect.get(name) for name in ("x", "y", "width", "height")] == ["0", "0", "200", "100"]


def test_a_picture_without_alternative_text_still_has_a_name() -> None:
    found = item(
        interaction("select-point", '<object type="image/png" data="m.png"/>'), declaration("point")
    )
    (svg,) = page(found).iter("svg")
    assert svg.get("aria-label") == "Picture"


TYPED_TWICE = (
    '<qti-response-declaration identifier="TYPED" cardinality="single" base-type="string"/>'
)


@pytest.mark.parametrize(("typed", "number"), [("FF", "255"), ("-10", "-16"), ("", None)])
def test_a_whole_number_is_typed_in_its_base_and_kept_as_typed(typed: str, number: Raw) -> None:
    extra = 'base="16" string-identifier="TYPED" pattern-mask="-?[0-9a-f]{0,3}"'
    declared = declaration("integer") + TYPED_TWICE
    found = item(f"<p>{interaction('text-entry', '', extra)}</p>", declared)
    raw = rendering.posted_responses(found, QueryDict(f"r.R={typed}"))
    assert raw == {"R": number, "TYPED": typed or None}
    assert item_session.problems(found, begun(found), raw) == ()
    (field,) = page(found, raw).xpath("//input[@name='r.R']")
    assert field.get("value") == typed.lower()
    assert "inputmode" not in field.attrib


def test_a_digit_that_the_base_does_not_have_is_refused() -> None:
    found = item("<p>" + interaction("text-entry", "", 'base="2"') + "</p>", declaration("integer"))
    raw = rendering.posted_responses(found, QueryDict("r.R=12"))
    with pytest.raises(ResponseError, match="12 \\(base 2\\)” is not a whole number"):
        item_session.bind(found, raw)
    (field,) = page(found, raw).xpath("//input[@name='r.R']")
    assert field.get("value") == "12"


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
