"""Pages of one browser that follow one another: the newest answer counts, however late others come.

The device is the same and nobody takes over; each page is named as the page's script names it.
"""

import itertools

import pytest

from delivery.models import AssessmentSession, ItemSession, Quarantine
from delivery.saving import drafts, responses
from delivery.saving.responses import Refused, Save, Saved
from delivery.seat import leases
from delivery.seat.leases import Asker
from delivery.session import desk
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db
ME = "candidate:1"
FIRST, SECOND = "line.1.a", "line.2.b"


def claimed(session: AssessmentSession, writer: str, second: float, known: str = "") -> int:
    asker = Asker("home", "Laptop", writer, (known,))
    return leases.claim(session.pk, asker, by=ME, at=after(second)).epoch


def save(session: AssessmentSession, writer: str, value: str | None, seq: int, epoch: int) -> Save:
    return factories.save(session, "Q1", value, writer=writer, client_seq=seq, epoch=epoch)


def stored() -> object:
    return ItemSession.objects.get(key="Q1").response.get("RESPONSE")


def test_a_late_message_of_the_page_before_puts_no_newer_answer_aside() -> None:
    session = factories.session()
    first = claimed(session, FIRST, 1)
    late = save(session, FIRST, "A", 7, first)
    # The next page was drawn before that arrived, so that its answers rest on revision 0.
    responses.save([late])
    second = claimed(session, SECOND, 2, FIRST)
    (newest,) = responses.save([save(session, SECOND, "B", 1, second)])
    assert isinstance(newest, Saved)
    assert (stored(), Quarantine.objects.count()) == ("B", 0)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_in_whatever_order_they_come_the_newest_answer_of_a_lone_candidate_counts(
    order: tuple[int, ...],
) -> None:
    session = factories.session()
    first = claimed(session, FIRST, 1)
    second = claimed(session, SECOND, 2, FIRST)
    sent = [
        save(session, FIRST, "A", 7, first),
        save(session, FIRST, "B", 8, first),
        # Before its claim was answered, and after.
        save(session, SECOND, "C", 1, 0),
        save(session, SECOND, None, 2, second),
    ]
    for place in order:
        responses.save([sent[place]])
    assert stored() is None
    # Replayed frames change nothing, and an overtaken answer is offered to nobody.
    for one in sent:
        responses.save([one])
    assert stored() is None
    assert set(Quarantine.objects.values_list("reason", flat=True)) <= {"stale"}
    assert drafts.waiting(desk.read(session.pk)) == []


def test_the_last_answer_of_a_page_that_was_left_counts_when_it_comes_after_the_next_claim() -> (
    None
):
    session = factories.session()
    first = claimed(session, FIRST, 1)
    late = save(session, FIRST, "A", 7, first)
    claimed(session, SECOND, 2, FIRST)
    (outcome,) = responses.save([late])
    assert isinstance(outcome, Saved)
    assert stored() == "A"


def test_after_a_takeover_nothing_of_the_line_before_it_is_merged() -> None:
    session = factories.session()
    first = claimed(session, FIRST, 1)
    late = save(session, FIRST, "A", 7, first)
    leases.take_over(session.pk, Asker("home", "Laptop", ""), by=ME, at=after(2))
    (between,) = responses.save([late])
    claimed(session, "other.1.c", 3)
    (behind,) = responses.save([save(session, FIRST, "B", 8, first)])
    # What it sent before its own claim was answered is no less of that line.
    unclaimed = responses.save([save(session, FIRST, "C", 9, 0), save(session, FIRST, "C", 9, 2)])
    for outcome in (between, behind, *unclaimed):
        assert isinstance(outcome, Refused)
        assert outcome.refusal.reason == "lease_lost"
    assert stored() is None
