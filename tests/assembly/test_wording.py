"""Answers in words: choices and pairs by their text, everything else as it was written."""

import pytest

from assembly import wording
from assembly.qti import interactions_base, reading
from assembly.qti.body import Problem
from tests.factories import QTI, choice_xml

MATCH = f"""<qti-assessment-item {QTI} identifier="M" title="M" adaptive="false"
  time-dependent="false">
  <qti-response-declaration identifier="R" cardinality="multiple" base-type="directedPair"/>
  <qti-response-declaration identifier="T" cardinality="single" base-type="string"/>
  <qti-item-body>
    <qti-match-interaction response-identifier="R" max-associations="2">
      <qti-simple-match-set>
        <qti-simple-associable-choice identifier="A" match-max="1">Rome
        </qti-simple-associable-choice>
      </qti-simple-match-set>
      <qti-simple-match-set>
        <qti-simple-associable-choice identifier="B" match-max="1">Italy
        </qti-simple-associable-choice>
      </qti-simple-match-set>
    </qti-match-interaction>
    <p><qti-text-entry-interaction response-identifier="T"/></p>
  </qti-item-body>
</qti-assessment-item>"""


def test_a_choice_is_named_by_its_text() -> None:
    item = reading.read_item(choice_xml("Q1").encode())
    assert wording.answer(item, {"RESPONSE": "B"}) == ["Choice B of Q1"]
    assert wording.answer(item, {"RESPONSE": ["A", "Z"]}) == ["Choice A of Q1", "Z"]


def test_a_pair_is_named_by_both_texts_and_a_text_stands_for_itself() -> None:
    item = reading.read_item(MATCH.encode())
    said = wording.answer(item, {"R": ["A B"], "T": "A B or not"})
    assert said == ["Rome → Italy", "A B or not"]


def test_nothing_said_is_no_words() -> None:
    item = reading.read_item(MATCH.encode())
    assert wording.answer(item, {"R": None, "T": ""}) == []


def test_a_long_answer_is_cut() -> None:
    item = reading.read_item(MATCH.encode())
    [said] = wording.answer(item, {"T": "x" * 9_000})
    assert len(said) == wording.LONGEST


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (Problem("too_few", "Pick 100 % of them."), "Pick 100 % of them."),
        (
            interactions_base.counted("too_few", ("%(count)d thing", "%(count)d things"), 1),
            "1 thing",
        ),
        (
            interactions_base.counted("too_few", ("%(count)d thing", "%(count)d things"), 3),
            "3 things",
        ),
        (
            Problem("off_step", "In steps of %(step)s.", facts=(("step", "0.5"),)),
            "In steps of 0.5.",
        ),
    ],
)
def test_a_constraint_is_said_with_its_facts(found: Problem, said: str) -> None:
    assert wording.problem(found) == found.message == said
