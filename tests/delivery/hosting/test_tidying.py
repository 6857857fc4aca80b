"""Garbage is collected in small portions, and what is set aside is looked at again in time."""

import gc
from collections.abc import Iterator

import pytest

from delivery.hosting import tidying
from delivery.hosting.tidying import Step, Tidier


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.mark.parametrize(
    ("grown", "sockets", "most", "due"),
    [
        (0, 0, 0, Step.NOTHING),
        (1, 500, 0, Step.NOTHING),
        (2, 500, 0, Step.COLLECT),
        (0, 251, 500, Step.NOTHING),
        (9, 251, 500, Step.COLLECT),
        (0, 250, 500, Step.BEGIN_ANEW),
        (0, 0, 1, Step.BEGIN_ANEW),
    ],
)
def test_what_is_due_depends_on_what_grew_and_how_many_are_left(
    grown: int, sockets: int, most: int, due: Step
) -> None:
    assert tidying.step(grown, sockets, most) is due


def _grow() -> None:
    """Let the middle ones be looked at often enough."""
    for _ in range(tidying.ENOUGH + 1):
        gc.collect(1)


class Knot:
    """Something that only the collector can free."""

    freed = 0

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        Knot.freed += 1


def test_a_knot_that_was_set_aside_is_freed_when_most_sockets_are_closed() -> None:
    tidier = Tidier()
    tidier.begin()
    Knot.freed = 0
    knot = Knot()
    _grow()
    assert tidier.tend(10) is Step.COLLECT
    del knot
    _grow()
    assert tidier.tend(9) is Step.COLLECT
    assert Knot.freed == 0
    assert tidier.tend(5) is Step.BEGIN_ANEW
    assert Knot.freed == 1
    assert tidier.tend(5) is Step.NOTHING


def test_everything_is_never_looked_through_by_itself() -> None:
    Tidier().begin()
    assert gc.get_threshold() == tidying.THRESHOLDS
    assert gc.get_freeze_count() > 0
