from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assembly.qti import item_session, reading, values, writing, writing_tests
from assembly.qti.assessment import (
    AdaptiveSettings,
    AssessmentTest,
    ItemRef,
    ItemSessionControl,
    NavigationMode,
    RubricBlock,
    Section,
    Selection,
    SubmissionMode,
    TestPart,
    TimeLimits,
)
from assembly.qti.body import Element, Text
from assembly.qti.drafts import (
    Answer,
    Choice,
    ChoiceDraft,
    Draft,
    DraftError,
    ExtendedTextDraft,
    Picture,
    TextEntryDraft,
)
from assembly.qti.reading_draft import read_draft
from assembly.qti.values import Raw
from assembly.selection import Stream

CHOICE = ChoiceDraft(
    identifier="capital",
    title="A capital",
    text="Think of *rivers*.\n\nWater is H~2~O.",
    picture=Picture("images/map.png", "A map of France"),
    question="Which city is the capital of **France**?",
    choices=(
        Choice("A", "Paris", correct=True),
        Choice("B", "Lyon"),
        Choice("C", "None of these", fixed=True),
    ),
)
SEVERAL = replace(
    CHOICE,
    multiple=True,
    score=2.0,
    choices=(
        Choice("A", "2", correct=True),
        Choice("B", "3", correct=True),
        Choice("C", "4"),
    ),
)
ENTRY = TextEntryDraft(
    identifier="river",
    title="A river",
    question="The river through Paris is the [_], is it not?",
    answers=(Answer("Seine"), Answer("la Seine", 0.5)),
    score=2.0,
)
NUMBER = replace(ENTRY, answers=(Answer("3.14"),), tolerance=0.01, question="What is pi?")
ESSAY = ExtendedTextDraft(identifier="essay", title="An essay", question="Why?", score=5.0)


def score(draft: Draft, answer: Raw) -> float:
    item = reading.read_item(writing.item(draft))
    begun = item_session.begin(item, Stream(b"key"))
    done = item_session.attempt(item, begun, {"RESPONSE": answer}, duration_seconds=1.0)
    return float(str(values.raw(done.outcomes["SCORE"])))


@pytest.mark.parametrize(
    ("draft", "answer", "expected"),
    [
        (CHOICE, "A", 1),
        (CHOICE, "B", 0),
        (CHOICE, None, 0),
        (replace(CHOICE, score=3), "A", 3),
        (SEVERAL, ["A", "B"], 2),
        (SEVERAL, ["A"], 0),
        (replace(SEVERAL, partial=True), ["A"], 1),
        (replace(SEVERAL, partial=True), ["A", "B"], 2),
        (replace(SEVERAL, partial=True), ["A", "C"], 0),
        (replace(SEVERAL, partial=True), ["C"], 0),
        (ENTRY, "seine", 2),
        (ENTRY, "La Seine", 1),
        (ENTRY, "Loire", 0),
        (replace(ENTRY, case_sensitive=True), "seine", 0),
        (NUMBER, "3.145", 2),
        (NUMBER, "3.2", 0),
        (NUMBER, None, 0),
        (ESSAY, "Because.", 0),
    ],
)
def test_a_written_item_scores_as_its_draft_says(
    draft: Draft, answer: Raw, expected: float
) -> None:
    assert score(draft, answer) == expected


@pytest.mark.parametrize("draft", [CHOICE, SEVERAL, ENTRY, NUMBER, ESSAY])
def test_a_written_item_reads_as_an_item_of_its_score(draft: Draft) -> None:
    item = reading.read_item(writing.item(draft))
    assert (item.identifier, item.title, item.max_score) == (
        draft.identifier,
        draft.title,
        draft.score,
    )


@pytest.mark.parametrize(
    "draft",
    [
        CHOICE,
        SEVERAL,
        replace(SEVERAL, partial=True),
        replace(CHOICE, shuffle=False, picture=None),
        ENTRY,
        replace(ENTRY, case_sensitive=True, text="First."),
        NUMBER,
        ESSAY,
        replace(ESSAY, picture=Picture("a.png", "")),
    ],
)
def test_a_written_item_is_opened_again_as_its_draft(draft: Draft) -> None:
    found = read_draft(writing.item(draft))
    assert found is not None
    assert writing.item(found) == writing.item(draft)
    assert (type(found), found.identifier, found.score, found.picture) == (
        type(draft),
        draft.identifier,
        draft.score,
        draft.picture,
    )


def test_a_choice_draft_survives_whole() -> None:
    assert read_draft(writing.item(CHOICE)) == CHOICE


def test_an_item_that_was_changed_by_hand_is_not_taken_for_a_draft() -> None:
    changed = writing.item(CHOICE).replace(b"<qti-item-body>", b'<qti-item-body class="big">')
    assert read_draft(changed) is None
    assert read_draft(b"no xml") is None
    assert read_draft(b"<other/>") is None


texts = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp")), min_size=1)


@given(texts, texts, texts, st.booleans())
def test_any_text_can_be_written_and_opened_again(
    title: str, question: str, choice: str, multiple: bool
) -> None:
    draft = replace(
        CHOICE,
        title=title,
        question=question,
        multiple=multiple,
        choices=(Choice("A", choice, correct=True), Choice("B", "other")),
    )
    written = writing.item(draft)
    found = read_draft(written)
    assert found is not None
    assert writing.item(found) == written
    assert reading.read_item(written).interactions[0].response_identifier == "RESPONSE"


@pytest.mark.parametrize(
    "draft",
    [
        replace(CHOICE, choices=CHOICE.choices[:1]),
        replace(CHOICE, choices=CHOICE.choices[1:]),
        replace(SEVERAL, multiple=False),
        replace(ENTRY, answers=(Answer("Seine", 0.5),)),
    ],
)
def test_a_draft_without_a_key_cannot_be_written(draft: Draft) -> None:
    with pytest.raises(DraftError):
        writing.item(draft)


# Tests


def test_a_test_survives_writing_and_reading() -> None:
    control = ItemSessionControl(max_attempts=2, allow_skipping=False, validate_responses=True)
    instructions = RubricBlock(
        ("candidate",), "instructions", (Element("p", {}, (Text("Read with care."),)),)
    )
    source = AssessmentTest(
        identifier="T1",
        title="A test & more",
        language="en",
        time_limits=TimeLimits(max_seconds=3600.0),
        parts=(
            TestPart(
                identifier="P1",
                navigation_mode=NavigationMode.LINEAR,
                submission_mode=SubmissionMode.SIMULTANEOUS,
                item_session_control=control,
                time_limits=TimeLimits(60.0, 600.0, allow_late_submission=True),
                children=(
                    Section(
                        identifier="S1",
                        title="One",
                        selection=Selection(2, with_replacement=True),
                        ordering_shuffle=True,
                        rubric_blocks=(instructions,),
                        children=(
                            ItemRef(
                                identifier="Q1",
                                href="items/q1.xml",
                                required=True,
                                fixed=True,
                                categories=("easy", "maps"),
                                weights={"WEIGHT": 2.5},
                                time_limits=TimeLimits(max_seconds=30.0),
                            ),
                            Section(
                                identifier="S2",
                                title="Inner",
                                visible=False,
                                keep_together=False,
                                selection=Selection(1, first=True),
                                children=(ItemRef(identifier="Q2", href="items/q2.xml"),),
                            ),
                        ),
                    ),
                    Section(
                        identifier="S3",
                        title="Adaptive",
                        adaptive=AdaptiveSettings("urn:invigil:adaptive:eap-1", "urn:x?a=1&b=2"),
                        children=(ItemRef(identifier="Q3", href="items/q3.xml"),),
                    ),
                ),
            ),
        ),
    )
    found = reading.read_test(writing_tests.test(source))
    assert found.parts == source.parts
    assert (found.identifier, found.title, found.language, found.time_limits) == (
        source.identifier,
        source.title,
        source.language,
        source.time_limits,
    )
    assert list(found.outcomes) == ["SCORE"]
    assert found.outcome_processing
