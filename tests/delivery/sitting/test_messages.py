"""A proctor's words: to one and to many, once, and to those who still sit there."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from delivery.models import AssessmentSession, Message
from delivery.rules.refusals import Reason
from delivery.sitting import proctoring
from delivery.sitting.proctoring import SendMessage, Terminate
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db


def people(count: int) -> tuple[User, list[AssessmentSession]]:
    """Return a proctor and so many candidates at work at one sitting."""
    sitting = factories.sitting()
    made = [
        factories.session(sitting, factories.candidate(f"Candidate {number:04}"))
        for number in range(count)
    ]
    return factories.proctor("paula", sitting), made


def test_a_message_is_sent_once_when_the_same_form_is_sent_twice() -> None:
    user, [session] = people(1)
    results = [
        proctoring.apply(SendMessage("Five minutes."), [session.pk], user, after(at))[0].done
        for at in (1, 2, 62)
    ]
    assert results == [True, False, True]
    assert Message.objects.filter(session=session).count() == 2


def test_words_to_many_cost_as_many_statements_as_to_one() -> None:
    user, sessions = people(5)
    asked = []
    for number, some in enumerate((sessions[:1], sessions), start=1):
        with CaptureQueriesContext(connection) as found:
            ids = [session.pk for session in some]
            results = proctoring.apply(SendMessage(f"Part {number}."), ids, user, after(number))
        assert [result.done for result in results] == [True] * len(some)
        asked.append(len(found))
    assert asked[0] == asked[1]
    assert Message.objects.filter(text="Part 2.").count() == 5


def test_words_reach_all_but_those_who_have_ended() -> None:
    user, [ended, running] = people(2)
    proctoring.apply(Terminate("end"), [ended.pk], user, after(1))
    both = [ended.pk, running.pk]
    results = proctoring.apply(SendMessage("Five minutes."), both, user, after(2))
    found = {result.row.target: (result.done, result.refusal) for result in results}
    assert found[running.pk] == (True, None)
    done, refusal = found[ended.pk]
    assert refusal is not None
    assert (done, refusal.reason) == (False, Reason.NOT_RUNNING)
    assert [message.session_id for message in Message.objects.all()] == [running.pk]
