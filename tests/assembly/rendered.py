"""An item as a page in tests, in a session that is only as random as its seed."""

import random
from collections.abc import Mapping
from typing import Any

from lxml import html

from assembly import rendering
from assembly.qti import item_session
from assembly.qti.item import AssessmentItem
from assembly.qti.item_session import ItemSession
from assembly.qti.values import Raw


class Shuffler:
    """A stream that is only as random as its seed."""

    def __init__(self, seed: int = 1) -> None:
        self.source = random.Random(seed)

    def below(self, n: int, label: str) -> int:
        return self.source.randrange(n)

    def permutation(self, n: int, label: str) -> list[int]:
        return self.source.sample(range(n), n)


def begun(found: AssessmentItem, seed: int = 1) -> ItemSession:
    return item_session.begin(found, Shuffler(seed))


def page(
    found: AssessmentItem, responses: Mapping[str, Raw] | None = None, **options: Any
) -> html.HtmlElement:
    return html.fragment_fromstring(source(found, responses, **options), create_parent="form")


def source(
    found: AssessmentItem, responses: Mapping[str, Raw] | None = None, **options: Any
) -> str:
    session = options.pop("session", None) or begun(found)
    rendered = rendering.render_item(
        found, session, responses or {}, asset_url=lambda href: f"/files/{href}", **options
    )
    return str(rendered.body)
