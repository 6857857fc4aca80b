"""What revisions belong to stays while they are there, whoever deletes it and however."""

import pytest
from django.db import IntegrityError, connection, transaction

from delivery.models import AssessmentSession, ItemSession, ResponseRevision
from tests import factories

pytestmark = pytest.mark.django_db


def delete(row: ItemSession) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM delivery_itemsession WHERE id = %s", [row.pk])
        connection.check_constraints()


def test_an_item_session_with_revisions_cannot_be_removed_from_under_them() -> None:
    session = factories.session()
    factories.answer(session, "Q1")
    with pytest.raises(IntegrityError):
        delete(ItemSession.objects.get(session=session, key="Q1"))
    delete(ItemSession.objects.get(session=session, key="Q2"))
    kept = set(ItemSession.objects.values_list("key", flat=True))
    assert kept == {"Q1", "Q3"}


def test_a_session_goes_with_all_that_belongs_to_it() -> None:
    session = factories.session()
    factories.answer(session, "Q1")
    AssessmentSession.objects.get(pk=session.pk).delete()
    assert (ItemSession.objects.count(), ResponseRevision.objects.count()) == (0, 0)
