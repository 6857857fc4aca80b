"""Files that are too large for a form: handed in beforehand, and shown again to their owner."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from assembly import files
from assembly.rendering import Handing
from delivery.candidate import gate
from delivery.candidate.gate import Visit
from delivery.models import ENDED_STATES, AnswerFile, AssessmentSession, State
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import handing
from delivery.saving.handing import Handed

# Larger ones do not fit into an answer as text.
SMALL: Final = 70_000
PICTURES: Final = ("image/png", "image/jpeg", "image/gif", "image/webp")


def of(session: AssessmentSession, key: str) -> Handing:
    """Return where an item's page hands files in."""
    address = reverse("candidate:hand_in", args=[session.pk, key])
    return Handing(
        address=address,
        file_url=lambda digest: f"{address}{digest}/",
        limit=settings.ANSWER_FILE_BYTES,
    )


def of_request(request: HttpRequest) -> dict[str, UploadedFile[bytes]]:
    """Return the files of a form by the names of their controls."""
    found = ((name, request.FILES.get(name)) for name in request.FILES)
    return {name: file for name, file in found if isinstance(file, UploadedFile)}


def keep(visit: Visit, key: str, upload: UploadedFile[bytes]) -> str:
    """Keep one uploaded file and return how the answer names it; raises Refusal."""
    handing.may_hand_in(upload.size or 0, 0).demand()
    handed = Handed(upload.name or "", upload.content_type or "", upload.read())
    return handing.keep(visit.session.pk, key, handed, visit.at, by=visit.by)


@require_POST
@gate.session_data
def take(visit: Visit, key: str) -> HttpResponse:
    """Take a file that the page's script sends while the candidate goes on."""
    upload = of_request(visit.request).get("file")
    if visit.desk.route.index(key) < 0 or upload is None:
        raise Refusal(Reason.MALFORMED)
    if not visit.is_holder:
        raise Refusal(Reason.LEASE_LOST)
    return JsonResponse({"value": keep(visit, key, upload)})


@require_GET
@gate.session_page(State.IN_PROGRESS, *ENDED_STATES)
def show(visit: Visit, key: str, digest: str) -> HttpResponse:
    """Show a candidate their own file again."""
    found = handing.read(visit.session.pk, digest)
    if found is None:
        raise Http404
    return as_response(found)


def as_response(found: AnswerFile) -> HttpResponse:
    """Return a file that somebody else wrote: a plain picture is shown, all else only saved."""
    shown = found.media_type in PICTURES
    response = HttpResponse(
        bytes(found.content), content_type=found.media_type if shown else handing.UNKNOWN
    )
    name = "".join(c for c in found.name if c.isascii() and (c.isalnum() or c in "._- ")) or "file"
    response["Content-Disposition"] = f'{"inline" if shown else "attachment"}; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = files.POLICY
    return response
