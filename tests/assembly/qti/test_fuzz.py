"""The fuzzer's own target and changes, for a moment: `make fuzz` goes on for longer."""

import random

import pytest

from tests.assembly.qti.engine import FIXTURES
from tests.fuzz import mutating, target

SEEDS = [path.read_bytes() for path in sorted(FIXTURES.glob("*.xml"))]


@pytest.mark.parametrize("number", range(150))
def test_changed_documents_are_read_or_refused(number: int) -> None:
    chance = random.Random(number)
    target.one(mutating.broken(chance.choice(SEEDS), chance))


def test_a_change_is_the_same_for_the_same_chance() -> None:
    changed = {mutating.broken(SEEDS[0], random.Random(7)) for _ in range(3)}
    assert len(changed) == 1
    assert changed != {SEEDS[0]}
