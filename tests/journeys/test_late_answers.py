"""What a page sent in its last moment may reach the server after the next page was drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page

from tests import factories
from tests.journeys import sockets, wire
from tests.journeys.wire import Wire

pytestmark = pytest.mark.django_db(transaction=True)
# Longer than a page without a socket waits until it asks again.
A_POLL_MS = 7_000
WAYS = pytest.mark.parametrize("by_socket", [True, False], ids=["by socket", "by request"])


@pytest.fixture
def candidate(page: Page) -> Iterator[Wire]:
    """A page of a browser that keeps nothing, at the first item, on a wire of our own."""
    page.add_init_script(wire.FORGETS)
    with wire.shelf() as origin, sockets.served() as ends:
        wired = Wire(page, origin, ends)
        wired.lay()
        sitting = factories.sitting(factories.published(), opens_at=None, closes_at=None)
        wired.begin(factories.session(sitting, at=timezone.now()))
        yield wired


def begin(candidate: Wire, *, by_socket: bool) -> None:
    candidate.carries_sockets = by_socket
    candidate.show("Q1")
    candidate.let_all_arrive()


def choose(candidate: Wire, value: str) -> None:
    assert candidate.ask(wire.CHOOSE, [value]) == "Q1"
    candidate.settle()


def seen(candidate: Wire) -> dict[str, Any]:
    found: dict[str, Any] = candidate.ask(wire.LOOK)
    return found


def let_the_next_page_begin(candidate: Wire, last: int) -> None:
    """Everything arrives but the `last` requests of the page before."""
    held, candidate.asked = candidate.asked[:last], candidate.asked[last:]
    candidate.let_all_arrive()
    candidate.asked = held


def saves(candidate: Wire) -> int:
    return sum("/save/" in one.url for one in candidate.asked)


@WAYS
def test_an_answer_that_came_after_the_page_was_drawn_is_shown(
    candidate: Wire, by_socket: bool
) -> None:
    begin(candidate, by_socket=by_socket)
    choose(candidate, "A")
    candidate.let_all_arrive()
    candidate.pass_time(1_000)
    assert (seen(candidate)["shown"], seen(candidate)["said"][:5]) == ("A", "Saved")
    # It goes in the request that outlives the page, and is slow.
    choose(candidate, "B")
    candidate.asked.clear()
    candidate.show("Q1")
    candidate.asked.sort(key=lambda one: "/save/" not in one.url)
    let_the_next_page_begin(candidate, saves(candidate))
    assert seen(candidate)["shown"] == "A"
    candidate.let_all_arrive()
    candidate.pass_time(A_POLL_MS)
    candidate.settle()
    candidate.let_all_arrive()
    assert seen(candidate)["shown"] == "B"
    candidate.pass_time(1_000)
    assert seen(candidate)["said"].startswith("Saved")


def let_an_answer_come_late(candidate: Wire) -> None:
    """A is saved and shown; B, chosen in the page's last moment, arrives behind the next page."""
    choose(candidate, "A")
    candidate.let_all_arrive()
    choose(candidate, "B")
    candidate.asked.clear()
    candidate.show("Q1")
    candidate.asked.sort(key=lambda one: "/save/" not in one.url)
    let_the_next_page_begin(candidate, saves(candidate))


def test_while_it_is_not_shown_the_page_does_not_say_saved(candidate: Wire) -> None:
    begin(candidate, by_socket=True)
    let_an_answer_come_late(candidate)
    candidate.draws = False
    candidate.let_all_arrive()
    assert (seen(candidate)["shown"], seen(candidate)["said"][:5] == "Saved") == ("A", False)


@WAYS
def test_what_the_candidate_chose_since_is_neither_hidden_nor_overtaken(
    candidate: Wire, by_socket: bool
) -> None:
    begin(candidate, by_socket=by_socket)
    let_an_answer_come_late(candidate)
    choose(candidate, "C")
    candidate.let_all_arrive()
    candidate.pass_time(A_POLL_MS)
    candidate.settle()
    candidate.let_all_arrive()
    assert (seen(candidate)["shown"], seen(candidate)["said"][:5]) == ("C", "Saved")
