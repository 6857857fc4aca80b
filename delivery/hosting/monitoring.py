"""What watches the service: is this process ready, and its numbers; only from this machine."""

import ipaddress

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from delivery.vitals import health, metrics


@require_GET
@login_not_required
def ready(request: HttpRequest) -> JsonResponse:
    """Answers 200 while candidates can go on here, else 503 and what is down."""
    found = health.checks(timezone.now())
    is_ready = health.is_ready(found)
    told = {"ready": is_ready, "parts": {check.name: check.level for check in found}}
    return JsonResponse(told, status=200 if is_ready else 503)


@require_GET
@login_not_required
def numbers(request: HttpRequest) -> HttpResponse:
    """The metrics; whoever comes through the proxy finds nothing here."""
    address = request.META.get("REMOTE_ADDR", "")
    if "HTTP_X_FORWARDED_FOR" in request.META or not _is_here(address):
        raise Http404
    found = health.checks(timezone.now())
    return HttpResponse(metrics.text(found), content_type=metrics.CONTENT_TYPE)


def _is_here(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
