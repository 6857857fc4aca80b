"""What a bundle's pages show besides HTML: portable modules that run there, files handed in."""

from __future__ import annotations

import base64
import binascii
import mimetypes
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from assembly import addresses, bank
from assembly.models import Asset, ItemVersionAsset
from assembly.qti import interactions_other
from assembly.qti.interactions_portable import PortableCustom
from assembly.rendering.nodes import Frames
from delivery.models import AssessmentSession
from delivery.saving import handing

# Modules resolve addresses against it; it never leads anywhere (RFC 6761, 6.4).
BASE: Final = "https://package.invalid/"
FOLDER: Final = "portables"
# A page with more than this in it is no longer opened with pleasure; bytes.
MOST: Final = 20_000_000
PLAIN: Final = {
    "image/png": ".png",
    "image/jpeg": ".jpg",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
}
_SCRIPTS: Final = ("qti-portable-frame", "exhibit")
_KEPT: Final = "/!$&'()*+,;=:@~-._"
Raw = Mapping[str, Any]
File = tuple[str, bytes]


@dataclass(frozen=True, slots=True)
class Portable:
    """The page that runs an item's portable interactions offline, and the item's files."""

    name: str
    page: bytes
    files: dict[str, Asset]

    def frames(self, up: str) -> Frames:
        """Return where the page lies, seen from a page of a session."""
        return Frames(page=f"{up}{self.name}", file_url=_address, base=_base(), at_rest=True)


def portable_of(item_version_id: int) -> Portable | None:
    """Return what shows an item's portable interactions; None where it has none."""
    listed = bank.item(item_version_id).interactions
    if not any(isinstance(one, PortableCustom) for one in listed):
        return None
    rows = ItemVersionAsset.objects.filter(item_version=item_version_id).select_related("asset")
    files = {row.href: row.asset for row in rows.order_by("asset__size", "href")}
    page = render_to_string("evidence/portable.html", _told(files)).encode()
    return Portable(f"{FOLDER}/{sha256(page).hexdigest()}.html", page, files)


def _told(files: Mapping[str, Asset]) -> dict[str, Any]:
    """All inside one page: a sealed frame may load nothing else from a disk."""
    inside, left = {}, MOST
    for href, asset in files.items():
        left -= asset.size
        if left >= 0:
            inside[_address(href)] = _data(_kind(asset.media_type), bytes(asset.content))
    scripts = [_data("text/javascript", _static(f"js/{name}.js")) for name in _SCRIPTS]
    style = _data("text/css", _static("css/portable.css"))
    return {"files": inside, "scripts": scripts, "style": style, "base": BASE.rstrip("/")}


def _static(name: str) -> bytes:
    found = finders.find(name)
    assert isinstance(found, str)  # a file of ours
    return Path(found).read_bytes()


def _kind(media_type: str) -> str:
    return "text/javascript" if media_type.endswith("javascript") else media_type


def _data(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


def _address(href: str) -> str:
    """Write an address of the package as a browser resolves it."""
    return BASE + quote(addresses.in_depth(href), safe=_KEPT)


def _base() -> str:
    return _address("base").removesuffix("base")


@dataclass(slots=True)
class Shared:
    """What the sessions of one bundle have in common, so that each file is written once."""

    names: set[str] = field(default_factory=set)
    portables: dict[int, Portable | None] = field(default_factory=dict)

    def is_new(self, name: str) -> bool:
        known = name in self.names
        self.names.add(name)
        return not known

    def portable(self, item_version_id: int) -> Portable | None:
        if item_version_id not in self.portables:
            self.portables[item_version_id] = portable_of(item_version_id)
        return self.portables[item_version_id]


@dataclass(frozen=True, slots=True)
class Handed:
    """A file of an answer: `path` within the session's folder; names and kinds are claims."""

    name: str
    media_type: str
    sha256: str

    @property
    def path(self) -> str:
        """What somebody else wrote is never called a page."""
        return f"files/{self.sha256}{PLAIN.get(self.media_type, '.bin')}"

    @property
    def is_picture(self) -> bool:
        return self.media_type.startswith("image/") and self.media_type in PLAIN


def handed_in(session: AssessmentSession) -> Iterator[tuple[Handed, bytes]]:
    """Yield the files that were handed in beforehand, one at a time."""
    for row in handing.listed(session.pk):
        yield Handed(row.name, row.media_type, row.sha256), bytes(row.content)


def within(value: Raw) -> Iterator[tuple[Handed, bytes]]:
    """Yield the files that travelled in an answer as text; those named by a hash have no bytes."""
    for given in value.values():
        for text in [given] if isinstance(given, str) else given or ():
            if digest := interactions_other.referred(text):
                kind = text.partition(";type=")[2].partition(";")[0]
                yield Handed(text.partition(";name=")[2], kind, digest), b""
            elif text.startswith("data:") and (found := _opened(text)):
                yield found


def _opened(text: str) -> tuple[Handed, bytes] | None:
    head, comma, body = text.partition(";base64,")
    if not comma:
        return None
    try:
        content = base64.b64decode(body, validate=True)
    except binascii.Error:
        return None
    kind, *rest = head.removeprefix("data:").split(";")
    name = next((one.removeprefix("name=") for one in rest if one.startswith("name=")), "")
    kind = kind or "application/octet-stream"
    return Handed(name or f"file{mimetypes.guess_extension(kind) or ''}", kind,
                  sha256(content).hexdigest()), content  # fmt: skip
