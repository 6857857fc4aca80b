import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from assembly import bank, models
from assembly.author.urls import urlpatterns
from tests.assembly import factories
from tests.assembly.author_desk import signed_in
from tests.assembly.factories import AT, BY

pytestmark = pytest.mark.django_db


ARGUMENTS = {"kind": "choice", "item_id": 1, "version_id": 1, "test_id": 1, "row_id": 1}

ARGUMENTS |= {"section_id": 1, "job_id": 1, "place": 1}


def addresses() -> list[str]:
    found = []
    for pattern in urlpatterns:
        wanted = pattern.pattern.converters
        given = {name: ARGUMENTS[name] for name in wanted}
        found.append(reverse(f"author:{pattern.name}", kwargs=given))
    return found


@pytest.mark.parametrize("address", addresses())
def test_nobody_without_permission_opens_a_page(client: Client, address: str) -> None:
    assert client.get(address).status_code == 302
    signed_in(client, [])
    assert client.get(address).status_code in {403, 405}
    assert client.post(address).status_code in {403, 405}


@pytest.mark.parametrize("address", addresses())
def test_permissions_without_being_staff_are_not_enough(client: Client, address: str) -> None:
    everything = Permission.objects.filter(content_type__app_label="assembly")
    signed_in(client, everything, staff=False)
    assert client.get(address).status_code in {403, 405}


@pytest.mark.parametrize("model", ["item", "assessmenttest", "job"])
def test_the_admin_leads_to_the_author_and_to_nothing_that_is_not_there(
    anna: Client, model: str
) -> None:
    page = {"item": "item", "assessmenttest": "test", "job": "job"}[model]
    answer = anna.get(f"/admin/assembly/{model}/7/change/")
    assert answer["Location"] == reverse(f"author:{page}", args=[7])
    assert anna.get(answer["Location"]).status_code == 404
    assert anna.get(f"/admin/assembly/{model}/style.css/change/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("admin:assembly_item_changelist", 6),
        ("admin:assembly_assessmenttest_changelist", 6),
        ("admin:assembly_itemversion_changelist", 6),
        ("author:home", 6),
    ],
)
def test_lists_take_as_many_queries_for_one_row_as_for_three(
    anna: Client,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
    name: str,
    queries: int,
) -> None:
    items = factories.a_bank(count)
    for number in range(count):
        factories.a_draft(items, f"T{number}")
    with django_assert_num_queries(queries):
        assert anna.get(reverse(name)).status_code == 200


@pytest.mark.parametrize("count", [1, 3])
def test_pages_of_one_thing_take_as_many_queries_however_much_it_holds(
    anna: Client, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    items = factories.a_bank(count)
    test = factories.a_draft(items)
    section = models.Section.objects.get()
    for number in range(count):
        models.Section.objects.update(shuffle=bool(number % 2))
        bank.publish(test, BY, AT)
    with django_assert_num_queries(10):
        assert anna.get(reverse("author:item", args=[items[0].pk])).status_code == 200
    with django_assert_num_queries(9):
        assert anna.get(reverse("author:add_items", args=[section.pk])).status_code == 200


@pytest.mark.parametrize("count", [1, 3])
def test_a_test_with_many_items_takes_no_more_queries(
    anna: Client, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    test = factories.a_draft(factories.a_bank(count))
    with django_assert_num_queries(8):
        assert anna.get(reverse("author:test", args=[test.pk])).status_code == 200
