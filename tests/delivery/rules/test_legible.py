import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.models import ItemSession, Quarantine
from delivery.rules import legible
from delivery.saving import responses
from delivery.saving.responses import Refused, Saved
from delivery.seat import presence
from delivery.seat.presence import ClientEvent
from integrity import ledger
from tests import factories

ANY = st.text(st.characters(exclude_categories=[]))


@given(ANY)
def test_any_text_becomes_text_that_can_be_kept(value: str) -> None:
    kept = legible.text(value)
    assert legible.is_text(kept)
    assert legible.text(kept) == kept
    if legible.is_text(value):
        assert kept == value


def test_halves_of_a_pair_that_meet_are_one_character() -> None:
    assert legible.text("\ud83d\ude00 \ud83d! \0") == "\U0001f600 \ufffd! \ufffd"


@pytest.mark.parametrize("hostile", ["x\ud800", "x\0"])
@pytest.mark.parametrize("field", ["key", "writer", "item"])
@pytest.mark.django_db
def test_one_hostile_save_does_not_fail_the_batch_of_others(field: str, hostile: str) -> None:
    one, other = factories.session(), factories.session()
    bad = replace(factories.save(one, "Q1", "B"), **{field: hostile})  # type: ignore[arg-type]
    outcomes = responses.save([bad, factories.save(other, "Q1", "A")])
    assert isinstance(outcomes[0], Refused if field == "item" else Saved)
    assert isinstance(outcomes[1], Saved)
    assert ledger.verify(one.stream).is_whole
    assert ItemSession.objects.get(session=other, key="Q1").response["RESPONSE"] == "A"


@pytest.mark.django_db
def test_a_hostile_answer_is_kept_as_it_can_be() -> None:
    session = factories.session()
    bad = replace(factories.save(session, "Q1"), raw={"RESPONSE": json.loads('"B\\ud800"')})
    (outcome,) = responses.save([bad])
    assert isinstance(outcome, Refused)
    # No such choice is offered, so that it stands aside; what stands there can be read.
    assert Quarantine.objects.get().value == {"RESPONSE": "B\ufffd"}


@pytest.mark.django_db
def test_a_hostile_detail_of_a_client_event_is_kept_as_it_can_be() -> None:
    session = factories.session()
    event = ClientEvent("copy_attempt", 5, "x\ud800\0")
    presence.client_events(session.pk, [event], factories.after(8), by="client")
    entry = ledger.read(session.stream)[-1]
    assert entry.payload["detail"] == "x\ufffd\ufffd"
