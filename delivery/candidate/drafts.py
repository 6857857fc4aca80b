"""Answers that another page kept from being saved: beside what is saved, to pick from."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from delivery.candidate import gate, pages, words
from delivery.candidate.gate import Visit
from delivery.models import Quarantine, State
from delivery.rules.refusals import Refusal
from delivery.saving import drafts


@require_http_methods(["GET", "POST"])
@gate.session_page(State.IN_PROGRESS)
def review(visit: Visit) -> HttpResponse:
    problem = ""
    if visit.request.method == "POST":
        try:
            _settle(visit)
            return redirect(visit.request.path)
        except Refusal as refusal:
            problem = words.sentence(refusal)
    context = pages.frame(visit) | {"waiting": drafts.waiting(visit.desk), "problem": problem}
    status = 409 if problem else 200
    return render(visit.request, "candidate/drafts.html", context, status=status)


def _settle(visit: Visit) -> None:
    """Use or leave the one draft that was pressed; one that is not there was decided already."""
    for use, name in ((True, "use"), (False, "leave")):
        pressed = visit.request.POST.get(name, "")
        if pressed.isascii() and pressed.isdigit():
            kept = Quarantine.objects.filter(pk=int(pressed), session=visit.session.pk)
            for key in kept.values_list("pk", flat=True):
                drafts.settle(
                    key, visit.session.pk, use=use, device=visit.device, by=visit.by, at=visit.at
                )
