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
