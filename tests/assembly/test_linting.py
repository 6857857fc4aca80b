from dataclasses import replace

import pytest

from assembly import adaptive, linting, models
from assembly.qti import drafts, reading, writing
from assembly.qti.assessment import (
    AdaptiveSettings,
    AssessmentTest,
    Child,
    ItemRef,
    Section,
    Selection,
    TestPart,
)
from tests.assembly import factories
from tests.assembly.factories import choice_xml, imported, zipped


def refs(*names: str, required: bool = False) -> tuple[ItemRef, ...]:
    return tuple(ItemRef(identifier=name, href=f"{name}.xml", required=required) for name in names)


def section(*children: Child) -> Section:
    return Section(identifier="S1", title="One", children=children)


def codes(*sections: Section) -> list[str]:
    test = AssessmentTest(
        identifier="T", title="T", parts=(TestPart(identifier="P1", children=sections),)
    )
    return [finding.code for finding in linting.structure(test)]


def test_a_sound_test_has_no_findings() -> None:
    assert codes(section(*refs("Q1", "Q2"))) == []


def test_a_test_without_parts_or_with_an_empty_part_is_an_error() -> None:
    empty = AssessmentTest(identifier="T", title="T")
    assert [finding.code for finding in linting.structure(empty)] == ["no_parts"]
    assert codes() == ["empty_part"]


def test_a_pool_smaller_than_its_select_is_an_error() -> None:
    pool = section(*refs("Q1", "Q2"))
    assert codes(replace(pool, selection=Selection(3))) == ["small_pool"]
    assert codes(replace(pool, selection=Selection(2))) == []
    assert codes(replace(pool, selection=Selection(3, with_replacement=True))) == []


def test_more_required_than_selected_is_an_error() -> None:
    pool = section(*refs("Q1", "Q2", required=True), *refs("Q3"))
    assert codes(replace(pool, selection=Selection(1))) == ["too_many_required"]


def test_an_identifier_used_twice_is_an_error() -> None:
    assert codes(section(*refs("Q1", "Q1"))) == ["duplicate"]
    assert codes(section(*refs("P1"))) == ["duplicate"]


@pytest.mark.parametrize(
    ("engine", "settings", "found"),
    [
        (adaptive.ENGINE, adaptive.Settings(min_items=1, max_items=2).href(), []),
        (adaptive.ENGINE, adaptive.Settings(min_items=3, max_items=4).href(), ["small_pool"]),
        (adaptive.ENGINE, "urn:other", ["adaptive_settings"]),
        ("urn:other", None, ["foreign_engine"]),
    ],
)
def test_adaptive_sections_need_our_engine_and_items_enough(
    engine: str, settings: str | None, found: list[str]
) -> None:
    pool = section(*refs("Q1", "Q2"))
    assert codes(replace(pool, adaptive=AdaptiveSettings(engine, settings))) == found


def item_codes(source: bytes) -> list[str]:
    return [finding.code for finding in linting.item_findings(reading.read_item(source))]


def test_an_item_without_a_key_is_a_warning() -> None:
    keyed = choice_xml("Q1")
    start, end = keyed.index(b"<qti-correct-response>"), keyed.index(b"</qti-response-decl")
    unkeyed = keyed[:start] + keyed[end:]
    assert item_codes(keyed) == []
    assert item_codes(unkeyed) == ["no_key"]


def test_an_item_that_a_person_scores_needs_no_key() -> None:
    essay = drafts.ExtendedTextDraft(identifier="E", title="E", question="Why?")
    assert item_codes(writing.item(essay)) == []


def test_an_image_without_alternative_text_is_a_warning_and_decoration_is_not() -> None:
    described = choice_xml("Q1", alt="A map")
    assert item_codes(described) == []
    assert item_codes(choice_xml("Q1", alt="")) == []
    assert item_codes(described.replace(b' alt="A map"', b"")) == ["no_alternative_text"]


@pytest.mark.django_db
def test_refs_without_a_usable_version_are_errors() -> None:
    items = factories.a_bank(2)
    test = factories.a_draft(items)
    models.ItemVersion.objects.filter(item=items[0]).update(state="retired")
    pinned = models.ItemRef.objects.get(item=items[1])
    pinned.version = items[1].newest()
    pinned.save()
    models.ItemVersion.objects.filter(item=items[1]).update(state="retired")
    found = [(finding.code, finding.where) for finding in linting.lint(test)]
    assert found == [("unresolved_ref", "Q1"), ("retired_item", "Q2")]


@pytest.mark.django_db
def test_an_adaptive_section_needs_the_difficulty_of_its_items() -> None:
    items = {f"items/{name}.xml": choice_xml(name) for name in ("Q1", "Q2")}
    imported(zipped(items, parameters={"items/Q1.xml": 'a="1" b="0"'}))
    test = factories.a_draft(list(models.Item.objects.all()))
    models.Section.objects.update(rule="adaptive", min_items=1, max_items=2)
    found = [(finding.code, finding.where) for finding in linting.lint(test)]
    assert found == [("no_parameters", "Q2")]
