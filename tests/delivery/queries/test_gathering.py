"""Many questions at once are few to the database, and each asker gets its own answer."""

import asyncio
import threading

import pytest

from delivery.queries.gathering import Gathering

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.asyncio]


class Oracle:
    """Answers once it is allowed to, and remembers what it was asked in one go."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.may_answer = threading.Event()
        self.is_asked = threading.Event()

    def __call__(self, keys: list[int]) -> dict[int, str]:
        self.asked.append(keys)
        self.is_asked.set()
        assert self.may_answer.wait(30)
        if 13 in keys:
            raise RuntimeError("an unlucky question")
        return {key: f"answer {key}" for key in keys if key != 7}


async def test_who_asks_meanwhile_is_answered_together() -> None:
    oracle = Oracle()
    gathering = Gathering(oracle)
    first = asyncio.ensure_future(gathering.ask(1))
    await asyncio.to_thread(oracle.is_asked.wait, 30)
    others = [asyncio.ensure_future(gathering.ask(key)) for key in (2, 3, 2)]
    await asyncio.sleep(0)
    oracle.may_answer.set()
    answers = await asyncio.gather(first, *others)
    assert answers == ["answer 1", "answer 2", "answer 3", "answer 2"]
    assert oracle.asked == [[1], [2, 3]]


async def test_what_is_not_there_is_missed_by_its_asker_alone() -> None:
    oracle = Oracle()
    oracle.may_answer.set()
    gathering = Gathering(oracle)
    found = await asyncio.gather(gathering.ask(7), gathering.ask(8), return_exceptions=True)
    assert isinstance(found[0], KeyError)
    assert found[1] == "answer 8"


async def test_a_failure_reaches_who_asked_and_the_next_question_is_asked() -> None:
    oracle = Oracle()
    oracle.may_answer.set()
    gathering = Gathering(oracle)
    with pytest.raises(RuntimeError, match="unlucky"):
        await gathering.ask(13)
    assert await gathering.ask(1) == "answer 1"


async def test_an_asker_that_leaves_takes_nothing_from_another() -> None:
    oracle = Oracle()
    gathering = Gathering(oracle)
    leaves, stays = (asyncio.ensure_future(gathering.ask(1)) for _ in range(2))
    await asyncio.to_thread(oracle.is_asked.wait, 30)
    leaves.cancel()
    oracle.may_answer.set()
    assert await stays == "answer 1"
