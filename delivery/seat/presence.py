"""Who is there: the page that may write, heartbeats, calls for help, and what the page noticed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.core.cache import cache
from django.db import transaction
from django.db.models import QuerySet

from delivery.facts import events, journal
from delivery.facts.events import Fact
from delivery.models import AssessmentSession, Message, State
from delivery.queries import setwise
from delivery.rules import clock, legible, refusals
from delivery.rules.refusals import Reason
from delivery.seat import conditions
from delivery.session import desk, interventions, sessions, steps
from delivery.session.desk import Desk
from integrity.policy import lockdown
from integrity.policy.lockdown import Action, Consequence

MOST_IN_A_BATCH: Final = 50
MOST_IN_A_MINUTE: Final = 120
LONGEST_DETAIL: Final = 200
SAME_EVENT_SECONDS: Final = 120
LAST_MONOTONIC_MS: Final = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write: a save carries the epoch; a newer epoch ends the older one's right."""

    epoch: int
    taken_over: bool
    device: str
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class ClientEvent:
    """What a page says it noticed; `monotonic_ms` is its own clock, never ours."""

    name: str
    monotonic_ms: int
    detail: str = ""


def claim(session_id: UUID, *, writer: str, device: str, by: str, at: datetime) -> Lease:
    """Give the right to write to a page; the same page asking again keeps its epoch.

    The lease returned names whom it was taken from: the device and when it was last seen.
    """
    with transaction.atomic():
        return give(desk.lock(session_id), writer=writer, device=device, by=by, at=at)


def give(found: Desk, *, writer: str, device: str, by: str, at: datetime) -> Lease:
    """Give a page the right to write to a locked session, as `claim` does."""
    session = found.session
    page, machine = legible.text(writer)[:64], legible.text(device)[:200]
    before = (session.writer, session.device, session.last_seen_at)
    if session.writer == page and session.epoch:
        return Lease(session.epoch, taken_over=False, device=before[1], last_seen_at=before[2])
    session.epoch += 1
    session.writer, session.device, session.last_seen_at = page, machine, at
    journal.record(events.LeaseClaimed(**found.head(by, at), epoch=session.epoch, device=machine))
    steps.keep(found)
    return Lease(session.epoch, bool(before[0]), before[1], before[2])


def seen(session_id: UUID, *, by: str, at: datetime) -> None:
    """Note a heartbeat; the first one after a silence is a fact."""
    _seen([session_id], at, by)


def seen_all(session_ids: Sequence[UUID], at: datetime) -> None:
    """Note heartbeats, in as many statements as one of them takes.

    When a server or a network is back, all its pages are so in the same moment.
    """
    _seen(session_ids, at)


def _seen(session_ids: Sequence[UUID], at: datetime, by: str = "") -> None:
    asked = AssessmentSession.objects.filter(pk__in=session_ids)
    heard = asked.filter(disconnected_at__isnull=True).update(last_seen_at=at)
    if heard == len(set(session_ids)):
        return
    with transaction.atomic():
        back = list(_locked(asked.filter(disconnected_at__isnull=False)))
        facts = [
            events.ConnectionBack(
                **events.head(one.pk, one.sitting_id, by or f"candidate:{one.candidate_id}", at),
                away_ms=max(0, clock.milliseconds(at - (one.disconnected_at or at))),
            )
            for one in back
        ]
        for session in back:
            session.disconnected_at, session.last_seen_at = None, at
            session.version += 1
        setwise.update(back, ["disconnected_at", "last_seen_at", "version"])
        journal.record_all(facts)


def _locked(sessions: QuerySet[AssessmentSession]) -> QuerySet[AssessmentSession]:
    return sessions.select_for_update().order_by("pk").defer("plan", "outcomes")


def lost(session_id: UUID, at: datetime) -> None:
    """Note that the candidate's page went silent while the session runs."""
    lost_unless_back({session_id: at})


def lost_unless_back(since: Mapping[UUID, datetime]) -> None:
    """Note the pages that are silent since then, in as many statements as one of them takes.

    When a server goes, all its pages do so in the same moment.
    """
    running = AssessmentSession.objects.filter(
        state=State.IN_PROGRESS, disconnected_at__isnull=True
    )
    # Most are back, and their answers need not wait for this.
    seen = running.filter(pk__in=list(since)).values_list("pk", "last_seen_at")
    silent = [pk for pk, last in seen if not (last and last > since[pk])]
    if not silent:
        return
    with transaction.atomic():
        gone = [
            one
            for one in _locked(running.filter(pk__in=silent))
            if not (one.last_seen_at and one.last_seen_at > since[one.pk])
        ]
        for session in gone:
            session.disconnected_at = since[session.pk]
            session.version += 1
        setwise.update(gone, ["disconnected_at", "version"])
        heads = [events.head(one.pk, one.sitting_id, "system", since[one.pk]) for one in gone]
        journal.record_all([events.ConnectionLost(**head) for head in heads])


def ask_help(session_id: UUID, at: datetime, *, by: str) -> None:
    """Raise the candidate's hand; raising it twice is once."""
    with transaction.atomic():
        found = desk.lock(session_id)
        if found.session.help_requested_at is None and found.session.is_open:
            found.session.help_requested_at = at
            journal.record(events.HelpRequested(**found.head(by, at)))
            steps.keep(found)


def acknowledge(message_id: int, session_id: UUID, at: datetime, *, by: str) -> None:
    """Note that the candidate has read a message of theirs."""
    with transaction.atomic():
        found = desk.lock(session_id)
        unread = Message.objects.filter(
            pk=message_id, session_id=session_id, acknowledged_at__isnull=True
        )
        if unread.update(acknowledged_at=at):
            fact = events.MessageAcknowledged(**found.head(by, at), message=message_id)
            journal.record(fact)


def unread_messages(session_id: UUID) -> list[Message]:
    """Return the messages that the candidate has not acknowledged, oldest first."""
    return unread_of_many([session_id])[session_id]


def unread_of_many(session_ids: Sequence[UUID]) -> dict[UUID, list[Message]]:
    """Return the unread messages of sessions, in one statement."""
    found = Message.objects.filter(session_id__in=session_ids, acknowledged_at__isnull=True).only(
        "session_id", "text", "sent_at"
    )
    unread: dict[UUID, list[Message]] = {session_id: [] for session_id in session_ids}
    for message in found.order_by("sent_at"):
        unread[message.session_id].append(message)
    return unread


def client_events(
    session_id: UUID, reported: Sequence[ClientEvent], at: datetime, *, by: str
) -> Consequence | None:
    """Record what the page noticed and return what follows: the gravest consequence felt.

    Claims are clipped and limited; what is over the limit is counted and not kept.
    """
    known = [event for event in reported if event.name in lockdown.SIGNALS]
    known = [event for event in known if _is_news(session_id, event)]
    allowed = known[: min(MOST_IN_A_BATCH, _left_in_minute(session_id, len(known)))]
    with transaction.atomic():
        found = desk.lock(session_id)
        if not found.session.is_open:
            raise refusals.Refusal(Reason.NOT_RUNNING)
        consequence = _record(found, allowed, len(known) - len(allowed), at)
        steps.keep(found)
    if consequence is not None and consequence.action is Action.PAUSE:
        _pause_by_rule(session_id, consequence, at)
    if consequence is not None and consequence.action is Action.TERMINATE:
        interventions.end(session_id, reason=consequence.message, by="system", at=at)
    return consequence


def _is_news(session_id: UUID, event: ClientEvent) -> bool:
    """Tell whether an event is not one that a page sent again because no answer reached it."""
    name = f"client-event:{session_id}:{event.name}:{event.monotonic_ms}"
    return cache.add(name, 1, timeout=SAME_EVENT_SECONDS)


def _left_in_minute(session_id: UUID, wanted: int) -> int:
    name = f"client-events:{session_id}"
    cache.add(name, 0, timeout=60)
    try:
        used = cache.incr(name, wanted)
    except ValueError:
        return MOST_IN_A_MINUTE
    return max(0, MOST_IN_A_MINUTE - (used - wanted))


def _record(
    found: Desk, allowed: Sequence[ClientEvent], dropped: int, at: datetime
) -> Consequence | None:
    session, facts, felt = found.session, list[Fact](), list[Consequence]()
    enrolment = conditions.enrolment_of(session)
    policy = conditions.policy_of(enrolment, session)
    for event in allowed:
        facts.append(_reported(found, event, at))
        if not policy.watches(event.name):
            continue
        count = session.event_counts.get(event.name, 0) + 1
        session.event_counts[event.name] = count
        consequence = lockdown.judge(policy, event.name, count)
        if lockdown.SIGNALS[event.name].adverse and not conditions.is_quiet(enrolment, event.name):
            session.incidents += 1
            session.last_incident = event.name
        if consequence.is_felt:
            felt.append(consequence)
            facts.append(_fired(found, consequence, at))
    if dropped:
        facts.append(events.EventsDropped(**found.head("client", at), count=dropped))
    journal.record_all(facts)
    gravest = max(felt, key=lambda one: list(Action).index(one.action), default=None)
    if gravest is not None and gravest.action is Action.ASK_PROCTOR:
        session.help_requested_at = session.help_requested_at or at
    return gravest


def _reported(found: Desk, event: ClientEvent, at: datetime) -> events.ClientReported:
    return events.ClientReported(
        **found.head("client", at),
        name=event.name,
        monotonic_ms=max(0, min(event.monotonic_ms, LAST_MONOTONIC_MS)),
        detail=legible.text(event.detail[:LONGEST_DETAIL]),
    )


def _fired(found: Desk, consequence: Consequence, at: datetime) -> events.PolicyFired:
    return events.PolicyFired(
        **found.head("system", at),
        rule=consequence.event,
        action=consequence.action,
        count=consequence.count,
    )


def _pause_by_rule(session_id: UUID, consequence: Consequence, at: datetime) -> None:
    session = AssessmentSession.objects.select_related("sitting").get(pk=session_id)
    if sessions.may_pause(session, at):
        sessions.pause(
            session_id,
            paused_by=sessions.PausedBy.RULE,
            reason=consequence.message,
            by="system",
            at=at,
        )
