import pytest
from django.db import IntegrityError, transaction

from assembly import bank, models, testforms
from integrity import ledger
from tests.assembly import factories
from tests.assembly.factories import AT, BY

pytestmark = pytest.mark.django_db


def published() -> models.AssessmentTestVersion:
    test = factories.a_draft(factories.a_bank(6))
    models.Section.objects.update(rule="random", select=4, shuffle=True)
    return bank.publish(test, BY, AT)


def test_a_form_is_drawn_once_and_explains_itself() -> None:
    form = testforms.assemble(published(), "A", by=BY, at=AT)
    again = models.TestForm.objects.get()
    assert len(testforms.plan(again).items) == 4
    assert testforms.plan(again) == testforms.plan(form)
    assert testforms.explains(again)


def test_a_form_that_was_tampered_with_no_longer_explains_itself() -> None:
    form = testforms.assemble(published(), "A", by=BY, at=AT)
    form.plan = {**form.plan, "items": form.plan["items"][::-1]}
    assert not testforms.explains(form)
    form.refresh_from_db()
    form.secret = bytes(32)
    assert not testforms.explains(form)


def test_forms_of_a_test_have_names_of_their_own() -> None:
    version = published()
    testforms.assemble(version, "A", by=BY, at=AT)
    with pytest.raises(IntegrityError), transaction.atomic():
        testforms.assemble(version, "A", by=BY, at=AT)
    testforms.assemble(version, "B", by=BY, at=AT)
    kinds = [entry.kind for entry in ledger.read(bank.STREAM)]
    assert kinds == ["bank.imported", "test.published", "form.assembled", "form.assembled"]
