"""What socket and HTTP both say and hear: saves read, outcomes and the session's state written."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from assembly.qti.item import AssessmentItem
from delivery.candidate import gate, words
from delivery.models import AssessmentSession, Message, State
from delivery.rules import clock, protocol
from delivery.rules.clock import Clock
from delivery.rules.protocol import Answer, Claim, MessageMessage, Outgoing, SessionMessage
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import posted
from delivery.saving.responses import Outcome, Refused, Save
from delivery.seat import leases, presence
from delivery.seat.leases import Asker
from delivery.seat.presence import ClientEvent
from delivery.session import desk, sessions
from delivery.session.desk import Desk
from integrity.policy.lockdown import Action, Consequence

KIND: Final = "application/json"
LONGEST_NAME: Final = 64
# Stand for a message and its session where the words are the same for many.
SOMEBODY: Final = UUID("00000000-50ed-4b0d-8000-000000000001")
A_NUMBER: Final = "8405726139275046"
# The proctor came: a cover that waited for them is lifted.
ANSWERED: Final = '<div data-overlay="answered"></div>'
# These change nothing that a candidate's page shows of itself.
SILENT: Final = frozenset(
    {"item.entered", "item.flagged", "item.attempted", "item.selected", "response.quarantined"}
)
# After these the page no longer shows what the session stands at.
MOVING: Final = frozenset(
    {
        "session.paused",
        "session.resumed",
        "resume.permitted",
        "session.completed",
        "session.expired",
        "session.terminated",
        "session.reopened",
        "section.closed",
    }
)


def save_of(
    answer: Answer, item: AssessmentItem, session_id: UUID, by: str, at: datetime, device: str = ""
) -> Save:
    """Return the save that a message asks for; raises Refusal MALFORMED."""
    numbers = (answer.base_revision, answer.client_seq, answer.elapsed_ms, answer.epoch)
    named = 0 < len(answer.key) <= LONGEST_NAME and len(answer.writer) <= LONGEST_NAME
    # A name that were cut could be another's, and its answer taken for one that is saved.
    if not named or min(numbers) < 0 or max(numbers) >= 2**53 or answer.epoch >= 2**31:
        raise Refusal(Reason.MALFORMED)
    read = posted.read(item, answer.value)
    return Save(
        session_id=session_id,
        item=answer.item,
        raw=read.raw,
        strays=read.strays,
        base_revision=answer.base_revision,
        client_seq=answer.client_seq,
        key=answer.key,
        elapsed_ms=answer.elapsed_ms,
        epoch=answer.epoch,
        writer=answer.writer,
        received_at=at,
        by=by,
        device=device,
    )


def asker_of(asked: Claim, device_id: str, device: str) -> Asker:
    """Return the page that a claim comes from."""
    known = tuple(name[:64] for name in asked.known.split(",")[:8] if name)
    return Asker(device_id, device, asked.writer[:64], known)


def claimed(
    session_id: UUID, asked: Claim, asker: Asker, by: str, at: datetime
) -> tuple[SessionMessage, list[Outgoing]]:
    """Give the page the right to write; raises Refusal.

    Says how the session stands, and then how the item does that the page shows.
    """
    if asked.take_over:
        leases.take_over(session_id, asker, by=by, at=at)
    lease = leases.claim(session_id, asker, by=by, at=at)
    found = desk.read(session_id)
    return standing(found.session, epoch=lease.epoch), item(found, asked.item)


def outcome(result: Outcome) -> Outgoing:
    """Return the acknowledgement, or the refusal in the candidate's language."""
    if isinstance(result, Refused):
        return refused(result.item, result.key, result.client_seq, result.refusal, result.kept_as)
    return protocol.SavedMessage(
        item=result.item,
        key=result.key,
        client_seq=result.client_seq,
        revision=result.revision,
        ledger_seq=result.ledger_seq,
        head=result.head,
        answered=result.answered,
        in_grace=result.in_grace,
        saved_at=words.time_of(result.saved_at),
    )


def outcomes(one: Save, result: Outcome) -> list[Outgoing]:
    """Return the outcome, and the refusal of what came beside a saved answer."""
    told = [outcome(result)]
    if one.strays and not isinstance(result, Refused):
        stray = Refusal(Reason.STRAY_FIELDS)
        told.append(refused(one.item, one.key, one.client_seq, stray))
    return told


def refused(
    item: str, key: str, client_seq: int, refusal: Refusal, kept_as: int | None = None
) -> protocol.RefusedMessage:
    """Return a refusal as a message."""
    return protocol.RefusedMessage(
        item=item,
        key=key,
        client_seq=client_seq,
        reason=refusal.reason,
        sentence=words.sentence(refusal),
        kept_as=kept_as or 0,
    )


def timer(at_desk: Desk, at: datetime, sent: int = 0) -> protocol.TimerSync:
    """Return the clock of a session."""
    session = at_desk.session
    return words.timer(at_desk.reading(at), session.state, session.version, sent)


def timer_of(known: Clock, state: str, version: int, at: datetime) -> protocol.TimerSync:
    """Return the clock of a session that stands as it stood."""
    reading = clock.read(known, at, timezone.get_current_timezone())
    return words.timer(reading, state, version)


def standing(
    session: AssessmentSession, *, moves: bool = False, html: str = "", epoch: int = 0
) -> SessionMessage:
    """Return how the session stands; with `moves` the page is told where to go."""
    return SessionMessage(
        state=session.state,
        version=session.version,
        location=gate.url_of(session) if moves else "",
        overlay=html,
        epoch=epoch,
    )


def unmoved(session: AssessmentSession) -> SessionMessage:
    """Return how the session stands where the page stays; nobody waits for a proctor any more."""
    return standing(session, html="" if session.help_requested_at else ANSWERED)


def item(at_desk: Desk, key: str) -> list[Outgoing]:
    """Return which answer to an item counts; the one where the candidate stands is read already."""
    if at_desk.route.index(key) < 0:
        return []
    return [protocol.ItemMessage(item=key, revision=at_desk.item(key).revision)]


def moved(at_desk: Desk, at: datetime) -> SessionMessage:
    """Return where the candidate belongs now, with the overlay that hides the item at once."""
    html = pause_overlay(at_desk, at) if at_desk.session.state == State.PAUSED else ""
    return standing(at_desk.session, moves=True, html=html)


def ended(session: AssessmentSession) -> SessionMessage:
    """Return where the candidate of a session that is over belongs; asks the database nothing."""
    return standing(session, moves=True)


def ended_text(session: AssessmentSession) -> str:
    """Return the frame of `ended`, which is the same for many but for the session's name."""
    return _ended_text(session.state, session.version).replace(str(SOMEBODY), str(session.pk))


@lru_cache(maxsize=256)
def _ended_text(state: str, version: int) -> str:
    location = reverse("candidate:receipt", args=[SOMEBODY])
    return SessionMessage(state, version, location).frame()


def pause_overlay(at_desk: Desk, at: datetime) -> str:
    """Render why the clock stands and what comes next; the page behind it loads afterwards."""
    remaining = at_desk.reading(at).remaining_ms
    permission = sessions.may_resume(at_desk.session, at)
    context = {
        "session": at_desk.session,
        "remaining": None if remaining is None else words.countdown(remaining),
        "may_resume": False,
        "waits": words.sentence(permission.refusal) if permission.refusal else "",
    }
    return render_to_string("candidate/_paused.html", context)


def elsewhere(session: AssessmentSession) -> SessionMessage:
    """Return the overlay of a page that lost the right to write."""
    seen = words.time_of(session.last_seen_at) if session.last_seen_at else ""
    context = {"session": session, "device": session.device, "seen": seen}
    html = render_to_string("candidate/_elsewhere.html", context)
    return standing(session, html=html, epoch=session.epoch)


def rule(
    session: AssessmentSession, consequence: Consequence, at_desk: Desk, at: datetime
) -> SessionMessage:
    """Return what the candidate sees when a lockdown rule fires."""
    if consequence.action in (Action.PAUSE, Action.TERMINATE):
        return moved(at_desk, at)
    context = {
        "action": consequence.action.value,
        "message": _(consequence.message),
        "now": _(consequence.now),
        "go_on": _(consequence.go_on),
    }
    return standing(session, html=render_to_string("candidate/_rule.html", context))


def unread(session_id: UUID) -> list[Outgoing]:
    """Return the proctor's messages that the candidate has not acknowledged."""
    return [_message(message) for message in presence.unread_messages(session_id)]


def unread_of_many(session_ids: list[UUID]) -> dict[UUID, list[Outgoing]]:
    """Return what `unread` returns, of many sessions at once."""
    unread = presence.unread_of_many(session_ids)
    return {pk: [_message(message) for message in found] for pk, found in unread.items()}


def hinted_text(session_id: UUID, told: dict[str, Any]) -> str:
    """Return the frame of a proctor's message that came with its hint."""
    text = _hinted_text(told["text"], told["sent_at"], get_language())
    return text.replace(str(SOMEBODY), str(session_id)).replace(A_NUMBER, str(told["id"]))


@lru_cache(maxsize=256)
def _hinted_text(text: str, sent_at: str, _language: str | None) -> str:
    at = datetime.fromisoformat(sent_at)
    return _message(Message(pk=int(A_NUMBER), session_id=SOMEBODY, text=text, sent_at=at)).frame()


def _message(message: Message) -> Outgoing:
    written = _written(message.text, message.sent_at, get_language())
    html = written.replace(str(SOMEBODY), str(message.session_id))
    return MessageMessage(message_id=message.pk, html=html.replace(A_NUMBER, str(message.pk)))


@lru_cache(maxsize=256)
def _written(text: str, sent_at: datetime, _language: str | None) -> str:
    """Render words once for all candidates to whom they went, who are put in afterwards."""
    message = Message(pk=int(A_NUMBER), session_id=SOMEBODY, text=text, sent_at=sent_at)
    return render_to_string("candidate/_message.html", {"message": message})


def client_events(reported: list[dict[str, Any]]) -> list[ClientEvent]:
    """Read what a page noticed; what does not fit is left out."""
    found = []
    for row in reported[: presence.MOST_IN_A_BATCH * 2]:
        match row:
            case {"name": str(name), "monotonic_ms": int(monotonic_ms)}:
                detail = row.get("detail", "")
                kept = detail if isinstance(detail, str) else ""
                found.append(ClientEvent(name, monotonic_ms, kept))
    return found


def answer_with(frames: Iterable[Outgoing]) -> HttpResponse:
    """Return messages over HTTP: the same frames, in a list."""
    body = ",".join(frame.frame() for frame in frames)
    return HttpResponse(f'{{"frames":[{body}]}}', content_type=KIND)


def body(text: bytes) -> dict[str, Any]:
    """Read a JSON object of a bounded size; raises Refusal."""
    if len(text) > protocol.LONGEST_FRAME:
        raise Refusal(Reason.TOO_LARGE, {"limit": str(protocol.LONGEST_FRAME)})
    try:
        found = json.loads(text)
    except ValueError as error:
        raise Refusal(Reason.MALFORMED) from error
    if not isinstance(found, dict):
        raise Refusal(Reason.MALFORMED)
    return found
