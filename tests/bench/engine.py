"""The engine beside a naive lxml parse of the same files: items read, rendered and scored."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import django
from lxml import etree

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "delivery.settings")
django.setup()

from assembly import rendering  # noqa: E402  (models need the settings)
from assembly.qti import item_session, reading, values  # noqa: E402
from assembly.qti.errors import QtiError  # noqa: E402
from tests import kinds  # noqa: E402

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
FEWEST = 200


class _Seeded:
    def __init__(self) -> None:
        self.source = random.Random(7)

    def below(self, n: int, label: str) -> int:
        return self.source.randrange(n)

    def permutation(self, n: int, label: str) -> list[int]:
        return self.source.sample(range(n), n)


@dataclass
class Work:
    """What is done to every item in turn; `do` is given one of `given`."""

    name: str
    do: Callable[[Any], object]
    given: list[Any]

    def seconds(self) -> list[float]:
        """Return the CPU seconds of each piece of work."""
        taken = []
        for one in self.given:
            began = time.process_time()
            self.do(one)
            taken.append(time.process_time() - began)
        return taken


def sources() -> list[bytes]:
    """The items of the public corpus, or as many of our own fixtures and kinds."""
    folder = os.environ.get("INVIGIL_QTI_DIR", "")
    root = Path(folder) / "corpus" / "public"
    if folder and root.is_dir():
        return [path.read_bytes() for path in sorted(root.rglob("*.xml"))]
    own = [kind.xml(name).encode() for name, kind in kinds.KINDS.items()]
    own += [path.read_bytes() for path in sorted(Path("tests/fixtures/qti").glob("*.xml"))]
    return own * (FEWEST // len(own) + 1)


def works() -> Iterator[Work]:
    """Parsing by lxml alone comes first: everything else is beside it."""
    kept: list[tuple[bytes, Any]] = []
    for source in sources():
        try:
            kept.append((source, reading.read_item(source)))
        except QtiError:
            continue
    texts = [source for source, _ in kept]
    begun = [(item, item_session.begin(item, _Seeded())) for _, item in kept]
    answered = [
        (
            item,
            session,
            {
                name: values.raw(value)
                for name, value in item_session.correct_responses(item, session).items()
            },
        )
        for item, session in begun
    ]

    def render(one: Any) -> object:
        item, session = one
        return rendering.render_item(item, session, {}, asset_url=str)

    def score(one: Any) -> object:
        item, session, raw = one
        try:
            return item_session.attempt(item, session, raw, duration_seconds=1.0)
        except QtiError:
            return None

    yield Work("parse (lxml, naive)", etree.fromstring, texts)
    yield Work("items read", reading.read_item, texts)
    yield Work("items rendered from the cache", render, begun)
    yield Work("items scored", score, answered)


def run() -> None:
    """Print each work as a ratio to the naive parse of the same rounds, with its own figures."""
    every = list(works())
    rounds: dict[str, list[list[float]]] = {work.name: [] for work in every}
    for _ in range(ROUNDS + 1):
        for work in every:
            rounds[work.name].append(work.seconds())
    reference = every[0]
    for work in every[1:]:
        # The first round warms templates and patterns up.
        pairs = zip(rounds[work.name][1:], rounds[reference.name][1:], strict=True)
        ratio = median(sum(other) / sum(own) for own, other in pairs)
        each = sorted(one for taken in rounds[work.name][1:] for one in taken)
        rate = len(each) / sum(each)
        print(
            f"{work.name}: {ratio:.3f} x {reference.name} ({rate:.0f} a second on one core,"
            f" median {1000 * median(each):.3f} ms,"
            f" 95 % below {1000 * each[int(len(each) * 0.95)]:.2f} ms, {len(work.given)} items)"
        )


if __name__ == "__main__":
    run()
