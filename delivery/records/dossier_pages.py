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
from delivery.session import instructions
from delivery.session.desk import Desk
from integrity.chain import Entry
from integrity.telling import Teller

STYLES: Final = ("base", "qti", "qti-vocabulary", "candidate", "auditor")
PICTURES: Final = "assets"
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
    assets: set[str]

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
        context = {"desk": self.desk, "session": self.desk.session, "items": listed}
        context |= {"lines": self._lines(), "total": len(keys)}
        yield f"{self.folder}/index.html", _page("evidence/index.html", context)

    def _item(self, number: int, key: str, wanted: dict[str, Asset]) -> str:
        row, definition = self.desk.item(key), self.desk.definition(key)

        def url(href: str) -> str:
            return _address(bank.asset(row.item_version_id, href), wanted)

        def test_url(href: str) -> str:
            return _address(bank.test_asset(self.desk.sitting.test_version_id, href), wanted)

        rendered = rendering.render_item(
            definition,
            item_session.from_json(definition, row.qti),
            row.response,
            asset_url=url,
            style_url=url,
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
            "history": [_shown(one) for one in self.history if one["item"] == key],
        }
        return render_to_string("evidence/item.html", context)

    def _assets(self, wanted: Mapping[str, Asset]) -> Iterator[File]:
        for name, asset in wanted.items():
            if name not in self.assets:
                self.assets.add(name)
                content = bytes(asset.content)
                if asset.media_type == "text/css":
                    content = stylesheets.scoped(content.decode("utf-8", "replace")).encode()
                yield f"{PICTURES}/{name}", content

    def _lines(self) -> list[dict[str, Any]]:
        teller = Teller()
        return [{"entry": entry, "sentence": teller.sentence(entry)} for entry in self.entries]


def _address(asset: Asset | None, wanted: dict[str, Asset]) -> str:
    if asset is None:
        return ""
    name = asset.sha256 + (mimetypes.guess_extension(asset.media_type) or "")
    wanted[name] = asset
    return f"../../../{PICTURES}/{name}"


def _orders(qti: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(name, ", ".join(order)) for name, order in qti.get("choice_orders", {}).items()]


def _shown(one: Mapping[str, Any]) -> dict[str, Any]:
    return {**one, "shown": json.dumps(one["value"], ensure_ascii=False)}


def _page(name: str, context: Mapping[str, Any]) -> bytes:
    return render_to_string(name, dict(context)).encode()
