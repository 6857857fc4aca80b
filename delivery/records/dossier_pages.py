"""The pages of an evidence bundle: the items as the candidate saw them, and the session's story."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string

from assembly import bank, rendering
from assembly.models import Asset
from assembly.qti import item_session, stylesheets
from assembly.rendering import Handing
from delivery.records import exhibits
from delivery.records.exhibits import Handed, Portable, Shared
from delivery.session import instructions
from delivery.session.desk import Desk
from integrity.chain import Entry
from integrity.telling import Teller

STYLES: Final = ("base", "qti", "qti-vocabulary", "candidate", "auditor")
PICTURES: Final = "assets"
# From a page of an item to the bundle's root.
UP: Final = "../../../"
# An item's own stylesheet reaches no further than the item, as it did in the candidate's page.
SCOPED: Final = "scoped-"
File = tuple[str, bytes]


def styles() -> Iterator[File]:
    """Yield the stylesheets that the pages were shown with."""
    for name in STYLES:
        found = finders.find(f"css/{name}.css")
        if isinstance(found, str):
            yield f"style/{name}.css", Path(found).read_bytes()


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one session; files of items are shared among the sessions of a bundle."""

    desk: Desk
    folder: str
    entries: Sequence[Entry]
    history: Sequence[Mapping[str, Any]]
    shared: Shared

    def files(self) -> Iterator[File]:
        keys = [item.key for item in self.desk.plan.items]
        listed = []
        for number, key in enumerate(keys, start=1):
            name = f"form/{number:03}.html"
            row = self.desk.item(key)
            listed.append({"number": number, "row": row, "page": name})
            wanted: dict[str, Asset] = {}
            page = self._item(number, key, wanted)
            yield f"{self.folder}/{name}", page.encode()
            yield from self._assets(wanted)
            portable = self.shared.portable(row.item_version_id)
            if portable is not None and self.shared.is_new(portable.name):
                yield portable.name, portable.page
        yield from self._handed_in()
        context = {"desk": self.desk, "session": self.desk.session, "items": listed}
        context |= {"lines": self._lines(), "total": len(keys)}
        yield f"{self.folder}/index.html", _page("evidence/index.html", context)

    def _handed_in(self) -> Iterator[File]:
        """Every file of an answer: those that travelled in answers, those handed in beforehand."""
        for one in self.history:
            for handed, content in exhibits.within(one["value"]):
                path = f"{self.folder}/{handed.path}"
                if content and self.shared.is_new(path):
                    yield path, content
        for handed, content in exhibits.handed_in(self.desk.session):
            path = f"{self.folder}/{handed.path}"
            if self.shared.is_new(path):
                yield path, content

    def _item(self, number: int, key: str, wanted: dict[str, Asset]) -> str:
        row, definition = self.desk.item(key), self.desk.definition(key)

        def url(href: str, how: str = "") -> str:
            return _address(bank.asset(row.item_version_id, href), wanted, how)

        def test_url(href: str) -> str:
            return _address(bank.test_asset(self.desk.sitting.test_version_id, href), wanted)

        history = [one for one in self.history if one["item"] == key]
        handed = {h.sha256: h for one in history for h, _ in exhibits.within(one["value"])}
        portable = self.shared.portable(row.item_version_id)
        for href in portable.files if portable else ():
            url(href)
        rendered = rendering.render_item(
            definition,
            item_session.from_json(definition, row.qti),
            row.response,
            asset_url=url,
            frames=portable.frames(UP) if portable else None,
            handing=Handing("", lambda sha256: _of(handed, sha256), 0),
            style_url=lambda href: url(href, SCOPED),
            stimuli=bank.stimuli(row.item_version_id),
            disabled=True,
        )
        context = {
            "desk": self.desk,
            "number": number,
            "row": row,
            "title": definition.title,
            "instructions": instructions.at(self.desk, key, test_url),
            "rendered": rendered,
            "orders": _orders(row.qti),
            "variables": row.qti.get("templates", {}).items(),
            "handed": list(handed.values()),
            "files": _files(portable),
            "history": [_shown(one) for one in history],
        }
        return render_to_string("evidence/item.html", context)

    def _assets(self, wanted: Mapping[str, Asset]) -> Iterator[File]:
        for name, asset in wanted.items():
            if self.shared.is_new(name):
                content = bytes(asset.content)
                if name.startswith(SCOPED):
                    content = stylesheets.scoped(content.decode("utf-8", "replace")).encode()
                yield f"{PICTURES}/{name}", content

    def _lines(self) -> list[dict[str, Any]]:
        teller = Teller()
        return [{"entry": entry, "sentence": teller.sentence(entry)} for entry in self.entries]


def _address(asset: Asset | None, wanted: dict[str, Asset], how: str = "") -> str:
    if asset is None:
        return ""
    name = how + _name(asset)
    wanted[name] = asset
    return f"{UP}{PICTURES}/{name}"


def _name(asset: Asset) -> str:
    script = asset.media_type.endswith("javascript")
    return asset.sha256 + (".js" if script else mimetypes.guess_extension(asset.media_type) or "")


def _of(handed: Mapping[str, Handed], sha256: str) -> str:
    return f"../{handed[sha256].path}" if sha256 in handed else ""


def _files(portable: Portable | None) -> list[tuple[str, str, str]]:
    """The files that an item's modules may load: as the package calls them, hash, address."""
    listed = sorted(portable.files.items()) if portable else ()
    return [(href, asset.sha256, f"{UP}{PICTURES}/{_name(asset)}") for href, asset in listed]


def _orders(qti: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, ", ".join(order)) for name, order in qti.get("choice_orders", {}).items()]


def _shown(one: Mapping[str, Any]) -> dict[str, Any]:
    return {**one, "shown": json.dumps(one["value"], ensure_ascii=False)}


def _page(name: str, context: Mapping[str, Any]) -> bytes:
    return render_to_string(name, dict(context)).encode()
