from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from delivery.models import AssessmentSession, State
from delivery.seat import presence
from delivery.seat.presence import ClientEvent
from delivery.session import interventions
from integrity import ledger
from integrity.models import LockdownPolicy
from integrity.policy.lockdown import Action
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db
ME = "candidate:1"


def kinds(session: AssessmentSession) -> list[str]:
    return [entry.kind for entry in ledger.read(session.stream)]


def supervised(**rules: object) -> AssessmentSession:
    policy = LockdownPolicy.objects.create(name="Test", version=1, rules=rules)
    return factories.session(factories.sitting(lockdown=policy))


def test_the_same_page_claiming_again_keeps_its_epoch() -> None:
    session = factories.session()
    claims = [
        presence.claim(session.pk, writer="a", device="x", by=ME, at=after(second))
        for second in (1, 2)
    ]
    assert [claim.epoch for claim in claims] == [1, 1]
    assert kinds(session).count("lease.claimed") == 1


def test_a_takeover_tells_whom_it_was_taken_from() -> None:
    session = factories.session()
    presence.claim(session.pk, writer="a", device="Library PC", by=ME, at=after(1))
    lease = presence.claim(session.pk, writer="b", device="Phone", by=ME, at=after(2))
    assert (lease.taken_over, lease.device, lease.last_seen_at) == (True, "Library PC", after(1))


def test_a_page_with_an_unstorable_name_claims_under_a_legible_one() -> None:
    session = factories.session()
    lease = presence.claim(session.pk, writer="a\0b", device="x\ud800", by=ME, at=after(1))
    stored = AssessmentSession.objects.get()
    assert (lease.epoch, stored.writer, stored.device) == (1, "a\ufffdb", "x\ufffd")


def test_a_silence_and_its_end_are_facts() -> None:
    session = factories.session()
    presence.lost(session.pk, after(8))
    presence.lost(session.pk, after(9))
    presence.seen(session.pk, by=ME, at=after(24))
    presence.seen(session.pk, by=ME, at=after(25))
    told = ledger.read(session.stream)[-2:]
    assert [entry.kind for entry in told] == ["connection.lost", "connection.back"]
    assert told[1].payload == {"away_ms": 16_000}
    assert AssessmentSession.objects.get().disconnected_at is None


def test_client_events_reach_the_ledger_with_both_times() -> None:
    session = factories.session()
    event = ClientEvent("tab_hidden", 12_345, "")
    assert presence.client_events(session.pk, [event], after(8), by=ME) is None
    entry = ledger.read(session.stream)[-1]
    assert (entry.kind, entry.actor, entry.payload) == (
        "tab_hidden",
        "client",
        {"monotonic_ms": 12_345},
    )


def test_an_unknown_event_is_not_kept() -> None:
    session = factories.session()
    presence.client_events(session.pk, [ClientEvent("mind_read", 1)], after(8), by=ME)
    assert "mind_read" not in kinds(session)


def test_a_flood_of_events_is_clipped_and_counted() -> None:
    session = factories.session()
    flood = [ClientEvent("tab_hidden", n) for n in range(200)]
    presence.client_events(session.pk, flood, after(8), by=ME)
    entry = ledger.read(session.stream)[-1]
    assert (entry.kind, entry.payload) == ("events.dropped", {"count": 150})
    assert kinds(session).count("tab_hidden") == 50


def test_a_rule_fires_at_its_count() -> None:
    session = supervised(tab_hidden=[{"action": "log"}, {"action": "warn", "after": 2}])
    one, other = ClientEvent("tab_hidden", 1), ClientEvent("tab_hidden", 2)
    first = presence.client_events(session.pk, [one], after(1), by=ME)
    second = presence.client_events(session.pk, [other], after(2), by=ME)
    assert first is None
    assert second is not None
    assert second.action is Action.WARN
    assert kinds(session)[-1] == "policy.fired"
    assert AssessmentSession.objects.get().incidents == 2


def test_an_event_that_a_page_sends_again_counts_once() -> None:
    session = supervised(tab_hidden=[{"action": "log"}])
    event = ClientEvent("tab_hidden", 1)
    for second in (1, 2):
        presence.client_events(session.pk, [event, event], after(second), by=ME)
    assert kinds(session).count("tab_hidden") == 1
    assert AssessmentSession.objects.get().incidents == 1


def test_a_rule_that_pauses_stops_the_clock_until_a_proctor_permits() -> None:
    session = supervised(tab_hidden=[{"action": "pause"}])
    presence.client_events(session.pk, [ClientEvent("tab_hidden", 1)], after(8), by=ME)
    paused = AssessmentSession.objects.get()
    assert (paused.state, paused.paused_by, paused.resume_permitted) == (
        State.PAUSED,
        "rule",
        False,
    )


def test_a_rule_that_asks_a_proctor_raises_the_hand() -> None:
    session = supervised(copy_attempt=[{"action": "ask_proctor"}])
    presence.client_events(session.pk, [ClientEvent("copy_attempt", 1)], after(8), by=ME)
    assert AssessmentSession.objects.get().help_requested_at == after(8)
    interventions.answer_help(session.pk, by=factories.proctor(), at=after(9))
    assert AssessmentSession.objects.get().help_requested_at is None


def test_a_message_waits_until_it_is_acknowledged() -> None:
    session = factories.session()
    sent = interventions.message(
        session.pk, "Ten minutes more", by=factories.proctor(), at=after(8)
    )
    assert presence.unread_messages(session.pk) == [sent]
    presence.acknowledge(sent.pk, session.pk, after(9), by=ME)
    presence.acknowledge(sent.pk, session.pk, after(10), by=ME)
    assert presence.unread_messages(session.pk) == []
    assert kinds(session)[-2:] == ["message.sent", "message.acknowledged"]


def test_nobody_acknowledges_another_sessions_message() -> None:
    mine, other = factories.session(), factories.session()
    sent = interventions.message(mine.pk, "Hello", by=factories.proctor(), at=after(8))
    presence.acknowledge(sent.pk, other.pk, after(9), by=ME)
    assert presence.unread_messages(mine.pk) == [sent]


def test_pages_that_go_together_are_noted_together_but_not_those_that_are_back() -> None:
    gone, back = factories.session(), factories.session()
    since, later = factories.NOON + timedelta(seconds=5), factories.NOON + timedelta(seconds=9)
    AssessmentSession.objects.filter(pk=back.pk).update(last_seen_at=later)
    for _again in range(2):
        presence.lost_unless_back({gone.pk: since, back.pk: since})
    for session, disconnected_at, count in ((gone, since, 1), (back, None, 0)):
        assert AssessmentSession.objects.get(pk=session.pk).disconnected_at == disconnected_at
        kinds = [entry.kind for entry in ledger.read(f"session:{session.pk}")]
        assert kinds.count("connection.lost") == count


def test_pages_that_come_back_together_take_the_statements_of_one() -> None:
    sessions = [factories.session() for _ in range(4)]
    presence.lost_unless_back({one.pk: after(5) for one in sessions})
    counts = []
    for some in (sessions[:1], sessions[1:]):
        with CaptureQueriesContext(connection) as asked:
            presence.seen_all([one.pk for one in some], after(9))
        counts.append(len(asked))
    assert counts[0] == counts[1]
    for one in sessions:
        told = ledger.read(one.stream)[-1]
        by = f"candidate:{one.candidate_id}"
        assert (told.kind, told.actor, told.payload) == ("connection.back", by, {"away_ms": 4_000})
    assert set(AssessmentSession.objects.values_list("last_seen_at", "disconnected_at")) == {
        (after(9), None)
    }
