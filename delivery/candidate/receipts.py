"""The receipt of an ended session, as page and as file, and the public page that verifies it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import segno
from django.contrib.auth.decorators import login_not_required
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from delivery.candidate import door, gate, words
from delivery.candidate.gate import Visit
from delivery.models import ENDED_STATES
from delivery.people import throttle
from delivery.records import receipts
from delivery.records.receipts import Verification
from delivery.rules.refusals import Reason, Refusal
from delivery.session import release
from integrity.proof import evidence, sealing

LONGEST_CODE: Final = 64
# Black on white whatever the display: cameras read nothing else well.
DRAWN: Final = {"scale": 4, "border": 4, "dark": "#000", "light": "#fff", "omitsize": True}


@require_GET
@gate.session_page(*ENDED_STATES)
def receipt(visit: Visit) -> HttpResponse:
    permission = release.may_see_result(visit.session, visit.at)
    address = door.origin_of(visit.request) + verify_url(visit.session.receipt_code)
    context = {
        "desk": visit.desk,
        "session": visit.session,
        "sitting": visit.desk.sitting,
        "counts": visit.desk.counts(),
        "finished": words.moment(visit.session.finished_at),
        "receipt": receipts.of(visit.session),
        "address": address,
        "drawn": qr(address),
        # What still waits on the device at the end is sent from here, and kept aside.
        "queue_key": sealing.device_key(str(visit.session.pk)),
        "result_visible": bool(permission),
        "awaits_score": visit.session.scored_at is None,
        "release": visit.desk.sitting.release,
    }
    return render(visit.request, "candidate/receipt.html", context)


def verify_url(code: str) -> str:
    return reverse("candidate:verify_code", args=[code])


def qr(text: str) -> SafeString:
    """Return a QR code as an SVG without a style of its own."""
    drawn = segno.make_qr(text, error="m").svg_inline(**DRAWN, svgclass=None, lineclass=None)
    return mark_safe(drawn)  # noqa: S308 - made of numbers


@require_GET
@gate.session_page(*ENDED_STATES)
def file(visit: Visit) -> HttpResponse:
    """Hand out the receipt as a file; once it is sealed, its proof is in it."""
    found = receipts.of(visit.session)
    if found is None:
        return redirect("candidate:receipt", session_id=visit.session.pk)
    response = HttpResponse(found.file(), content_type="application/json; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="receipt-{found.code}.json"'
    return response


@login_not_required
@never_cache
@require_http_methods(["GET", "POST"])
def verify(request: HttpRequest) -> HttpResponse:
    """Verify a receipt by its code or by its file; says what holds and what that proves."""
    if request.method == "GET" and "code" in request.GET:
        return redirect("candidate:verify_code", code=_code(request) or "-")
    if request.method == "GET":
        return render(request, "candidate/verify.html", {})
    uploaded = request.FILES.get("receipt")
    if not isinstance(uploaded, UploadedFile):
        return redirect("candidate:verify_code", code=_code(request) or "-")
    return _answer(request, partial(_verified, uploaded))


@login_not_required
@require_GET
def verifier(request: HttpRequest) -> HttpResponse:
    """Hand out the program that verifies a receipt, or a bundle, without us."""
    del request
    response = HttpResponse(evidence.VERIFIER.read_bytes(), content_type="text/x-python")
    response["Content-Disposition"] = 'attachment; filename="verify.py"'
    return response


def _code(request: HttpRequest) -> str:
    given = request.POST.get("code", "") or request.GET.get("code", "")
    return receipts.normal_code(given[:LONGEST_CODE])


def _verified(uploaded: UploadedFile[Any]) -> Verification:
    return receipts.check(receipts.read(uploaded.read(receipts.LARGEST_FILE + 1)))


@login_not_required
@never_cache
@require_GET
def verify_code(request: HttpRequest, code: str) -> HttpResponse:
    """What the QR code on a receipt leads to."""
    return _answer(request, partial(receipts.look_up, code[:LONGEST_CODE]), code=code)


def _answer(request: HttpRequest, ask: Callable[[], Verification], code: str = "") -> HttpResponse:
    address, at = request.META.get("REMOTE_ADDR", ""), timezone.now()
    try:
        throttle.may_look_up(address, at).demand()
        found = ask()
    except Refusal as refusal:
        if refusal.reason is Reason.RECEIPT_UNKNOWN:
            throttle.failed_look_up(address, at)
        status = 429 if refusal.reason is Reason.TOO_MANY_TRIES else 404
        context: dict[str, Any] = {"problem": words.sentence(refusal), "code": code.strip("-")}
        return render(request, "candidate/verify.html", context, status=status)
    return render(request, "candidate/verify.html", {"found": found, "code": found.code})
