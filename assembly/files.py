"""Files of packages over HTTP: in ranges, named by their content's hash, and never as pages."""

from __future__ import annotations

import re
from typing import Final

from django.db.models import BinaryField, F, Func, Value
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified

from assembly.models import Asset
from assembly.qti import stylesheets

# Images, sounds and films may be shown by the browser; anything else is only downloaded.
SHOWN: Final = ("image/", "audio/", "video/", "text/css", "text/vtt")
# A picture may carry scripts (SVG): opened on its own, it must not run them.
POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
CSS: Final = "text/css"
VERSION_DIGITS: Final = 16
A_YEAR: Final = 31_536_000
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def version_of(sha256: str) -> str:
    """Return what an address carries of its file's hash: another content is another address."""
    return sha256[:VERSION_DIGITS]


def respond(request: HttpRequest, found: Asset, *, as_it_is: bool = False) -> HttpResponse:
    """Hand out a file, or the part of it that was asked for (RFC 9110); `content` may be deferred.

    A file that is named by its hash is kept for a year; another one is asked for again each time.
    A stylesheet is scoped to the item's content, unless it serves a sealed frame `as_it_is`.
    """
    tag = f'"{found.sha256}"'
    if tag in request.headers.get("If-None-Match", ""):
        return _described(request, found, HttpResponseNotModified())
    if found.media_type == CSS and not as_it_is:
        source = bytes(found.content).decode("utf-8", "replace")
        body = stylesheets.scoped(source)
        styled = HttpResponse(body, content_type="text/css; charset=utf-8")
        return _described(request, found, styled)
    return _described(request, found, _ranged(request, found, tag))


def _ranged(request: HttpRequest, found: Asset, tag: str) -> HttpResponse:
    asked = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    unchanged = request.headers.get("If-Range", tag) == tag
    if asked is None or asked[0] == "bytes=-" or not unchanged:
        return HttpResponse(bytes(found.content), content_type=found.media_type)
    first, last = _bounds(asked[1], asked[2], found.size)
    if first > last:
        answer = HttpResponse(status=416)
        answer["Content-Range"] = f"bytes */{found.size}"
        return answer
    piece = _piece(found, first, last - first + 1)
    answer = HttpResponse(piece, content_type=found.media_type, status=206)
    answer["Content-Range"] = f"bytes {first}-{last}/{found.size}"
    return answer


def _bounds(first: str, last: str, size: int) -> tuple[int, int]:
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last), size - 1) if last else size - 1


def _piece(found: Asset, start: int, length: int) -> bytes:
    """Only these bytes leave the database: a film is asked for in many pieces."""
    slice_ = Func(
        F("content"),
        Value(start + 1),
        Value(length),
        function="SUBSTR",
        output_field=BinaryField(),
    )
    return bytes(Asset.objects.filter(pk=found.pk).values_list(slice_, flat=True).get())


def _described(request: HttpRequest, found: Asset, response: HttpResponse) -> HttpResponse:
    named = request.GET.get("v") == version_of(found.sha256)
    keep = f"private, max-age={A_YEAR}, immutable" if named else "private, no-cache"
    shown = found.media_type.startswith(SHOWN)
    response["Cache-Control"] = keep
    response["ETag"] = f'"{found.sha256}"'
    response["Accept-Ranges"] = "none" if found.media_type == CSS else "bytes"
    response["Content-Disposition"] = "inline" if shown else "attachment"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = POLICY
    return response
