import pytest

from delivery.models import AssessmentSession, ItemSession
from delivery.queries import setwise
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("number", [1, 3])
def test_any_number_of_rows_is_one_statement(
    number: int, django_assert_num_queries: pytest.FixtureRequest
) -> None:
    factories.session()
    rows = list(ItemSession.objects.all()[:number])
    for row in rows:
        row.response, row.answered, row.saved_at = {"RESPONSE": row.key}, True, after(1)
    with django_assert_num_queries(1):  # type: ignore[operator]
        setwise.update(rows, ["response", "answered", "saved_at"])
    written = ItemSession.objects.filter(answered=True)
    assert {row.key: row.response["RESPONSE"] for row in written} == {r.key: r.key for r in rows}
    assert {row.saved_at for row in written} == {after(1)}


def test_every_kind_of_field_comes_back_as_it_was_set() -> None:
    session = factories.session()
    session.score, session.withheld, session.due_at = 1.5, True, None
    session.timing, session.position = {"spent": {"item:Q1": 3}}, "Q2"
    names = ["score", "withheld", "due_at", "timing", "position", "time_multiplier"]
    setwise.update([session], names)
    stored = AssessmentSession.objects.get()
    assert [getattr(stored, name) for name in names] == [getattr(session, name) for name in names]


def test_nothing_to_write_is_no_statement(
    django_assert_num_queries: pytest.FixtureRequest,
) -> None:
    with django_assert_num_queries(0):  # type: ignore[operator]
        setwise.update([], ["score"])


def test_new_rows_get_their_keys_whatever_order_they_came_in() -> None:
    session = factories.session()
    version = session.item_sessions.get(position=0).item_version_id
    new = [
        ItemSession(session=session, key=key, position=place, item_version_id=version)
        for place, key in ((8, "Z"), (6, "Y"), (7, "X"))
    ]
    setwise.create_all(new, by="key")
    assert {row.pk: row.key for row in new} == {
        row.pk: row.key for row in session.item_sessions.filter(position__gte=6)
    }
    new[0].flagged = True
    new[0].save(update_fields=["flagged"])
    assert ItemSession.objects.get(flagged=True).key == "Z"
    setwise.create_all([], by="key")


def test_a_new_row_with_its_key_is_as_django_would_have_kept_it() -> None:
    session = factories.session()
    again = AssessmentSession(
        sitting=session.sitting, candidate=session.candidate, attempt_number=2, created_at=after(1)
    )
    setwise.create(again)
    stored = AssessmentSession.objects.get(pk=again.pk)
    assert [getattr(stored, field.attname) for field in stored._meta.concrete_fields] == [
        getattr(again, field.attname) for field in again._meta.concrete_fields
    ]


def test_what_was_not_read_is_not_written() -> None:
    session = factories.session()
    AssessmentSession.objects.update(outcomes={"total": 1}, plan={"items": []})
    read = AssessmentSession.objects.defer("outcomes", "plan").get(pk=session.pk)
    read.position = "Q3"
    setwise.save(read)
    stored = AssessmentSession.objects.get()
    assert (stored.position, stored.outcomes, stored.plan) == ("Q3", {"total": 1}, {"items": []})
