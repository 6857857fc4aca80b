"""A button that does not count, pressed by an author: in the previews of items and of tests."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from assembly import models
from assembly.trials import Rule, Trial, Variable
from tests.assembly import factories
from tests.assembly.factories import choice_xml, imported, zipped
from tests.factories import HINTED

pytestmark = pytest.mark.django_db
ROSES = "Think of roses."


@pytest.fixture
def address() -> str:
    imported(zipped({"items/H.xml": HINTED.encode()}))
    return reverse("author:preview", args=[models.ItemVersion.objects.get().pk])


def told(page: Any) -> dict[str, tuple[str, str]]:
    variables: list[Variable] = page.context["variables"]
    return {one.name: (one.before, one.after) for one in variables}


def replay(page: Any) -> list[tuple[str, list[str]]]:
    rules: list[Rule] = page.context["rules"]
    return [(rule.step.text, [detail.text for detail in rule.details]) for rule in rules]


ASKED = [
    ("If: true, taken.", ["variable HINT is true"]),
    ("ASKED becomes true.", ["variable HINT is true"]),
]


def test_a_hint_is_replayed_with_its_variables_and_is_no_attempt(
    anna: Client, address: str
) -> None:
    page = anna.post(address, {"r.RESPONSE": "York", "r.HINT": "true"})
    assert replay(page) == ASKED
    assert told(page) == {
        "RESPONSE": ("NULL", "York"),
        "HINT": ("NULL", "true"),
        "SCORE": ("0.0", "0.0"),
        "ASKED": ("NULL", "true"),
        "numAttempts": ("0", "0"),
        "completionStatus": ("not_attempted", "unknown"),
    }
    html = page.content.decode()
    assert (ROSES in html, "after 0 attempts" in html) == (True, True)
    assert "This button counts as no attempt" in html


def test_a_hint_after_an_attempt_leaves_its_score_in_the_preview(
    anna: Client, address: str
) -> None:
    page = anna.post(address, {"r.RESPONSE": "York"})
    assert ROSES not in page.content.decode()
    page = anna.post(address, {"r.RESPONSE": "Hull", "r.HINT": "true"})
    assert replay(page) == ASKED
    assert told(page) == {
        "RESPONSE": ("York", "Hull"),
        "HINT": ("false", "true"),
        "SCORE": ("1.0", "0.0"),
        "ASKED": ("NULL", "true"),
        "numAttempts": ("1", "1"),
        "completionStatus": ("completed", "completed"),
    }
    for html in (page.content.decode(), anna.get(address).content.decode()):
        assert ROSES in html
        assert "SCORE 1.0" in html
        assert "after 1 attempt<" in html
    page = anna.post(address, {"r.RESPONSE": "Hull"})
    assert told(page)["numAttempts"] == ("1", "2")
    assert told(page)["SCORE"] == ("1.0", "0.0")
    assert ROSES not in page.content.decode()


def test_a_hint_is_no_answer_that_the_next_item_is_chosen_by(anna: Client) -> None:
    items = {f"items/{name}.xml": HINTED.replace('"H"', f'"{name}"').encode() for name in "GHI"}
    given = {name: f'a="1" b="{at}"' for at, name in enumerate(items)}
    imported(zipped(items, parameters=given))
    test = factories.a_draft(list(models.Item.objects.all()))
    models.Section.objects.update(rule="adaptive", min_items=2, max_items=2)
    first = anna.post(reverse("author:try", args=[test.pk]))["Location"]
    anna.post(first, {"r.HINT": "true"})
    assert anna.get(first).context["count"] == 1
    anna.post(first, {"r.RESPONSE": "York", "go": "next"})
    assert anna.get(first).context["count"] == 2


def test_a_hint_stays_at_its_item_when_a_whole_test_is_tried(anna: Client) -> None:
    imported(zipped({"items/H.xml": HINTED.encode(), "items/Q.xml": choice_xml("Q")}))
    test = factories.a_draft(list(models.Item.objects.order_by("identifier")))
    first = anna.post(reverse("author:try", args=[test.pk]))["Location"]
    hint = {"r.RESPONSE": "York", "r.HINT": "true"}
    assert anna.post(first, hint)["Location"] == first
    assert ROSES in anna.get(first).content.decode()
    second = anna.post(first, {"r.RESPONSE": "York", "go": "next"})["Location"]
    anna.post(first, hint)
    trial: Trial = anna.get(first).context["trial"]
    assert (trial.session.num_attempts, trial.scored) == (1, True)
    done = anna.get(anna.post(second, {"r.RESPONSE": "A", "go": "end"})["Location"])
    assert [(line.key, line.score) for line in done.context["lines"]] == [("H", 1.0), ("Q", 1.0)]
    assert [(name, float(value)) for name, value in done.context["outcomes"]] == [("SCORE", 2.0)]
