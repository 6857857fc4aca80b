"""A plan is read once a process, shares what is alike, and a growing one is read each time."""

import pytest
from pytest_django import DjangoAssertNumQueries

from assembly.adaptive import Settings
from delivery.models import AssessmentSession
from delivery.queries import plans
from tests import factories
from tests.factories import Part

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _new_process() -> None:
    plans.forget()


@pytest.fixture
def pair() -> list[AssessmentSession]:
    sitting = factories.sitting(factories.published(Part(items=["Q1", "Q2"])))
    return [factories.session(sitting, factories.candidate(name)) for name in ("Alice", "Bob")]


def test_plan_is_read_once(pair: list[AssessmentSession]) -> None:
    plans.forget()
    assert not plans.is_known(pair[0].pk)
    first = plans.of(pair[0])
    assert plans.is_known(pair[0].pk)
    assert plans.of(pair[0]) is first
    assert [item.key for item in first.items] == ["Q1", "Q2"]


def test_what_is_alike_is_shared(pair: list[AssessmentSession]) -> None:
    one, other = (plans.of(session) for session in pair)
    assert all(a is b for a, b in zip(one.items, other.items, strict=True))
    places = [plans.known(session).places for session in pair]
    assert places[0] == {"Q1": 0, "Q2": 1}
    assert places[0] is places[1]


def test_memory_is_bounded(pair: list[AssessmentSession], monkeypatch: pytest.MonkeyPatch) -> None:
    plans.forget()
    monkeypatch.setattr(plans, "MOST", 1)
    for session in (*pair, *pair):
        assert [item.key for item in plans.of(session).items] == ["Q1", "Q2"]
        assert sum(plans.is_known(one.pk) for one in pair) == 1


def test_plan_that_can_grow_is_read_each_time(pair: list[AssessmentSession]) -> None:
    plans.forget()
    session = pair[0]
    (section,) = session.plan["sections"]
    section["adaptive"] = {"pool": ["Q1"], "settings": Settings().to_json(), "position": 0}
    assert plans.of(session) == plans.of(session)
    assert not plans.is_known(session.pk)
    assert plans.of(session) is not plans.of(session)


def test_an_item_of_a_known_plan_asks_nobody(
    pair: list[AssessmentSession], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    alice, bob = pair
    plans.forget()
    first = plans.of(alice).items[0]
    with django_assert_num_queries(0):
        assert plans.item_of(alice.pk, "Q1") is first
        assert plans.item_of(alice.pk, "Q9") is None
        assert plans.item_of(bob.pk, "Q1") is None
