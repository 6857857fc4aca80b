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

from delivery.facts import replay
from delivery.models import (
    AssessmentSession,
    ItemSession,
    Outage,
    Quarantine,
    ResponseRevision,
    State,
)
from delivery.records import testimony
from delivery.rules.refusals import Refusal
from delivery.saving import quarantine, responses
from delivery.saving.responses import Saved
from delivery.seat import leases, presence, silence
from delivery.seat.leases import Asker
from delivery.session import desk, expiry, interventions, moves, scoring, sessions
from delivery.sitting import outages
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
        policy = {"silence_seconds": 60, "silence_pauses": 2, "silence_minutes": 5}
        sitting = factories.sitting(version, leaving=True, **policy)
        self.session = factories.session(sitting)
        AssessmentSession.objects.filter(pk=self.session.pk).update(writer="page")
        self.proctor = factories.proctor("pia", sitting)
        self.other = factories.proctor("otto", sitting)
        self.seq = 0
        self.acknowledged: dict[str, str] = {}
        self.given_ms = 0
        self.ended_answers: dict[str, str] | None = None

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
            assert self.ended_answers is None or self.is_open_or_fresh()
            self.acknowledged[item], self.ended_answers = value, None

    def is_open_or_fresh(self) -> bool:
        """After the close only what had been received by then is accepted, and until scored."""
        now = desk.read(self.session.pk).session
        grace = timedelta(seconds=5) if now.state == State.EXPIRED else timedelta()
        finished = now.finished_at
        return finished is None or (now.scored_at is None and self.at <= finished + grace)

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
    def nobody_is_heard(self) -> None:
        silence.sweep(self.at)

    @rule()
    def the_page_is_heard(self) -> None:
        presence.seen(self.session.pk, by=ME, at=self.at)

    @rule(device=st.sampled_from(["tablet", "laptop"]))
    def take_over(self, device: str) -> None:
        asker = Asker(device, device)
        self.attempt(leases.take_over, self.session.pk, asker, by=ME, at=self.at)

    @rule()
    def ask_for_help(self) -> None:
        self.attempt(presence.ask_help, self.session.pk, self.at, by=ME)

    @rule()
    def answer_help(self) -> None:
        self.attempt(interventions.answer_help, self.session.pk, by=self.proctor, at=self.at)

    @rule()
    def terminate(self) -> None:
        self.attempt(
            interventions.terminate, self.session.pk, reason="x", by=self.proctor, at=self.at
        )

    @rule(minutes=st.sampled_from([1, 10]))
    def reopen(self, minutes: int) -> None:
        ms = minutes * 60_000
        done = self.attempt(
            interventions.reopen, self.session.pk, ms=ms, reason="x", by=self.proctor, at=self.at
        )
        self.given_ms += ms if done else 0

    @precondition(lambda self: Quarantine.objects.filter(admitted_at=None).exists())
    @rule()
    def admit_an_answer(self) -> None:
        kept = Quarantine.objects.filter(admitted_at=None).earliest("pk")
        self.attempt(quarantine.propose, kept.pk, reason="x", by=self.proctor, at=self.at)
        if self.attempt(quarantine.admit, kept.pk, by=self.other, at=self.at):
            self.acknowledged[kept.item_key] = kept.value["RESPONSE"]
            self.ended_answers = None

    @rule(seconds=STEPS)
    def an_outage_is_credited(self, seconds: int) -> None:
        outage = Outage.objects.get_or_create(
            began_at=self.at, defaults={"ended_at": self.at + timedelta(seconds=seconds)}
        )[0]
        self.at = outage.ended_at
        given = outages.credit(
            outage,
            self.session.sitting,
            {self.session.pk},
            reason="x",
            by=self.proctor,
            at=self.at,
        )
        if any(one.done for one in given):
            self.given_ms += outage.length_ms

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
    def the_ledger_replays_to_the_same_state(self) -> None:
        found = desk.read(self.session.pk)
        now, told = found.session, replay.replay(ledger.read(self.session.stream))
        assert (told.state, told.deadline, told.finished_at, told.paused_by) == (
            now.state,
            now.deadline,
            now.finished_at,
            now.paused_by,
        )
        assert (told.epoch, told.help, told.flagged) == (
            now.epoch,
            now.help_requested_at is not None,
            frozenset(row.key for row in found.rows if row.flagged),
        )
        if now.state == State.IN_PROGRESS:
            assert told.position == now.position or not now.position
        newest = ResponseRevision.objects.filter(item_session__session=now).order_by("revision")
        kept = {row.item_session.key: (row.revision, row.digest) for row in newest}
        assert told.answers == kept

    @invariant()
    def what_is_stored_is_what_was_recorded(self) -> None:
        assert list(testimony.differences([self.session.stream])) == []

    @invariant()
    def no_answer_changes_after_the_close_but_by_two_people_or_reopening(self) -> None:
        found = desk.read(self.session.pk)
        if not found.session.is_ended:
            self.ended_answers = None
            return
        stored = {row.key: row.response["RESPONSE"] for row in found.rows if row.answered}
        assert self.ended_answers in (None, stored)
        self.ended_answers = stored

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
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
