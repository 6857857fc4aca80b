"""The demo's bank: every item is read, earns its maximum by its key, and has what it names."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from assembly import selection
from assembly.qti import item_session, package, reading, values
from assembly.qti.item import AssessmentItem
from assembly.qti.package import Package
from assembly.selection import Stream
from delivery.demo import answers
from delivery.demo.loading import BANK, TESTS
from tests import programs

WRITTEN = {"rv-measure", "dt-growth", "pr-energy"}
FREE = Stream(b"tests")


@pytest.fixture(scope="module")
def bank() -> Package:
    return package.open_package(BANK)


@pytest.fixture(scope="module")
def items(bank: Package) -> list[AssessmentItem]:
    return [reading.read_item(file.source) for file in bank.items]


def test_the_package_is_whole(bank: Package) -> None:
    assert bank.problems == ()
    listed = {file.href for kind in (bank.items, bank.tests, bank.stimuli) for file in kind}
    assert listed == {
        path.relative_to(BANK).as_posix()
        for folder in ("items", "tests", "stimuli")
        for path in (BANK / folder).glob("*.xml")
    }


def test_the_bank_uses_every_interaction_of_a_paper_exam(items: list[AssessmentItem]) -> None:
    used = Counter(interaction.name for item in items for interaction in item.interactions)
    assert set(used) == {
        "choice_interaction",
        "text_entry_interaction",
        "inline_choice_interaction",
        "extended_text_interaction",
        "order_interaction",
        "match_interaction",
    }
    assert len(items) >= 48


def test_the_right_answers_earn_the_maximum(items: list[AssessmentItem]) -> None:
    for item in items:
        begun = item_session.begin(item, FREE)
        right = item_session.correct_responses(item, begun)
        raw = {name: values.raw(value) for name, value in right.items()}
        done = item_session.attempt(item, begun, raw, duration_seconds=1)
        score = done.outcomes["SCORE"]
        assert item_session.problems(item, begun, raw) == (), item.identifier
        if item.identifier not in WRITTEN:
            assert score is not None, item.identifier
            assert score.scalar == item.max_score, item.identifier


def test_answers_of_every_ability_fit_their_interactions(items: list[AssessmentItem]) -> None:
    for item in items:
        for ability in (-3.0, 0.0, 3.0):
            begun = item_session.begin(item, FREE)
            raw = answers.respond(item, begun, ability, Stream(b"%f" % ability))
            assert item_session.is_answered(item, raw), item.identifier
            item_session.attempt(item, begun, raw, duration_seconds=1)


def test_the_able_earn_more_than_the_weak(items: list[AssessmentItem]) -> None:
    def earned(ability: float) -> float:
        total = 0.0
        for item in items:
            begun = item_session.begin(item, FREE)
            raw = answers.respond(item, begun, ability, Stream(b"same luck"))
            done = item_session.attempt(item, begun, raw, duration_seconds=1)
            total += float(str(done.outcomes["SCORE"].scalar)) if done.outcomes["SCORE"] else 0
        return total

    assert earned(-2) < earned(0) < earned(2)


def test_every_image_has_words_and_is_drawn_by_us() -> None:
    for path in [*(BANK / "items").glob("*.xml"), *(BANK / "stimuli").glob("*.xml")]:
        for image in etree.parse(path).iter("{*}img"):
            assert len(image.get("alt", "")) > 20, path.name
            drawing = etree.parse(path.parent / str(image.get("src")))
            assert drawing.findtext("{*}title"), image.get("src")
            assert drawing.findtext("{*}desc"), image.get("src")


def test_twenty_items_carry_parameters_for_the_adaptive_test(bank: Package) -> None:
    difficulties = [file.parameters.b for file in bank.items if file.parameters is not None]
    assert len(difficulties) == 20
    assert min(difficulties) < -2
    assert max(difficulties) > 2


def test_every_form_of_the_exam_can_be_drawn(bank: Package) -> None:
    tests = {test.identifier: test for test in (reading.read_test(f.source) for f in bank.tests)}
    assert set(tests) == set(TESTS)
    for seed in range(20):
        plan = selection.plan(tests["autumn-exam"], Stream(bytes([seed])))
        assert len(plan.items) == 29
        assert plan.items[0].ref == "es-layers"


def test_the_bank_is_valid_by_the_official_schema() -> None:
    validate = Path(os.environ.get("INVIGIL_QTI_DIR", BANK)) / "xsd" / "validate.py"
    if not validate.is_file():
        reason = "needs the shared QTI material: INVIGIL_QTI_DIR names no folder"
        pytest.fail(reason) if programs.required() else pytest.skip(reason)
    files = [path for path in BANK.rglob("*.xml") if path.name != "imsmanifest.xml"]
    done = subprocess.run(
        [sys.executable, validate, *files], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
