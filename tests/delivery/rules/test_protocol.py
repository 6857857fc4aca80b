"""Messages are read as they are meant or not at all, and written as JSON whatever they hold."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.rules import protocol
from delivery.rules.protocol import Answer, Claim, Outgoing, SavedMessage
from delivery.rules.refusals import Reason, Refusal

ANSWER = {
    "type": "answer",
    "item": "Q1",
    "value": [["r.RESPONSE", "A"]],
    "base_revision": 0,
    "client_seq": 1,
    "key": "k",
    "elapsed_ms": 10,
    "epoch": 1,
    "writer": "page",
}
CLAIM = {"type": "claim", "writer": "page", "device": "d"}


def test_an_answer_is_read_field_by_field() -> None:
    assert protocol.read(json.dumps(ANSWER)) == Answer(
        item="Q1",
        value=[["r.RESPONSE", "A"]],
        base_revision=0,
        client_seq=1,
        key="k",
        elapsed_ms=10,
        epoch=1,
        writer="page",
    )


def test_what_may_be_left_out_has_its_default() -> None:
    assert protocol.read(json.dumps(CLAIM)) == Claim("page", "d", "", 0)
    whole = CLAIM | {"known": "a,b", "take_over": 1}
    assert protocol.read(json.dumps(whole)) == Claim("page", "d", "a,b", 1)
    assert protocol.read(json.dumps(CLAIM | {"take_over": 1})) == Claim("page", "d", "", 1)


@pytest.mark.parametrize(
    "sent",
    [
        {name: value for name, value in ANSWER.items() if name != "key"},
        ANSWER | {"epoch": True},
        ANSWER | {"client_seq": 1.0},
        ANSWER | {"value": "A"},
        ANSWER | {"item": None},
        CLAIM | {"take_over": True},
        CLAIM | {"known": None},
        {"type": "unheard"},
        [ANSWER],
    ],
)
def test_what_does_not_fit_its_fields_is_malformed(sent: Any) -> None:
    with pytest.raises(Refusal) as caught:
        protocol.read(json.dumps(sent))
    assert caught.value.reason == Reason.MALFORMED


@given(st.text(), st.text(), st.integers(0, 2**53), st.booleans(), st.booleans())
def test_an_acknowledgement_is_written_as_every_message_is(
    item: str, key: str, number: int, answered: bool, in_grace: bool
) -> None:
    told = SavedMessage(item, key, number, number, number, "f" * 64, answered, in_grace, "12:00:01")
    assert json.loads(told.frame()) == {"type": "saved", **asdict(told)}
    assert told.frame() == Outgoing.frame(told)
