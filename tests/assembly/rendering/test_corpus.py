"""Every public item: it renders, keeps its keys, and decodes whatever is posted at it."""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from django.http import QueryDict
from lxml import html

from assembly import rendering
from assembly.qti import item_session, reading
from assembly.qti.errors import QtiError, ResponseError
from assembly.qti.item import AssessmentItem
from assembly.qti.item_session import ItemSession
from tests import programs


class Seeded:
    def __init__(self, seed: int) -> None:
        self.source = random.Random(seed)

    def below(self, n: int, label: str) -> int:
        return self.source.randrange(n)

    def permutation(self, n: int, label: str) -> list[int]:
        return self.source.sample(range(n), n)


def corpus() -> Path:
    folder = os.environ.get("INVIGIL_QTI_DIR", "")
    if not folder or not Path(folder).is_dir():
        reason = "needs the shared QTI material: INVIGIL_QTI_DIR names no folder"
        pytest.fail(reason) if programs.required() else pytest.skip(reason)
    return Path(folder) / "corpus" / "public"


@pytest.fixture(scope="module")
def items() -> list[tuple[str, AssessmentItem, ItemSession]]:
    found = list(_items(corpus()))
    assert len(found) > 500
    return found


def _items(folder: Path) -> Iterator[tuple[str, AssessmentItem, ItemSession]]:
    for path in sorted(folder.rglob("*.xml")):
        try:
            item = reading.read_item(path.read_bytes())
        except QtiError:
            continue
        yield str(path.relative_to(folder)), item, item_session.begin(item, Seeded(1))


def xpath(form: html.HtmlElement, path: str, **names: str) -> list[Any]:
    return cast("list[Any]", form.xpath(path, **names))


def shown(item: AssessmentItem, session: ItemSession) -> str:
    rendered = rendering.render_item(item, session, {}, asset_url=lambda href: f"/files/{href}")
    return str(rendered.body)


def test_every_item_renders_without_script_style_or_foreign_address(
    items: list[tuple[str, AssessmentItem, ItemSession]],
) -> None:
    for name, item, session in items:
        form = html.fromstring(shown(item, session))
        forbidden = xpath(
            form,
            "//script|//style|//iframe|//@style|//@*[starts-with(name(), 'on')]"
            "|//@src[contains(., '://')]|//@href[contains(., '://')]",
        )
        assert forbidden == [], name


def test_every_response_has_controls_that_carry_its_name(
    items: list[tuple[str, AssessmentItem, ItemSession]],
) -> None:
    for name, item, session in items:
        form = html.fromstring(shown(item, session))
        here = set(xpath(form, "//@data-response"))
        for response in here:
            found = xpath(
                form,
                "//*[@name=$plain or @data-name=$plain or starts-with(@name, $part)]",
                plain=f"r.{response}",
                part=f"r.{response}:",
            )
            assert found, f"{name}: {response}"


def test_an_untouched_page_posts_what_the_session_holds(
    items: list[tuple[str, AssessmentItem, ItemSession]],
) -> None:
    for name, item, _session in items:
        posted = rendering.posted_responses(item, QueryDict())
        assert set(posted) <= set(item.responses), name
        assert set(posted.values()) <= {None}, name


NOISE = ("", "1", "-3", "a", "A B", "A B C", "true", "NaN", "10 10", "1e9", "ß\u0000", "x" * 5000)


def test_arbitrary_forms_end_in_typed_values_or_a_refusal(
    items: list[tuple[str, AssessmentItem, ItemSession]],
) -> None:
    noise = random.Random(7)
    for name, item, session in items:
        form = html.fromstring(shown(item, session))
        sent = QueryDict(mutable=True)
        for control in xpath(form, "//@name"):
            sent.setlist(str(control), [noise.choice(NOISE) for _ in range(noise.randrange(3))])
        raw = rendering.posted_responses(item, sent)
        try:
            bound = item_session.bind(item, raw)
        except ResponseError:
            continue
        item_session.problems(item, session, raw)
        for response, value in bound.items():
            declared = item.responses[response]
            held = (value is None) or (value.cardinality is declared.cardinality)
            assert held, name
