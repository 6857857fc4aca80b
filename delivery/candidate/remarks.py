"""A candidate's comment on an item, sent by the page's script as it is written."""

from __future__ import annotations

from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from delivery.candidate import gate
from delivery.candidate.gate import Visit
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import comments


@require_POST
@gate.session_data
def save(visit: Visit, key: str) -> HttpResponse:
    """Keep the comment; the answer names the time that the page may show."""
    if visit.desk.route.index(key) < 0:
        raise Refusal(Reason.NO_SUCH_ITEM)
    text = visit.request.POST.get("comment", "")
    comments.save(visit.session.pk, key, text, visit.at, by=visit.by)
    return JsonResponse({"saved_at": timezone.localtime(visit.at).strftime("%H:%M:%S")})
