"""What was published is what is stored; whatever else is named, hashes made anew or not."""

import hashlib
from collections.abc import Callable

import pytest

from assembly import bank, models, testimony
from integrity.chain import BreakKind
from tests.assembly import factories

pytestmark = pytest.mark.django_db
XML = "<other/>"
HASH = hashlib.sha256(XML.encode()).hexdigest()


def publish() -> models.AssessmentTestVersion:
    test = factories.a_draft(factories.a_bank(2))
    return bank.publish(test, factories.BY, factories.AT)


def found(*streams: str) -> list[tuple[BreakKind, str, int]]:
    return [(one.kind, one.what, one.seq) for one in testimony.differences(list(streams) or None)]


def test_what_was_published_is_what_is_stored() -> None:
    publish()
    assert found() == []


def edit(name: str, **fields: str) -> Callable[[], object]:
    return lambda: models.ItemVersion.objects.filter(item__identifier=name).update(**fields)


def test_an_items_text_that_does_not_give_its_hash_is_found() -> None:
    publish()
    edit("Q1", xml=XML)()
    assert found() == [(BreakKind.CONTENT, "Item Q1, 1", 0)]
    assert found("session:other") == []
    assert found(bank.STREAM) == found()


def test_an_items_text_with_its_hash_is_found_by_the_test_that_pins_it() -> None:
    version = publish()
    edit("Q1", xml=XML, sha256=HASH)()
    what = f"Items of the test {version.test.identifier}, 1"
    assert [one[:2] for one in found()] == [(BreakKind.CONTENT, what)]


def test_an_item_published_by_itself_is_known_by_its_own_entry() -> None:
    factories.a_bank(1)
    item = models.ItemVersion.objects.get()
    bank.publish_item(item, factories.BY, factories.AT)
    edit(item.item.identifier, xml=XML, sha256=HASH)()
    assert [one[:2] for one in found()] == [(BreakKind.CONTENT, f"Item {item.item.identifier}, 1")]


def test_another_item_put_in_the_place_of_one_is_found() -> None:
    version = publish()
    first, second = models.TestVersionItem.objects.filter(version=version).order_by("ref")
    models.TestVersionItem.objects.filter(pk=first.pk).update(item_version=second.item_version)
    assert [one[0] for one in found()] == [BreakKind.CONTENT]


def test_a_tests_text_with_its_hash_is_found() -> None:
    version = publish()
    models.AssessmentTestVersion.objects.update(xml=XML, sha256=HASH)
    assert [one[:2] for one in found()] == [
        (BreakKind.CONTENT, f"Test {version.test.identifier}, 1")
    ]
