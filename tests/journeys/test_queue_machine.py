"""The browser's own queue against the server, whatever becomes of its messages and whoever acts.

The scripts under test are the real ones in a real browser, and the server's views and verbs are the
real ones, and so is its end of the socket; between them is a wire that delivers in any order,
twice, late or never. Meanwhile the candidate answers, leaves and reloads, another page takes over
and answers, a proctor pauses, the time runs out, and the test ends. However it went: once the wire
is whole, no answer that was chosen last is lost, none of another page's is overwritten, and what
the page called saved is saved, and is what it shows. Where
nobody else acted, the answer that was chosen last is the one that counts.
"""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from playwright.sync_api import Page

from delivery.models import AssessmentSession, ItemSession, Quarantine, ResponseRevision, State
from delivery.saving import responses
from delivery.saving.responses import Save, Saved
from delivery.seat import leases
from delivery.seat.leases import Asker
from delivery.session import interventions, sessions
from integrity import ledger
from tests import factories
from tests.journeys import sockets, wire
from tests.journeys.wire import Wire

ITEMS = ("Q1", "Q2")
CHOICES = ("A", "B", "C")
PLACE = st.integers(0, 11)
ALONE, FORGETFUL = "alone", "alone in a browser that keeps nothing"
TAKEN, PAUSED, ENDED, TIMED = "taken over", "paused", "ended", "out of time"
# Who else acts in a run: only one of them, so that each right outcome is known; and how many runs.
KINDS = {ALONE: 5, FORGETFUL: 5, TAKEN: 4, PAUSED: 2, ENDED: 2, TIMED: 3}
# So many times as many, for a long look.
TIMES = int(os.environ.get("QUEUE_TIMES", "1"))
OLD = {"stale"}
LONGEST_WAIT_MS = 40_000
A_POLL_MS = 7_000
HOUR = 3_600


class Queue(RuleBasedStateMachine):
    """One candidate's page, on a wire that does whatever it likes."""

    wire: ClassVar[Wire]
    kind: ClassVar[str]
    ran: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        test = factories.published(seconds=HOUR if self.kind == TIMED else None)
        sitting = factories.sitting(test, opens_at=None, closes_at=None)
        self.session = factories.session(sitting, at=timezone.now())
        self.chosen: dict[str, str] = {}
        self.others: dict[str, str] = {}
        # What was chosen on the page that is shown: another may not know what is under way.
        self.here: set[str] = set()
        self.is_alone, self.turns = True, 0
        self.wire.begin(self.session)
        self.wire.show("Q1")

    # The candidate.

    @rule(value=st.sampled_from(("", *CHOICES)))
    def choose(self, value: str) -> None:
        key = self.wire.ask(wire.CHOOSE, [value])
        if key:
            self.chosen[key] = value
            self.here.add(key)
            self.others.pop(key, None)
        self.wire.settle()

    @rule(values=st.lists(st.sampled_from(CHOICES), min_size=2, max_size=3))
    def waver(self, values: list[str]) -> None:
        """Choose and choose again while the first answer is on its way."""
        for value in values:
            self.choose(value)

    @rule(item=st.sampled_from(ITEMS))
    def load(self, item: str) -> None:
        self.here.clear()
        self.wire.show(item)

    @rule(ms=st.sampled_from((1_000, 9_000, LONGEST_WAIT_MS)))
    def wait(self, ms: int) -> None:
        self.wire.pass_time(ms)
        self.wire.settle()

    # The wire.

    @precondition(lambda self: self.wire.asked)
    @rule(place=PLACE, again=st.booleans())
    def a_request_arrives(self, place: int, again: bool) -> None:
        self.wire.deliver(place % len(self.wire.asked), again=again)

    # What a page that keeps nothing has sent last exists nowhere else.
    @precondition(lambda self: self.wire.asked and self.kind != FORGETFUL)
    @rule(place=PLACE)
    def a_request_is_lost(self, place: int) -> None:
        self.wire.drop(place % len(self.wire.asked))
        self.wire.settle()

    @precondition(lambda self: self.wire.said)
    @rule(place=PLACE, again=st.booleans())
    def an_answer_arrives(self, place: int, again: bool) -> None:
        self.wire.hear(place % len(self.wire.said), again=again)
        self.wire.settle()

    @precondition(lambda self: self.wire.said)
    @rule(place=PLACE)
    def an_answer_is_lost(self, place: int) -> None:
        self.wire.miss(place % len(self.wire.said))
        self.wire.settle()

    @rule(carries=st.booleans())
    def the_network_carries_sockets(self, carries: bool) -> None:
        self.wire.carry_sockets(carries)

    # Everybody else.

    @precondition(lambda self: self.kind == TAKEN and self.turns < 2)
    @rule(item=st.sampled_from(ITEMS), value=st.sampled_from(CHOICES))
    def another_page_takes_over_and_answers(self, item: str, value: str) -> None:
        session = self._now()
        if session.state != State.IN_PROGRESS:
            return
        self._disturb()
        self.turns += 1
        at, by = timezone.now(), f"candidate:{session.candidate_id}"
        other = Asker(session.lease_device, "another tab", f"other-{self.turns}")
        leases.take_over(session.pk, other, by=by, at=at)
        lease = leases.claim(session.pk, other, by=by, at=at)
        row = ItemSession.objects.get(session=session, key=item)
        kept = Save(
            session_id=session.pk, item=item, raw={"RESPONSE": value}, key=f"other-{self.turns}",
            received_at=at, by=by, base_revision=row.revision, client_seq=1, epoch=lease.epoch,
            writer=other.writer, device=session.lease_device,
        )  # fmt: skip
        [outcome] = responses.save([kept])
        assert isinstance(outcome, Saved)
        self.others[item] = value
        self.wire.listen()

    @precondition(lambda self: not self.is_alone)
    @rule()
    def the_candidate_comes_back_here(self) -> None:
        self._come_back()

    @precondition(lambda self: self.kind == PAUSED)
    @rule(long=st.booleans())
    def a_proctor_pauses(self, long: bool) -> None:
        session, at = self._now(), timezone.now()
        if not sessions.may_pause(session, at):
            return
        self._disturb()
        sessions.pause(session.pk, paused_by="proctor", reason="Alarm", by="user:1", at=at)
        if long:
            earlier = at - timedelta(seconds=60)
            AssessmentSession.objects.filter(pk=session.pk).update(paused_at=earlier)
        self.wire.listen()

    @precondition(lambda self: self.kind == ENDED and self.chosen)
    @rule()
    def a_proctor_ends_it(self) -> None:
        session = self._now()
        if session.state == State.IN_PROGRESS:
            self._disturb()
            interventions.end(session.pk, reason="Phone", by="user:1", at=timezone.now())
            self.wire.listen()

    @precondition(lambda self: self.kind == TIMED)
    @rule(seconds_over=st.sampled_from((2, 60)))
    def time_runs_out(self, seconds_over: int) -> None:
        """It began so long ago that its end was a moment ago, in the grace or behind it."""
        session = self._now()
        if session.state != State.IN_PROGRESS or not self.is_alone:
            return
        assert session.due_at is not None
        self._disturb()
        assert session.started_at is not None
        earlier = session.due_at - (timezone.now() - timedelta(seconds=seconds_over))
        AssessmentSession.objects.filter(pk=session.pk).update(
            started_at=session.started_at - earlier, due_at=session.due_at - earlier
        )

    # What holds.

    @invariant()
    def saved_means_saved(self) -> None:
        seen = self.wire.ask(wire.LOOK)
        known = self.here if self.kind == FORGETFUL else self.chosen
        if self.is_alone and seen["said"].startswith("Saved") and seen["key"] in known:
            assert self._stored(seen["key"]) == self.chosen[seen["key"]]

    @invariant()
    def what_is_called_saved_is_what_is_shown(self) -> None:
        """Where nothing is under way that would tell the page of a newer answer."""
        if self.is_alone and self.wire.is_told_all():
            self._assert_shown()

    def teardown(self) -> None:
        self._disturb_at_last()
        self._heal()
        if self.is_alone:
            self._assert_shown()
        self.ran["acknowledged"] += len(self.wire.acknowledged)
        for item, value in self.chosen.items():
            if self.is_alone:
                assert self._stored(item) == value
            assert value in self._kept(item)
        for item, value in self.others.items():
            assert self._stored(item) == value
        if self.is_alone:
            # Older answers alone, which came after the newest.
            assert {one.reason for one in Quarantine.objects.filter(**self._of)} <= OLD
        for told in self.wire.acknowledged:
            row = ResponseRevision.objects.get(
                item_session__session=self.session,
                item_session__key=told["item"],
                revision=told["revision"],
            )
            assert row.key == told["key"]
        assert ledger.verify(self.session.stream).is_whole

    def _disturb_at_last(self) -> None:
        """At the latest now, while some of it is still under way: no run is without it."""
        if self.kind == TIMED:
            self.time_runs_out(2)
        if self.ran["disturbed"]:
            return
        if self.kind == TAKEN:
            self.another_page_takes_over_and_answers("Q1", "A")
        elif self.kind == PAUSED:
            self.a_proctor_pauses(False)
        elif self.kind == ENDED:
            self.a_proctor_ends_it()

    def _assert_shown(self) -> None:
        seen = self.wire.ask(wire.LOOK)
        if seen["said"].startswith("Saved"):
            assert self._stored(seen["key"]) == seen["shown"]

    @property
    def _of(self) -> dict[str, Any]:
        return {"session": self.session}

    def _disturb(self) -> None:
        self.is_alone = False
        self.ran["disturbed"] += 1

    def _now(self) -> AssessmentSession:
        return AssessmentSession.objects.select_related("sitting").get(pk=self.session.pk)

    def _stored(self, item: str) -> str:
        row = ItemSession.objects.get(**self._of, key=item)
        return str(row.response.get("RESPONSE") or "")

    def _kept(self, item: str) -> set[str]:
        """Every answer to an item that is saved, was saved, or lies beside the saved ones."""
        saved = ResponseRevision.objects.filter(
            item_session__session=self.session, item_session__key=item
        )
        aside = Quarantine.objects.filter(**self._of, item_key=item)
        found = [*saved.values_list("value", flat=True), *aside.values_list("value", flat=True)]
        return {str(value.get("RESPONSE") or "") for value in found} | {""}

    def _come_back(self) -> None:
        """The candidate resumes, or takes over, and looks at an item again."""
        session, at = self._now(), timezone.now()
        by = f"candidate:{session.candidate_id}"
        if session.state == State.PAUSED:
            if not session.resume_permitted:
                who = factories.proctor()
                interventions.permit_resume(session.pk, by=who, reason="It is over", at=at)
            sessions.resume(session.pk, at, by=by)
        if session.state == State.IN_PROGRESS and not self.is_alone:
            here = Asker(session.lease_device, "here")
            leases.take_over(session.pk, here, by=by, at=at)
        self.wire.show("Q1")

    def _heal(self) -> None:
        """Make the wire whole until everything has arrived."""
        self._come_back()
        for _ in range(12):
            self.wire.let_all_arrive()
            if not self.wire.ask(IS_WAITING):
                break
            self.wire.pass_time(LONGEST_WAIT_MS)
            self.wire.settle()
        else:
            raise AssertionError("Something still waits on the page.")
        # Without a socket the page asks how things stand.
        self.wire.pass_time(A_POLL_MS)
        self.wire.settle()
        self.wire.let_all_arrive()


IS_WAITING = """async () => wire.answers && (await import(wire.answers)).waiting().length > 0"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_becomes_of_its_messages_no_answer_is_lost(page: Page, kind: str) -> None:
    Queue.kind = kind
    Queue.ran.clear()
    with wire.shelf() as origin, sockets.served() as ends:
        Queue.wire = Wire(page, origin, ends)
        if kind == FORGETFUL:
            page.add_init_script(wire.FORGETS)
        Queue.wire.lay()
        run_state_machine_as_test(
            Queue,
            settings=settings(
                max_examples=KINDS[kind] * TIMES,
                stateful_step_count=25,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
    # It was no idle run. What the server says by itself came to the page, where there were enough.
    print(f"{kind}: {dict(Queue.ran)}, heard by socket: {dict(Queue.wire.heard)}")
    assert kind != ALONE or Queue.wire.heard.total() > 0
    assert Queue.ran["acknowledged" if kind in (ALONE, FORGETFUL) else "disturbed"] > 0
