"""What an item makes of an answer is the same whether it is remembered or not."""

import pytest

from assembly import bank
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import judging
from integrity import chain
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def version() -> int:
    published = factories.published(factories.Part(items=["Q1"]))
    return published.items.get().item_version_id


def judged(version: int, answer: str | None) -> judging.Judged:
    raw = dict.fromkeys(bank.item(version).responses, answer)
    return judging.judge(version, raw, chain.canonical(raw))


def test_an_answer_is_judged_alike_the_second_time(version: int) -> None:
    for answer in ("A", None, "never offered"):
        assert judged(version, answer) == judged(version, answer)
    assert judged(version, "A") == (True, True)
    assert judged(version, None) == (False, True)
    assert judged(version, "never offered") == (True, False)


def test_what_is_too_large_is_refused_every_time(version: int) -> None:
    for _ in range(2):
        with pytest.raises(Refusal) as caught:
            judged(version, "A" * judging.LONGEST_ANSWER)
        assert caught.value.reason is Reason.TOO_LARGE
