"""Whatever an item asks, a rehearsal has an answer that its page could have sent."""

import dataclasses

import pytest
from django.http import QueryDict

from assembly import rendering
from assembly.qti import item_session, reading
from assembly.qti.item import AssessmentItem
from assembly.qti.values import Raw
from delivery.models import ItemSession
from delivery.saving import responses
from delivery.saving.responses import Saved
from delivery.sitting import plausible
from delivery.sitting.rehearsal import Answers
from tests import factories, kinds
from tests.factories import Part


def as_posted(item: AssessmentItem) -> dict[str, Raw]:
    form = QueryDict(mutable=True)
    for name, value in plausible.fields(item):
        form.appendlist(name, value)
    return dict(rendering.posted_responses(item, form))


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_every_interaction_has_a_plausible_answer_without_a_problem(kind: str) -> None:
    item = reading.read_item(kinds.KINDS[kind].xml(kind).encode())
    raw = as_posted(item)
    assert raw["RESPONSE"] is not None
    bound = item_session.bind(item, raw)
    for interaction in item.interactions:
        assert interaction.problems(bound[interaction.response_identifier]) == ()


@pytest.mark.django_db
def test_an_answer_to_every_interaction_is_saved() -> None:
    versions = {name: kinds.version(name) for name in kinds.KINDS}
    test = factories.published(Part(items=tuple(versions)), items=versions)
    session = factories.session(factories.sitting(test))
    fields = Answers().of(str(session.pk))
    assert set(fields) == set(versions)
    for row in ItemSession.objects.filter(session=session):
        item = reading.read_item(kinds.KINDS[row.key].xml(row.key).encode())
        save = dataclasses.replace(factories.save(session, row.key), raw=as_posted(item))
        (saved,) = responses.save([save])
        assert isinstance(saved, Saved), row.key
