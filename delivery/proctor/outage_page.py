"""An outage of the service as the proctor sees it: who lost how much, and one button to give it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from delivery.models import Outage
from delivery.proctor import forms, lines
from delivery.proctor.forms import ReasonForm
from delivery.sitting import outages, proctoring
from delivery.sitting.outages import Loss


class CreditForm(ReasonForm):
    ready_reasons = (_("The service was interrupted"),)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def outage(request: HttpRequest, sitting_id: int, outage_id: int) -> HttpResponse:
    """Show whom the outage hit and what a credit would give, or give it to the chosen ones."""
    user, at = request.user, timezone.now()
    if not isinstance(user, User):
        raise PermissionDenied
    sitting = get_object_or_404(proctoring.watched(user), pk=sitting_id)
    found = outages.find(sitting, outage_id)
    if found is None:
        raise Http404
    form = CreditForm(request.POST if request.method == "POST" else None)
    page = {"sitting": sitting, "outage": found, "form": form, "at": at}
    if request.method == "POST" and form.is_valid():
        return _given(request, page, found, user)
    return _offer(request, page, outages.preview(found, sitting, user, at))


def _given(request: HttpRequest, page: dict[str, Any], found: Outage, user: User) -> HttpResponse:
    rows = forms.read_targets(request.POST.getlist("row"))
    chosen = {row for row in rows if isinstance(row, UUID)}
    reason, at = page["form"].cleaned_data["reason"], page["at"]
    results = outages.credit(found, page["sitting"], chosen, reason=reason, by=user, at=at)
    page |= {
        "sheet": {"title": _("Credit for the outage")},
        "results": [lines.outcome(one) for one in results],
        "done": sum(one.done for one in results),
    }
    return render(request, "proctor/result.html", page)


def _offer(request: HttpRequest, page: dict[str, Any], losses: Sequence[Loss]) -> HttpResponse:
    page |= {
        "length": lines.left(page["outage"].length_ms),
        "affected": [_line(one) for one in losses if one.permission],
        "skipped": [_line(one) for one in losses if not one.permission],
    }
    return render(request, "proctor/outage.html", page)


def _line(loss: Loss) -> dict[str, Any]:
    candidate, refusal = loss.row.enrolment.candidate, loss.permission.refusal
    return {
        "target": str(loss.row.target),
        "name": candidate.name,
        "number": candidate.number,
        "lost": lines.left(loss.lost_ms),
        "reopens": loss.reopens,
        "before": "" if loss.before_ms is None else lines.left(loss.before_ms),
        "after": "" if loss.after_ms is None else lines.left(loss.after_ms),
        "why_not": lines.sentence(refusal, loss.row) if refusal else "",
    }
