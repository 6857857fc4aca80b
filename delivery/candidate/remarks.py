"""A candidate's comment on an item, sent by the page's script as it is written."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from delivery.candidate import frames, gate
from delivery.candidate.gate import Visit
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import comments
from delivery.saving.comments import Sender


@require_POST
@gate.session_data
def save(visit: Visit, key: str) -> HttpResponse:
    """Keep the comment; the answer names the time that the page may show."""
    if visit.desk.route.index(key) < 0:
        raise Refusal(Reason.NO_SUCH_ITEM)
    told = frames.body(visit.request.body)
    sender = Sender(
        writer=_text(told, "writer"),
        client_seq=_whole(told, "client_seq"),
        epoch=_whole(told, "epoch"),
        device=visit.device,
    )
    if len(sender.writer) > frames.LONGEST_NAME:
        raise Refusal(Reason.MALFORMED)
    comment = _text(told, "comment")
    comments.save(visit.session.pk, key, comment, visit.at, by=visit.by, sender=sender)
    saved_at = timezone.localtime(visit.at).strftime("%H:%M:%S")
    return JsonResponse({"type": "commented", "item": key, "saved_at": saved_at})


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name, "")
    if not isinstance(value, str):
        raise Refusal(Reason.MALFORMED)
    return value


def _whole(told: dict[str, Any], name: str) -> int:
    value = told.get(name, 0)
    if type(value) is not int or not 0 <= value < 2**53:
        raise Refusal(Reason.MALFORMED)
    return value
