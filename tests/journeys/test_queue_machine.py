"""The browser's own queue against the server, in any order of answers and failures of the wire.

The script under test is the real one in a real browser; between it and the real server is a wire
that is cut, that loses what is answered (so that every acknowledgement of what the server has
already kept is lost), and that is whole again, while the candidate answers, reloads and moves on.
Whatever happened: once the wire is whole and the page says Saved, the server has each item's last
answer, exactly as it was chosen, and the record verifies.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from playwright.sync_api import Page, expect

from tests.faults.proxy import Proxy
from tests.journeys import acts
from tests.serving import Serving

# The longest pause between two tries of the queue is 30 s, and then some.
SAVED_MS = 90_000
ITEMS_USED = 2


class Wired:
    """The page, the server, and the wire between them; made once, used by every example."""

    def __init__(self, server: Serving, wire: Proxy, page: Page) -> None:
        self.server, self.wire, self.page = server, wire, page
        self.url = f"http://127.0.0.1:{wire.port}"
        page.goto(f"{self.url}/signin/")
        page.get_by_label("Access code").fill(acts.TO_START)
        page.get_by_role("button", name="Sign in").click()
        acts.start(page, acts.EXAM)
        self.session = acts.session_of(page)
        self.keys = self._choices()
        self.chosen: dict[str, str] = {}
        self.show(self.keys[0])

    def _choices(self) -> list[str]:
        """Return the first items that one radio button answers."""
        listed = acts.rows(
            self.server,
            "SELECT key FROM delivery_itemsession WHERE session_id = ? ORDER BY position",
            self.session.replace("-", ""),
        )
        found: list[str] = []
        for (key,) in listed:
            self.show(key)
            if (
                self.page.locator("#item-form input[type=radio]").count()
                and len(found) < ITEMS_USED
            ):
                found.append(key)
            if len(found) == ITEMS_USED:
                break
        return found

    def show(self, key: str) -> None:
        self.page.goto(f"{self.url}/sessions/{self.session}/items/{key}/")
        acts.take_over(self.page)

    def stored(self) -> dict[str, str]:
        listed = acts.rows(
            self.server,
            "SELECT key, response FROM delivery_itemsession WHERE session_id = ? AND answered",
            self.session.replace("-", ""),
        )
        answers = {key: json.loads(response) for key, response in listed}
        return {key: next(iter(one.values())) for key, one in answers.items()}


class Queue(RuleBasedStateMachine):
    """One candidate's page on a bad network."""

    at: ClassVar[Wired]

    def __init__(self) -> None:
        super().__init__()
        self.is_whole = True

    @rule(choice=st.integers(0, 2))
    def answer(self, choice: int) -> None:
        box = self.at.page.locator("#item-form input[type=radio]").nth(choice)
        box.check(force=True)
        self.at.chosen[acts.item_key(self.at.page)] = str(box.get_attribute("value"))

    @precondition(lambda self: self.is_whole)
    @rule()
    def wire_is_cut(self) -> None:
        self.at.wire.cut()
        self.is_whole = False

    @precondition(lambda self: self.is_whole)
    @rule()
    def acknowledgements_are_lost(self) -> None:
        self.at.wire.deafen()
        self.is_whole = False

    @precondition(lambda self: not self.is_whole)
    @rule()
    def wire_is_whole_again(self) -> None:
        self.at.wire.mend()
        self.is_whole = True

    @precondition(lambda self: self.is_whole)
    @rule(place=st.integers(0, ITEMS_USED - 1))
    def go_to_an_item(self, place: int) -> None:
        """Leave the page with whatever still waits in it."""
        self.at.show(self.at.keys[place])

    @precondition(lambda self: self.is_whole)
    @rule()
    def settle(self) -> None:
        """Wait until the page has told the server everything, and says so itself."""
        if not self.at.chosen:
            return
        until = time.monotonic() + SAVED_MS / 1000
        while self.at.stored() != self.at.chosen and time.monotonic() < until:
            self.at.page.wait_for_timeout(100)
        assert self.at.stored() == self.at.chosen
        answered = acts.item_key(self.at.page) in self.at.chosen
        said = acts.SAVED if answered else "Not answered yet"
        expect(self.at.page.locator("#save-state")).to_have_text(said, timeout=SAVED_MS)

    @invariant()
    def the_page_shows_what_was_chosen_last(self) -> None:
        key = acts.item_key(self.at.page)
        if key in self.at.chosen:
            checked = self.at.page.locator("#item-form input[type=radio]:checked")
            assert checked.get_attribute("value") == self.at.chosen[key]

    def teardown(self) -> None:
        self.at.wire.mend()
        self.is_whole = True
        self.settle()


@pytest.fixture
def wire(demo_server: Serving) -> Iterator[Proxy]:
    made = Proxy(demo_server.port)
    yield made
    made.close()


def test_any_order_of_answers_and_failures_leaves_the_last_answers_on_the_server(
    demo_server: Serving, wire: Proxy, page: Page
) -> None:
    page.context.set_default_timeout(SAVED_MS)
    Queue.at = Wired(demo_server, wire, page)
    run_state_machine_as_test(
        Queue,
        settings=settings(
            max_examples=5,
            stateful_step_count=10,
            deadline=None,
            derandomize=True,
            database=None,
            # The page lives on from example to example, so that none can be run again the same.
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    streams = demo_server.manage("ledger_verify", "--stream", f"session:{Queue.at.session}")
    assert "streams" in streams
    revisions = acts.facts(demo_server, Queue.at.session, "response.saved")
    assert len(revisions) >= len(Queue.at.chosen) > 0
