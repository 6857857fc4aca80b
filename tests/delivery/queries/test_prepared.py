"""A prepared query finds what Django's own finds, as the same objects."""

from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet
from django.forms.models import model_to_dict
from django.test.utils import CaptureQueriesContext

from delivery.models import AssessmentSession, Message
from delivery.queries.prepared import Prepared
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db


def one_of(pk: UUID) -> QuerySet[AssessmentSession]:
    unread = Message.objects.filter(session=OuterRef("pk"), acknowledged_at__isnull=True)
    return (
        AssessmentSession.objects.filter(pk=pk)
        .annotate(mail=Exists(unread))
        .select_related("sitting__test_version", "candidate__user", "lockdown")
        .defer("outcomes")
    )


def many_of(pks: list[UUID]) -> QuerySet[AssessmentSession]:
    return AssessmentSession.objects.filter(pk__in=pks).select_related("candidate").order_by("pk")


@pytest.fixture
def sessions() -> list[AssessmentSession]:
    sitting = factories.sitting()
    return [
        factories.session(sitting, factories.candidate(f"Candidate {number}"))
        for number in range(3)
    ]


def test_one_object_is_what_django_finds(sessions: list[AssessmentSession]) -> None:
    asked = Prepared(one_of, uuid4())
    for session in sessions:
        found, expected = asked.one(session.pk), one_of(session.pk).get()
        assert found is not None
        assert found == expected
        assert model_to_dict(found) == model_to_dict(expected)
        assert (found.plan, found.timing) == (expected.plan, expected.timing)
        assert found.mail is expected.mail is False  # type: ignore[attr-defined]


def test_related_rows_come_along_and_deferred_columns_later(
    sessions: list[AssessmentSession],
) -> None:
    name = sessions[0].candidate.user.username
    found = Prepared(one_of, uuid4()).one(sessions[0].pk)
    assert found is not None
    with CaptureQueriesContext(connection) as asked:
        assert found.candidate.user.username == name
        assert found.sitting.test_version.pk == sessions[0].sitting.test_version_id
        assert found.lockdown is None
    assert len(asked) == 0
    assert found.get_deferred_fields() == {"outcomes"}
    assert found.outcomes == sessions[0].outcomes


def test_object_can_be_changed_and_saved(sessions: list[AssessmentSession]) -> None:
    found = Prepared(one_of, uuid4()).one(sessions[0].pk)
    assert found is not None
    found.help_requested_at = after(5)
    found.save(update_fields=["help_requested_at"])
    sessions[0].refresh_from_db()
    assert sessions[0].help_requested_at == after(5)


def test_nothing_is_found_where_nothing_is(sessions: list[AssessmentSession]) -> None:
    assert Prepared(one_of, uuid4()).one(uuid4()) is None
    assert Prepared(many_of, [uuid4()]).all([uuid4()]) == []


@pytest.mark.parametrize("count", [1, 2, 3])
def test_list_of_any_length_is_asked_for_in_one_statement(
    sessions: list[AssessmentSession], count: int
) -> None:
    keys = [session.pk for session in sessions[:count]]
    asked = Prepared(many_of, [uuid4()])
    asked.all(keys[:1])
    with CaptureQueriesContext(connection) as statements:
        assert asked.all(keys) == list(many_of(list(keys)).all())
    assert len(statements) == 2  # ours and Django's


def test_each_object_has_values_of_its_own(sessions: list[AssessmentSession]) -> None:
    asked = Prepared(one_of, uuid4())
    first, second = asked.one(sessions[0].pk), asked.one(sessions[0].pk)
    assert first is not None
    assert second is not None
    first.timing["spent"] = {"x": 1}
    assert "spent" not in second.timing or second.timing["spent"] != {"x": 1}
