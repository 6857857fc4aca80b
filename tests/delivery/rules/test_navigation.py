from dataclasses import replace

import pytest

from delivery.rules import navigation
from delivery.rules.navigation import Leg, Route, Stop
from delivery.rules.refusals import Permission, Reason

FREE = Route(
    legs=(Leg("P1", linear=False), Leg("P2", linear=True)),
    stops=(
        Stop("A", "P1", ("S1",)),
        Stop("B", "P1", ("S1",)),
        Stop("C", "P1", ("S2",)),
        Stop("D", "P2", ("S3",)),
        Stop("E", "P2", ("S3",)),
    ),
    position="B",
)
LINEAR = replace(FREE, ended=frozenset({"P1"}), position="E")


def why(permission: Permission) -> Reason | None:
    return permission.refusal.reason if permission.refusal else None


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("A", None),
        ("B", None),
        ("C", None),
        ("D", Reason.ITEM_NOT_REACHED),
        ("Z", Reason.NO_SUCH_ITEM),
    ],
)
def test_a_nonlinear_part_is_open_in_any_order(key: str, reason: Reason | None) -> None:
    assert why(navigation.may_enter(FREE, key)) == reason


@pytest.mark.parametrize(
    ("key", "reason"),
    [("A", Reason.PART_ENDED), ("D", Reason.ITEM_CLOSED), ("E", None)],
)
def test_a_linear_part_has_no_way_back(key: str, reason: Reason | None) -> None:
    assert why(navigation.may_enter(LINEAR, key)) == reason


def test_a_linear_part_has_no_way_ahead_but_step_by_step() -> None:
    at_first = replace(LINEAR, position="D")
    assert why(navigation.may_enter(at_first, "E")) == Reason.ITEM_NOT_REACHED
    assert navigation.next_key(at_first) == "E"


def test_back_leads_one_step_in_a_nonlinear_part_only() -> None:
    assert navigation.previous_key(FREE) == "A"
    assert navigation.previous_key(LINEAR) is None


def test_next_stops_at_the_parts_end() -> None:
    assert navigation.next_key(replace(FREE, position="C")) is None
    assert navigation.next_part(replace(FREE, position="C")) == "P2"
    assert navigation.next_part(LINEAR) is None


def test_a_section_without_time_is_shut_and_skipped() -> None:
    shut = replace(FREE, position="A", shut=frozenset({"section:S1"}))
    assert why(navigation.may_enter(shut, "B")) == Reason.ITEM_CLOSED
    assert navigation.next_key(shut) == "C"


def test_a_closed_item_can_be_seen_and_not_answered() -> None:
    closed = replace(FREE, stops=(replace(FREE.stops[0], closed=True), *FREE.stops[1:]))
    assert why(navigation.may_enter(closed, "A")) is None
    assert why(navigation.may_answer(closed, "A")) == Reason.ITEM_CLOSED


def test_ending_a_part_with_open_items_wants_a_confirmation() -> None:
    refused = navigation.may_end_part(FREE, confirmed=False)
    assert refused.refusal is not None
    assert (refused.refusal.reason, refused.refusal.facts) == (Reason.UNANSWERED, {"count": "3"})
    assert navigation.may_end_part(FREE, confirmed=True)


def test_an_item_that_must_be_answered_holds_the_test() -> None:
    stops = (replace(FREE.stops[0], required=True), *FREE.stops[1:])
    held = replace(FREE, stops=stops)
    assert why(navigation.may_complete(held, confirmed=True)) == Reason.UNANSWERED_REQUIRED
    shut = replace(held, shut=frozenset({"section:S1"}))
    assert navigation.may_complete(shut, confirmed=True)


@pytest.mark.parametrize(("key", "ahead"), [("A", False), ("C", False), ("D", True)])
def test_what_lies_in_a_later_part_is_ahead(key: str, ahead: bool) -> None:
    assert navigation.is_ahead(FREE, FREE.stops[FREE.index(key)]) == ahead


def test_a_part_that_ended_is_not_ahead() -> None:
    assert not navigation.is_ahead(LINEAR, LINEAR.stops[0])
