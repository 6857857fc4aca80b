"""What scripts ask over HTTP when there is no socket: save, claim, clock, events, help."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_POST

from delivery.candidate import frames, gate, words
from delivery.candidate.gate import Visit
from delivery.candidate.later import LaterResponse
from delivery.models import State
from delivery.rules import navigation, protocol
from delivery.rules.protocol import Answer, Outgoing, RefusedMessage
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import lane
from delivery.saving.lane import SaveFailedError
from delivery.saving.responses import Outcome, Save, Saved
from delivery.seat import leases, presence
from delivery.session import desk
from delivery.session.desk import Desk

MOST_SAVES = 100


@require_POST
@gate.session_data
def save(visit: Visit) -> HttpResponse:
    """Save a queue in its order; each answer is acknowledged or refused by itself."""
    asked = frames.body(visit.request.body).get("saves")
    if not isinstance(asked, list) or len(asked) > MOST_SAVES:
        raise Refusal(Reason.MALFORMED)
    read = [_read(visit, frame) for frame in asked]
    waits_for = lane.queue_all([one for one in read if isinstance(one, Save)])

    def finish() -> HttpResponse:
        return _saved(visit, read, waits_for)

    return LaterResponse(waits_for, finish, frames.KIND)


def _saved(
    visit: Visit, read: list[Save | RefusedMessage], waits_for: list[Future[Outcome]]
) -> HttpResponse:
    try:
        outcomes = [future.result() for future in waits_for]
    except SaveFailedError:
        # Nothing is acknowledged: the page keeps its answers and sends them again.
        return HttpResponse(status=503)
    told = _told(read, iter(outcomes))
    # What the gate has read stands where nothing spoke against it.
    stands = all(isinstance(outcome, Saved) for outcome in outcomes)
    found = visit.desk if stands else desk.read(visit.session.pk)
    return frames.answer_with([*told, *_state(visit, found)])


def _told(read: list[Save | RefusedMessage], outcomes: Iterator[Outcome]) -> Iterator[Outgoing]:
    """Tell what became of each answer, in the order of the queue."""
    for one in read:
        if isinstance(one, Save):
            yield from frames.outcomes(one, next(outcomes))
        else:
            yield one


def _read(visit: Visit, frame: Any) -> Save | RefusedMessage:
    """Read one answer of the queue: one bad answer harms no other."""
    try:
        answer = Answer.read(frame if isinstance(frame, dict) else {})
    except Refusal as refusal:
        return frames.refused("", "", 0, refusal)
    try:
        item = visit.desk.definition(answer.item)
        return frames.save_of(answer, item, visit.session.pk, visit.by, visit.at, visit.device)
    except StopIteration:
        unknown = Refusal(Reason.NO_SUCH_ITEM)
        return frames.refused(answer.item, answer.key, answer.client_seq, unknown)
    except Refusal as refusal:
        return frames.refused(answer.item, answer.key, answer.client_seq, refusal)


def _state(visit: Visit, found: Desk) -> list[Outgoing]:
    """Tell the clock, how the session stands, and where to go if the page shows another state."""
    seen_state, seen_key = visit.request.GET.get("state"), visit.request.GET.get("item")
    moves = found.session.state != (seen_state or found.session.state)
    if seen_key and found.session.state == State.IN_PROGRESS:
        moves = moves or not navigation.may_enter(found.route, seen_key)
    if seen_state == State.PAUSED and visit.request.GET.get("permitted") == "0":
        moves = moves or found.session.resume_permitted
    standing = frames.moved(found, visit.at) if moves else frames.unmoved(found.session)
    told: list[Outgoing] = [frames.timer(found, visit.at), standing]
    epoch = visit.request.GET.get("epoch", "")
    if not moves and epoch.isdigit() and int(epoch) and int(epoch) != found.session.epoch:
        told.append(frames.elsewhere(found.session))
    return told


@require_GET
@gate.session_data
def timer(visit: Visit) -> HttpResponse:
    """The polling fallback: all that the socket would have said by now."""
    presence.seen(visit.session.pk, by=visit.by, at=visit.at)
    leases.here(visit.session, visit.request.GET.get("writer", ""))
    found = desk.read(visit.session.pk)
    shown = frames.item(found, visit.request.GET.get("item", ""))
    return frames.answer_with([*_state(visit, found), *shown, *frames.unread(visit.session.pk)])


@require_POST
@gate.session_data
def claim(visit: Visit) -> HttpResponse:
    asked = protocol.Claim.read(frames.body(visit.request.body) | {"device": ""})
    asker = frames.asker_of(asked, visit.device, words.device(visit.request))
    standing, beside = frames.claimed(visit.session.pk, asked, asker, visit.by, visit.at)
    return frames.answer_with([standing, *beside])


@require_POST
@gate.session_data
def left(visit: Visit) -> HttpResponse:
    """The page that holds the lease is being left; whoever returns is not asked."""
    writer = frames.body(visit.request.body).get("writer", "")
    leases.left(visit.session.pk, str(writer)[:64], visit.at)
    return frames.answer_with([])


@require_POST
@gate.session_data
def events(visit: Visit) -> HttpResponse:
    asked = protocol.Events.read(frames.body(visit.request.body))
    reported = frames.client_events(asked.events)
    follows = presence.client_events(visit.session.pk, reported, visit.at, by=visit.by)
    if follows is None:
        return frames.answer_with([])
    found = desk.read(visit.session.pk)
    return frames.answer_with([frames.rule(found.session, follows, found, visit.at)])


@require_POST
@gate.session_data
def ask_help(visit: Visit) -> HttpResponse:
    presence.ask_help(visit.session.pk, visit.at, by=visit.by)
    return gate.go(visit.request, gate.url_of(visit.session))


@require_POST
@gate.session_data
def acknowledge(visit: Visit, message_id: int) -> HttpResponse:
    presence.acknowledge(message_id, visit.session.pk, visit.at, by=visit.by)
    if visit.is_fragment:
        return HttpResponse("")
    return gate.go(visit.request, gate.url_of(visit.session))
