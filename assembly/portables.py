"""The sealed frame of portable custom interactions: its page, and its files by signed addresses."""

from __future__ import annotations

from typing import Final

from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET

from assembly import addresses, bank, files
from assembly.rendering.nodes import Frames

SECONDS: Final = 3600
SALT: Final = "portable interaction"
# The frame has an origin of its own that no cookie reaches: "self" must be spelt out.
POLICY: Final = (
    "sandbox allow-scripts; default-src 'none'; script-src {origin} 'unsafe-eval';"
    " style-src {origin} 'unsafe-inline'; img-src {origin} data: blob:;"
    " media-src {origin} data: blob:; font-src {origin} data:; connect-src {origin};"
    " base-uri {origin}; form-action 'none'; frame-ancestors {origin}"
)


def frames(item_version_id: int) -> Frames:
    """Where the item's portable interactions run, and their files for the next hour."""
    token = signing.dumps(item_version_id, salt=SALT)

    def file_url(href: str) -> str:
        return reverse("portable_file", args=[token, addresses.in_depth(href)])

    base = reverse("portable_file", args=[token, addresses.in_depth("base")]).removesuffix("base")
    return Frames(page=reverse("portable_frame"), file_url=file_url, base=base)


@login_not_required
@require_GET
@xframe_options_sameorigin
def frame(request: HttpRequest) -> HttpResponse:
    """The same empty page for everybody: it is told by its parent what to show."""
    response = render(request, "qti/portable_frame.html")
    response["Content-Security-Policy"] = POLICY.format(origin=_origin(request))
    return response


@login_not_required
@require_GET
def file(request: HttpRequest, token: str, href: str) -> HttpResponse:
    """A file of the item that the token was signed for, to a frame that sends no cookies."""
    try:
        version_id = signing.loads(token, salt=SALT, max_age=SECONDS)
    except signing.BadSignature as error:
        raise Http404 from error
    found = bank.asset(int(version_id), addresses.from_depth(href))
    if found is None:
        raise Http404
    found.media_type = _kind(found.media_type)
    response = files.respond(request, found, as_it_is=True)
    response["Access-Control-Allow-Origin"] = "*"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response["Cache-Control"] = f"private, max-age={SECONDS}"
    return response


def _origin(request: HttpRequest) -> str:
    return request.build_absolute_uri("/").rstrip("/")


def _kind(media_type: str) -> str:
    """Old names of JavaScript are no scripts to a browser that is told not to guess."""
    return "text/javascript" if media_type.endswith("javascript") else media_type
