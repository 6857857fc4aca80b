"""A body is rendered once for all to whom it looks the same, and names nobody else."""

from typing import Any

import pytest
from django.utils import translation

from assembly import bodies, rendering
from assembly.qti import item_session
from assembly.qti.item import AssessmentItem
from assembly.rendering import RenderedItem
from tests.assembly import rendered as pages
from tests.assembly.rendering import items as samples

ALICE = "11111111-1111-4111-8111-111111111111"
BOB = "22222222-2222-4222-8222-222222222222"
CHOICE = samples.interaction(
    "choice", samples.choices("qti-simple-choice", "ABCD"), 'shuffle="true" max-choices="1"'
)


@pytest.fixture
def item() -> AssessmentItem:
    body = f'<p><img src="a.png" alt="a"/></p>{CHOICE}'
    return samples.item(body, samples.declaration("identifier"))


def drawn(item: AssessmentItem, who: str, *, seed: int = 1, **options: Any) -> RenderedItem:
    state = options.pop("state", None) or item_session.to_json(pages.begun(item, seed))
    how: dict[str, Any] = {
        "responses": {},
        "who": who,
        "place": "Q1",
        "asset_url": lambda href: f"/of/{bodies.SOMEBODY}/{href}",
        "stimuli": (),
        "disabled": False,
        "show_feedback": False,
        "supports": rendering.DEFAULT_SUPPORTS,
        "optional": frozenset(),
        "language": "",
    }
    return bodies.rendered(item, state, **{**how, **options})


def alone(item: AssessmentItem, who: str, *, seed: int = 1, **options: Any) -> RenderedItem:
    def address(href: str) -> str:
        return f"/of/{who}/{href}"

    responses = options.pop("responses", {})
    session = pages.begun(item, seed)
    return rendering.render_item(
        item, session, responses, asset_url=address, style_url=address, **options
    )


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"responses": {"R": "A"}},
        {"responses": {"R": "B"}},
        {"responses": {"R": "<&>" * 400}},
        {"disabled": True},
        {"show_feedback": True},
        {"supports": frozenset()},
        {"optional": frozenset({"spoken"})},
        {"language": "de"},
        {"seed": 2},
        {"seed": 3},
    ],
)
def test_shared_body_is_what_each_would_get_alone(
    item: AssessmentItem, options: dict[str, Any]
) -> None:
    for who in (ALICE, BOB, ALICE):
        assert drawn(item, who, **options) == alone(item, who, **options)


def test_what_looks_the_same_is_rendered_once(item: AssessmentItem) -> None:
    asked: list[str] = []

    def address(href: str) -> str:
        asked.append(href)
        return f"/of/{bodies.SOMEBODY}/{href}"

    bodies_of = [drawn(item, who, asset_url=address) for who in (ALICE, BOB)]
    assert asked == ["a.png"]
    assert [BOB in found.body for found in bodies_of] == [False, True]
    assert not any(bodies.SOMEBODY in found.body for found in bodies_of)


def test_another_language_or_place_is_another_body(item: AssessmentItem) -> None:
    asked: list[str] = []

    def address(href: str) -> str:
        asked.append(href)
        return href

    for language in ("en", "de"):
        with translation.override(language):
            drawn(item, ALICE, asset_url=address)
    drawn(item, ALICE, asset_url=address, place="Q2")
    assert asked == ["a.png"] * 3


def test_same_item_read_again_is_another_item() -> None:
    first = samples.item(CHOICE, samples.declaration("identifier"))
    state = item_session.to_json(pages.begun(first))
    told = drawn(first, ALICE, state=state)
    again = samples.item(CHOICE.replace("choice A", "another A"), samples.declaration("identifier"))
    assert "another A" not in told.body
    assert "another A" in drawn(again, ALICE, state=state).body


def test_long_answers_are_not_kept(item: AssessmentItem) -> None:
    asked: list[str] = []

    def address(href: str) -> str:
        asked.append(href)
        return href

    for _again in range(2):
        drawn(item, ALICE, responses={"R": "x" * bodies.LONGEST_KEY}, asset_url=address)
    assert asked == ["a.png", "a.png"]


def test_memory_is_bounded(item: AssessmentItem, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MOST_CHARACTERS", 20_000)
    for number in range(50):
        drawn(item, ALICE, place=f"Q{number}")
        assert bodies._known.characters <= 20_000
        kept = sum(len(key[1]) + len(body.body) for key, body in bodies._known.bodies.items())
        assert kept == bodies._known.characters
