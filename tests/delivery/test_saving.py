"""DESIGN, "Saving", sentence by sentence: what the other tests of saving do not say already."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from delivery.models import AssessmentSession, ItemSession, Quarantine, ResponseRevision
from delivery.rules.refusals import Reason
from delivery.saving import quarantine, responses
from delivery.saving.responses import Refused, Saved
from delivery.seat import leases
from delivery.seat.leases import Asker
from delivery.session import expiry
from integrity import ledger
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db
ME = "candidate:1"


def held(**fields: Any) -> AssessmentSession:
    session = factories.session(factories.sitting(**fields))
    leases.claim(session.pk, Asker("home", "Laptop", "a"), by=ME, at=after(1))
    return session


def page(seq: int, **fields: Any) -> dict[str, Any]:
    return {"epoch": 1, "writer": "a", "client_seq": seq, "device": "home", **fields}


def test_the_acknowledgement_names_revision_ledger_sequence_and_head() -> None:
    session = held()
    saved = factories.answer(session, "Q1", "A", key="k", **page(1))
    assert isinstance(saved, Saved)
    entry = ledger.read(session.stream)[saved.ledger_seq - 1]
    assert (saved.revision, entry.hash, entry.payload["key"]) == (1, saved.head, "k")


def test_the_same_key_and_value_is_the_first_acknowledgement_whatever_happened_since() -> None:
    session = held()
    first = factories.answer(session, "Q1", "A", key="k", **page(1))
    factories.answer(session, "Q1", "B", **page(2))
    leases.take_over(session.pk, Asker("phone", "Phone"), by=ME, at=after(5))
    expiry.sweep(after(4000))
    again = factories.answer(session, "Q1", "A", key="k", received_at=after(4001), **page(1))
    assert again == first
    assert ItemSession.objects.get(key="Q1").response == {"RESPONSE": "B"}
    assert Quarantine.objects.count() == 0


def test_pipelined_saves_of_one_writer_never_quarantine_the_newest() -> None:
    session = held()
    batch = [
        factories.save(session, "Q1", value, base_revision=0, **page(seq))
        for seq, value in enumerate("ABC", start=1)
    ]
    outcomes = responses.save(batch)
    assert [getattr(one, "revision", None) for one in outcomes] == [1, 2, 3]
    assert ItemSession.objects.get(key="Q1").response == {"RESPONSE": "C"}


def test_saves_of_one_writer_that_change_places_keep_the_newest() -> None:
    session = held()
    for seq, value in ((3, "C"), (1, "A"), (2, "B")):
        factories.answer(session, "Q1", value, base_revision=0, **page(seq))
    assert ItemSession.objects.get(key="Q1").response == {"RESPONSE": "C"}
    assert ResponseRevision.objects.count() == 1
    assert list(Quarantine.objects.values_list("reason", flat=True)) == ["stale", "stale"]


@pytest.mark.parametrize("value", [None, ""])
def test_a_blank_from_a_page_that_was_kept_aside_never_wins(value: str | None) -> None:
    session = held()
    factories.answer(session, "Q1", "A", **page(1))
    stale = {"writer": "old", "client_seq": 99, "base_revision": 0}
    refused = factories.answer(session, "Q1", value, **stale)
    assert isinstance(refused, Refused)
    assert refused.refusal.reason == Reason.STALE_BLANK
    assert ItemSession.objects.get(key="Q1").response == {"RESPONSE": "A"}


def test_a_writer_s_first_save_rests_on_the_revision_it_saw() -> None:
    session = held()
    factories.answer(session, "Q1", "A", **page(1))
    leases.take_over(session.pk, Asker("phone", "Phone"), by=ME, at=after(2))
    lease = leases.claim(session.pk, Asker("phone", "Phone", "b"), by=ME, at=after(3))
    new = {"epoch": lease.epoch, "writer": "b", "device": "phone"}
    blind = factories.answer(session, "Q1", "B", base_revision=0, client_seq=1, **new)
    assert isinstance(blind, Refused)
    seen = factories.answer(session, "Q1", "C", base_revision=1, client_seq=2, **new)
    assert isinstance(seen, Saved)


def test_what_the_loser_still_holds_is_quarantined_with_reason_and_receive_time() -> None:
    session = held()
    leases.take_over(session.pk, Asker("phone", "Phone"), by=ME, at=after(2))
    refused = factories.answer(session, "Q1", "A", received_at=after(3), **page(1))
    assert isinstance(refused, Refused)
    kept = Quarantine.objects.get()
    assert kept.pk == refused.kept_as
    assert (kept.reason, kept.received_at) == ("lease_lost", after(3))
    assert (kept.value, kept.epoch) == ({"RESPONSE": "A"}, 1)
    assert ItemSession.objects.get(key="Q1").response == {}


def test_the_quarantine_of_a_session_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "MOST_QUARANTINED", 2)
    session = held()
    expiry.sweep(after(4000))
    kept = [
        getattr(factories.answer(session, "Q1", value, received_at=after(4001)), "kept_as", None)
        for value in "ABC"
    ]
    assert [one is not None for one in kept] == [True, True, False]


def test_an_admitted_answer_is_a_revision_like_any_other() -> None:
    session = held()
    expiry.sweep(after(4000))
    factories.answer(session, "Q1", "A", received_at=after(4001), **page(1))
    first, second = factories.proctor("a"), factories.proctor("b")
    kept = quarantine.propose(Quarantine.objects.get().pk, reason="Wi-Fi", by=first, at=after(4002))
    quarantine.admit(kept.pk, by=second, at=after(4003))
    assert ItemSession.objects.get(key="Q1").revision == 1
    assert ledger.verify(session.stream).is_whole


def test_the_page_claims_saves_and_leaves_as_the_design_says() -> None:
    scripts = Path(settings.BASE_DIR) / "static/js"
    source = {path.name: path.read_text() for path in scripts.glob("*.js")}
    assert "keepalive" in source["sent.js"]
    assert not any("sendBeacon" in text for text in source.values())
    # Retried with jitter, between three quarters and five quarters of the wait.
    assert re.search(r"0\.75 \+ Math\.random\(\) / 2", source["sent.js"])
    page_of_htmx = (Path(settings.BASE_DIR) / "templates/base.html").read_text()
    for rule in (
        '"includeIndicatorStyles": false',
        '"allowEval": false',
        '"historyCacheSize": 0',
        '"code": "4..", "swap": true',
    ):
        assert rule in page_of_htmx
