"""The file of Safe Exam Browser for a whole sitting, for rooms whose machines open it."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse

from delivery.candidate import browser, door
from delivery.models import Sitting
from delivery.seat import browsers
from integrity.policy.seb import Mode


def file_of(request: HttpRequest, sitting: Sitting) -> HttpResponse:
    """Hand out the sitting's configuration, which leads to the sign-in page."""
    policy = sitting.lockdown.policy() if sitting.lockdown is not None else None
    if policy is None or policy.seb_mode is Mode.NONE:
        raise Http404
    content = browsers.of_sitting(sitting, door.addresses_of(request), policy)
    return browser.as_file(content, f"sitting-{sitting.pk}.seb")
