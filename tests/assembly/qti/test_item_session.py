"""Item sessions: begun with a variant, answered, attempted, kept and taken up again."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.qti import item_session, values
from assembly.qti.errors import ProcessingError, ResponseError
from assembly.qti.item import AssessmentItem
from assembly.qti.item_session import ItemSession
from assembly.qti.values import Raw, RawResponses
from assembly.selection import Stream
from tests.assembly.qti.engine import STREAM, base, fixture, item, value

CHOICE = (
    '<qti-item-body><qti-choice-interaction response-identifier="RESPONSE" shuffle="true"'
    ' max-choices="0" min-choices="1">'
    + "".join(
        f'<qti-simple-choice identifier="{name}" fixed="{fixed}">{name}</qti-simple-choice>'
        for name, fixed in (("A", "false"), ("B", "true"), ("C", "false"), ("D", "false"))
    )
    + "</qti-choice-interaction></qti-item-body>"
)
MAPPED = item(
    '<qti-response-declaration identifier="RESPONSE" cardinality="multiple" base-type="identifier">'
    '<qti-mapping upper-bound="2"><qti-map-entry map-key="A" mapped-value="1"/>'
    '<qti-map-entry map-key="C" mapped-value="1.5"/></qti-mapping></qti-response-declaration>'
    '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>'
    + CHOICE
    + '<qti-response-processing template="http://x/rptemplates/map_response"/>'
)
DEFAULTED = item(
    '<qti-response-declaration identifier="RESPONSE" cardinality="multiple" base-type="identifier">'
    "<qti-default-value><qti-value>A</qti-value></qti-default-value></qti-response-declaration>"
    + CHOICE
)


def attempted(
    of: AssessmentItem, raw: RawResponses, session: ItemSession | None = None, seconds: float = 0.0
) -> ItemSession:
    begun = session or item_session.begin(of, STREAM)
    return item_session.attempt(of, begun, raw, duration_seconds=seconds)


def score(session: ItemSession) -> Raw:
    return values.raw(session.outcomes["SCORE"])


@pytest.mark.parametrize(
    ("response", "expected"),
    [(["A"], "1.0"), (["A", "C"], "2.0"), (["B"], "0.0"), (None, "0.0"), ([], "0.0")],
)
def test_an_attempt_scores_the_responses(response: Raw, expected: str) -> None:
    session = attempted(MAPPED, {"RESPONSE": response}, seconds=8.0)
    assert score(session) == expected
    assert (session.num_attempts, session.duration_seconds) == (1, 8.0)
    assert session.completion_status == "completed"


def test_outcomes_of_an_item_that_is_not_adaptive_begin_anew_at_each_attempt() -> None:
    counting = item(
        '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>'
        '<qti-response-processing><qti-set-outcome-value identifier="SCORE"><qti-sum> $SCORE '
        '<qti-base-value base-type="float">1</qti-base-value></qti-sum></qti-set-outcome-value>'
        "</qti-response-processing>"
    )
    session = attempted(counting, {}, attempted(counting, {}))
    assert score(session) == "1.0"
    assert session.num_attempts == 2


def test_an_adaptive_item_goes_on_from_its_outcomes_until_it_is_completed() -> None:
    river = fixture("river_adaptive.xml")
    begun = item_session.begin(river, STREAM)
    assert (begun.completion_status, begun.num_attempts) == ("not_attempted", 0)

    hinted = attempted(river, {"HINT": "true"}, begun)
    assert values.raw(hinted.outcomes["FEEDBACK"]) == "HINT"
    assert values.raw(hinted.outcomes["TRIES"]) == "0"
    assert hinted.completion_status == "unknown"

    wrong = attempted(river, {"RESPONSE": "DELTA"}, hinted)
    assert values.raw(wrong.responses["HINT"]) == "false"
    assert values.raw(wrong.outcomes["FEEDBACK"]) == "AGAIN"
    assert values.raw(wrong.outcomes["TRIES"]) == "1"

    right = attempted(river, {"RESPONSE": "MEANDER"}, wrong)
    assert score(right) == "3.0"
    assert right.outcomes["FEEDBACK"] is None
    assert (right.completion_status, right.num_attempts) == ("completed", 3)


def test_numattempts_can_end_an_adaptive_item() -> None:
    river = fixture("river_adaptive.xml")
    session: ItemSession | None = None
    for _ in range(3):
        session = attempted(river, {"RESPONSE": "GORGE"}, session)
    assert session is not None
    assert session.completion_status == "completed"
    assert score(session) == "0.0"


@given(st.binary(min_size=1, max_size=16))
def test_a_variant_keeps_its_constraint_and_its_correct_response(key: bytes) -> None:
    template = fixture("sum_template.xml")
    session = item_session.begin(template, Stream(key))
    x, y = (int(str(values.raw(session.templates[name]))) for name in ("X", "Y"))
    assert x > y
    assert values.raw(session.templates["BIG"]) == ("true" if x > 7 else "false")
    right = item_session.correct_responses(template, session)
    assert values.raw(right["RESPONSE"]) == str(x + y)
    assert score(attempted(template, {"RESPONSE": str(x + y)}, session)) == "1.0"
    assert score(attempted(template, {"RESPONSE": str(x + y + 1)}, session)) == "0.0"
    assert item_session.begin(template, Stream(key)) == session


def test_a_constraint_that_never_holds_leaves_the_defaults() -> None:
    hopeless = item(
        '<qti-template-declaration identifier="X" cardinality="single" base-type="integer">'
        "<qti-default-value><qti-value>4</qti-value></qti-default-value></qti-template-declaration>"
        '<qti-template-declaration identifier="Y" cardinality="single" base-type="integer"/>'
        '<qti-template-processing><qti-set-template-value identifier="X">'
        '<qti-random-integer max="9"/></qti-set-template-value>'
        "<qti-template-constraint><qti-gt> $X "
        + base("9", "integer")
        + "</qti-gt></qti-template-constraint>"
        '<qti-set-template-value identifier="Y"><qti-sum> $X $X </qti-sum></qti-set-template-value>'
        "</qti-template-processing>"
    )
    session = item_session.begin(hopeless, STREAM)
    assert (values.raw(session.templates["X"]), values.raw(session.templates["Y"])) == ("4", "8")
    assert session.notes == ("No variant met the constraints in 100 tries; defaults are used.",)


def test_the_test_can_give_template_defaults() -> None:
    given_by_test = item(
        '<qti-template-declaration identifier="X" cardinality="single" base-type="float"/>'
    )
    session = item_session.begin(given_by_test, STREAM, {"X": values.integer(8)})
    assert session.templates == {"X": values.real(8.0)}
    session = item_session.begin(given_by_test, STREAM, {"X": value("A", "identifier")})
    assert session.templates == {"X": None}


def test_exit_template_ends_template_processing_and_set_default_value_sets_responses() -> None:
    exits = item(
        '<qti-response-declaration identifier="R" cardinality="single" base-type="identifier"/>'
        '<qti-outcome-declaration identifier="O" cardinality="single" base-type="integer"/>'
        '<qti-template-declaration identifier="X" cardinality="single" base-type="integer"/>'
        '<qti-template-processing><qti-set-default-value identifier="R">'
        '<qti-base-value base-type="identifier">B</qti-base-value></qti-set-default-value>'
        '<qti-set-default-value identifier="O">'
        + base("5", "integer")
        + "</qti-set-default-value><qti-exit-template/>"
        '<qti-set-template-value identifier="X">'
        + base("1", "integer")
        + "</qti-set-template-value></qti-template-processing>"
        '<qti-response-processing><qti-set-outcome-value identifier="O">'
        '<qti-sum> $O <qti-base-value base-type="integer">1</qti-base-value></qti-sum>'
        "</qti-set-outcome-value></qti-response-processing>"
    )
    session = item_session.begin(exits, STREAM)
    assert session.templates == {"X": None}
    assert session.responses == {"R": value("B", "identifier")}
    assert session.outcomes == {"O": values.integer(5)}
    assert attempted(exits, {}, attempted(exits, {}, session)).outcomes == {"O": values.integer(6)}


@given(st.binary(min_size=1, max_size=16))
def test_choices_are_ordered_by_the_stream_and_fixed_ones_keep_their_place(key: bytes) -> None:
    session = item_session.begin(MAPPED, Stream(key))
    (order,) = session.choice_orders.values()
    assert sorted(order) == ["A", "B", "C", "D"]
    assert order[1] == "B"


def test_different_sessions_see_different_orders() -> None:
    orders = {
        next(iter(item_session.begin(MAPPED, Stream(bytes([key]))).choice_orders.values()))
        for key in range(40)
    }
    assert len(orders) == 6


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"OTHER": "A"}, "unknown_response"),
        ({"numAttempts": "9"}, "unknown_response"),
        ({"SCORE": "9"}, "unknown_response"),
        ({"RESPONSE": 5}, "wrong_type"),
        ({"RESPONSE": {"a": 1}}, "wrong_type"),
        ({"RESPONSE": [1, 2]}, "wrong_type"),
        ({"RESPONSE": ["x" * 100_001]}, "too_large"),
    ],
)
def test_what_no_interaction_could_send_is_refused(raw: RawResponses, reason: str) -> None:
    with pytest.raises(ResponseError) as refusal:
        item_session.bind(MAPPED, raw)
    assert refusal.value.reason == reason
    assert str(refusal.value).endswith(".")


def test_a_response_that_the_item_forgot_to_declare_is_let_go() -> None:
    careless = item(CHOICE)
    assert careless.undeclared == {"RESPONSE"}
    assert [loss.reason for loss in careless.losses] == ["undeclared_response"]
    assert item_session.bind(careless, {"RESPONSE": ["A"]}) == {}


def test_problems_name_the_constraint_and_the_response() -> None:
    session = item_session.begin(MAPPED, STREAM)
    (problem,) = item_session.problems(MAPPED, session, {"RESPONSE": None})
    assert (problem.code, problem.response_identifier) == ("too_few", "RESPONSE")
    assert item_session.problems(MAPPED, session, {"RESPONSE": ["A"]}) == ()


@pytest.mark.parametrize(
    ("response", "codes"),
    [(["A"], []), ([], []), (["A", "Z"], ["unknown_identifier"]), (["A", "A"], [])],
)
def test_a_choice_that_is_not_offered_cannot_come_from_a_form(
    response: Raw, codes: list[str]
) -> None:
    found = item_session.impossible(MAPPED, {"RESPONSE": response})
    assert [problem.code for problem in found] == codes


def test_interactions_that_share_a_response_share_its_order_and_its_choices() -> None:
    choice = '<qti-simple-choice identifier="{0}" fixed="{1}">{0}</qti-simple-choice>'
    group = (
        '<qti-choice-interaction response-identifier="R" shuffle="true">{}</qti-choice-interaction>'
    )
    three = "".join(choice.format(name, "false") for name in "ABC")
    swapped = item(
        '<qti-response-declaration identifier="R" cardinality="single" base-type="identifier"/>'
        f"<qti-item-body>{group.format(three)}"
        f"{group.format(three + choice.format('D', 'true'))}</qti-item-body>"
    )
    session = item_session.begin(swapped, STREAM)
    assert sorted(session.choice_orders["R"]) == ["A", "B", "C", "D"]
    assert session.choice_orders["R"][3] == "D"
    assert item_session.problems(swapped, session, {"R": "D"}) == ()
    assert item_session.impossible(swapped, {"R": "D"}) == ()
    assert len(item_session.impossible(swapped, {"R": "E"})) == 1


def test_an_interaction_bound_to_a_response_of_another_type_has_a_problem() -> None:
    strange = item(
        '<qti-response-declaration identifier="R" cardinality="single" base-type="identifier"/>'
        '<qti-item-body><qti-slider-interaction response-identifier="R" lower-bound="0"'
        ' upper-bound="9"/></qti-item-body>'
    )
    session = item_session.begin(strange, STREAM)
    (problem,) = item_session.problems(strange, session, {"R": "A"})
    assert (problem.code, problem.response_identifier) == ("wrong_type", "R")


@pytest.mark.parametrize(
    ("of", "raw", "answered"),
    [
        (MAPPED, {"RESPONSE": ["A"]}, True),
        (MAPPED, {"RESPONSE": []}, False),
        (MAPPED, {}, False),
        (DEFAULTED, {"RESPONSE": ["A"]}, False),
        (DEFAULTED, {"RESPONSE": ["A", "B"]}, True),
    ],
)
def test_answered_means_different_from_the_default(
    of: AssessmentItem, raw: RawResponses, answered: bool
) -> None:
    assert item_session.is_answered(of, raw) is answered


def test_responses_are_committed_however_they_are_written() -> None:
    numeric = item(
        '<qti-response-declaration identifier="R" cardinality="single" base-type="float"/>'
    )
    begun = item_session.begin(numeric, STREAM)
    assert not item_session.is_committed(numeric, begun, {"R": None})
    done = attempted(numeric, {"R": "4.10"}, begun)
    assert item_session.is_committed(numeric, done, {"R": "4.1"})
    assert item_session.is_committed(numeric, done, {})
    assert not item_session.is_committed(numeric, done, {"R": "4.11"})
    assert not item_session.is_committed(numeric, done, {"R": None})


def test_a_button_does_not_make_an_attempt_uncommitted() -> None:
    river = fixture("river_adaptive.xml")
    hinted = attempted(river, {"HINT": "true", "RESPONSE": "DELTA"})
    assert item_session.is_committed(river, hinted, {"HINT": None, "RESPONSE": "DELTA"})


def test_a_session_survives_the_way_through_json() -> None:
    for of, raw in (
        (MAPPED, {"RESPONSE": ["C", "A"]}),
        (fixture("sum_template.xml"), {"RESPONSE": "11"}),
        (fixture("river_adaptive.xml"), {"RESPONSE": "DELTA"}),
    ):
        for session in (item_session.begin(of, STREAM), attempted(of, raw, seconds=2.5)):
            data = json.loads(json.dumps(item_session.to_json(session)))
            assert item_session.from_json(of, data) == session


def test_a_session_of_another_item_is_refused() -> None:
    data = item_session.to_json(item_session.begin(fixture("sum_template.xml"), STREAM))
    with pytest.raises(ProcessingError):
        item_session.from_json(MAPPED, data)


def test_a_rule_that_cannot_be_evaluated_is_noted_and_the_others_count() -> None:
    slipped = item(
        '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>'
        '<qti-outcome-declaration identifier="X" cardinality="single" base-type="identifier"/>'
        '<qti-response-processing><qti-set-outcome-value identifier="X">'
        '<qti-multiple><qti-base-value base-type="identifier">a</qti-base-value></qti-multiple>'
        "</qti-set-outcome-value><qti-response-condition><qti-response-if>"
        + base("1", "integer")
        + '<qti-set-outcome-value identifier="X"><qti-null/></qti-set-outcome-value>'
        "</qti-response-if></qti-response-condition>"
        '<qti-set-outcome-value identifier="SCORE">'
        + base("2", "integer")
        + "</qti-set-outcome-value></qti-response-processing>"
    )
    session = attempted(slipped, {})
    assert score(session) == "2.0"
    assert [note.split(".")[0] for note in session.notes] == [
        "X was left as it was",
        "A condition was taken as false",
    ]


def test_a_response_can_count_as_another_for_scoring_only() -> None:
    lenient = item(
        '<qti-response-declaration identifier="RESPONSE" cardinality="single"'
        ' base-type="identifier"><qti-default-value><qti-value>B</qti-value></qti-default-value>'
        "<qti-correct-response><qti-value>B</qti-value></qti-correct-response>"
        "</qti-response-declaration>"
        '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="identifier"/>'
        "<qti-response-processing><qti-response-condition><qti-response-if>"
        '<qti-is-null> $RESPONSE </qti-is-null><qti-set-default-value identifier="RESPONSE"/>'
        '</qti-response-if><qti-response-else><qti-set-response-value identifier="RESPONSE">'
        + base("C", "identifier")
        + "</qti-set-response-value></qti-response-else></qti-response-condition>"
        '<qti-set-outcome-value identifier="SCORE"> $RESPONSE </qti-set-outcome-value>'
        "</qti-response-processing>"
    )
    for response, counted in (("A", "C"), (None, "B")):
        session = attempted(lenient, {"RESPONSE": response})
        assert score(session) == counted
        assert values.raw(session.responses["RESPONSE"]) == response


CONTEXTUAL = item(
    '<qti-context-declaration identifier="LEVEL" cardinality="single" base-type="integer">'
    "<qti-default-value><qti-value>2</qti-value></qti-default-value></qti-context-declaration>"
    '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="integer"/>'
    '<qti-outcome-declaration identifier="WHO" cardinality="single" base-type="string"/>'
    '<qti-response-processing><qti-set-outcome-value identifier="SCORE"> $LEVEL '
    '</qti-set-outcome-value><qti-set-outcome-value identifier="WHO">'
    '<qti-field-value field-identifier="candidateIdentifier"> $QTI_CONTEXT </qti-field-value>'
    "</qti-set-outcome-value></qti-response-processing>"
)


def test_context_variables_have_the_values_of_the_delivery_or_their_defaults() -> None:
    assert score(attempted(CONTEXTUAL, {})) == "2"
    context = values.record([("candidateIdentifier", value("c-7", "string"))])
    given_here = {"LEVEL": values.integer(5), "QTI_CONTEXT": context, "OTHER": None}
    begun = item_session.begin(CONTEXTUAL, STREAM, contexts=given_here)
    session = attempted(CONTEXTUAL, {}, begun)
    assert score(session) == "5"
    assert values.raw(session.outcomes["WHO"]) == "c-7"
    data = json.loads(json.dumps(item_session.to_json(session)))
    assert item_session.from_json(CONTEXTUAL, data) == session


DRAWING = item(
    '<qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="integer"/>'
    '<qti-response-processing><qti-set-outcome-value identifier="SCORE">'
    '<qti-random-integer max="999999"/></qti-set-outcome-value></qti-response-processing>'
)


def test_what_response_processing_draws_is_fixed_by_the_session_and_the_attempt() -> None:
    begun = item_session.begin(DRAWING, STREAM)
    first = attempted(DRAWING, {}, begun)
    again = item_session.from_json(DRAWING, json.loads(json.dumps(item_session.to_json(begun))))
    assert attempted(DRAWING, {}, again) == first
    assert score(attempted(DRAWING, {}, first)) != score(first)
    other = item_session.begin(DRAWING, Stream(b"other"))
    assert score(attempted(DRAWING, {}, other)) != score(first)
