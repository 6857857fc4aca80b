"""Any order of what candidates, proctors and the clock may do keeps what was promised."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from delivery import desk, expiry, interventions, moves, responses, scoring, sessions
from delivery.models import ItemSession, State
from delivery.refusals import Refusal
from delivery.responses import Saved
from integrity import ledger
from tests import factories
from tests.factories import NOON, Part

ME = "candidate:1"
ITEMS = ("A", "B", "C", "D")
STEPS = st.sampled_from([1, 4, 16, 64, 256, 1024])


class Life(RuleBasedStateMachine):
    """One session of an hour: a free part with a section limit, then a linear part."""

    def __init__(self) -> None:
        super().__init__()
        self.undone = transaction.atomic()
        self.undone.__enter__()
        version = factories.published(
            Part("P1", ("A", "B"), seconds=1800), Part("P2", ("C", "D"), mode="linear")
        )
        self.at: datetime = NOON
        self.session = factories.session(factories.sitting(version, leaving=True))
        self.proctor = factories.proctor()
        self.seq = 0
        self.acknowledged: dict[str, str] = {}
        self.given_ms = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.undone.__exit__(None, None, None)

    def attempt(self, act: object, *args: object, **kwargs: object) -> object:
        """Do something that may be refused; a refusal changes nothing."""
        try:
            with transaction.atomic():
                return act(*args, **kwargs)  # type: ignore[operator]
        except Refusal:
            return None

    @rule(seconds=STEPS)
    def time_passes(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)

    @rule(item=st.sampled_from(ITEMS), value=st.sampled_from("ABC"))
    def answer(self, item: str, value: str) -> None:
        self.seq += 1
        save = factories.save(
            self.session, item, value, writer="page", client_seq=self.seq, received_at=self.at
        )
        if isinstance(responses.save([save])[0], Saved):
            self.acknowledged[item] = value

    @rule(item=st.sampled_from(ITEMS))
    def enter(self, item: str) -> None:
        self.attempt(moves.enter, self.session.pk, item, self.at, by=ME)

    @rule()
    def go_on(self) -> None:
        here = desk.read(self.session.pk).session.position
        self.attempt(moves.advance, self.session.pk, self.at, by=ME, from_key=here, confirmed=True)

    @rule(by=st.sampled_from(["candidate", "proctor"]))
    def pause(self, by: str) -> None:
        self.attempt(
            sessions.pause, self.session.pk, paused_by=by, reason="x", by="user:1", at=self.at
        )

    @rule()
    def permit(self) -> None:
        self.attempt(
            interventions.permit_resume, self.session.pk, by=self.proctor, reason="", at=self.at
        )

    @rule()
    def resume(self) -> None:
        self.attempt(sessions.resume, self.session.pk, self.at, by=ME)

    @rule(minutes=st.sampled_from([1, 10]))
    def extend(self, minutes: int) -> None:
        ms = minutes * 60_000
        done = self.attempt(
            interventions.extend,
            self.session.pk,
            ms=ms,
            reason="noise",
            by=self.proctor,
            at=self.at,
        )
        self.given_ms += ms if done else 0

    @rule()
    def sweep(self) -> None:
        expiry.sweep(self.at)

    @rule()
    def submit(self) -> None:
        self.attempt(sessions.complete, self.session.pk, self.at, by=ME, confirmed=True)

    @precondition(lambda self: desk.read(self.session.pk).session.is_ended)
    @rule()
    def score(self) -> None:
        scoring.score(self.session.pk, self.at)

    @invariant()
    def the_ledger_is_whole(self) -> None:
        assert ledger.verify(self.session.stream).broken is None

    @invariant()
    def the_clock_stands_exactly_while_paused(self) -> None:
        now = desk.read(self.session.pk).session
        assert (now.state == State.PAUSED) == (now.paused_at is not None)
        assert (now.since is None) or now.state == State.IN_PROGRESS

    @invariant()
    def what_was_acknowledged_is_there(self) -> None:
        rows = ItemSession.objects.filter(session=self.session, answered=True)
        stored = {row.key: row.response["RESPONSE"] for row in rows}
        assert stored == self.acknowledged

    @invariant()
    def nobody_works_longer_than_they_were_given(self) -> None:
        spent = desk.read(self.session.pk).session.timing.get("spent", {})
        worked = spent.get("part:P1", 0) + spent.get("part:P2", 0)
        assert worked <= 3_600_000 + self.given_ms

    @invariant()
    def a_session_that_ended_has_no_deadline(self) -> None:
        now = desk.read(self.session.pk).session
        assert not now.is_ended or (now.deadline, now.due_at) == (None, None)


@pytest.mark.django_db
def test_any_order_of_commands_keeps_the_promises() -> None:
    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=25,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
