import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from assembly import adaptive, bank, models
from assembly.models import ImmutableError, VersionState
from assembly.packages.checking import Outcome
from assembly.qti.errors import ReadingError
from assembly.selection import Mode, Order, Select
from integrity import ledger
from tests.assembly import factories
from tests.assembly.factories import AT, BY, PNG, choice_xml, exam_xml, imported, zipped

pytestmark = pytest.mark.django_db


def a_package(**changes: bytes) -> bytes:
    items = {"items/Q1.xml": choice_xml("Q1", alt="A map"), "items/Q2.xml": choice_xml("Q2")}
    tests = {"t.xml": exam_xml(["Q1", "Q2"])}
    return zipped(items | changes, tests, {"images/a.png": PNG})


# Import


def test_a_package_becomes_drafts_with_their_files() -> None:
    report = imported(a_package())
    assert [(row.identifier, row.outcome) for row in report.items] == [
        ("Q1", Outcome.KEPT),
        ("Q2", Outcome.KEPT),
    ]
    version = models.ItemVersion.objects.get(pk=report.items[0].row_id or 0)
    assert (version.number, version.state, version.interactions) == (1, "draft", "choice")
    assert version.xml.encode() == choice_xml("Q1", alt="A map")
    found = bank.asset(version.pk, "../images/a.png")
    assert found is not None
    assert (bytes(found.content), found.media_type) == (PNG, "image/png")
    assert bank.asset(version.pk, "images/a.png") is None


def test_an_imported_test_keeps_its_words_and_shows_its_rows() -> None:
    report = imported(a_package())
    test = models.AssessmentTest.objects.get(pk=report.tests[0].row_id or 0)
    assert test.xml.encode() == exam_xml(["Q1", "Q2"])
    assert [part.navigation_mode for part in test.parts.all()] == ["linear"]
    refs = models.ItemRef.objects.filter(section__part__test=test)
    assert [(ref.identifier, ref.version.number) for ref in refs if ref.version] == [
        ("Q1", 1),
        ("Q2", 1),
    ]


def test_a_dry_run_reports_the_same_and_stores_nothing() -> None:
    report = bank.import_package(a_package(), by=BY, at=AT, dry_run=True)
    assert (report.dry_run, [row.identifier for row in report.items]) == (True, ["Q1", "Q2"])
    assert models.Item.objects.count() == models.Asset.objects.count() == 0
    assert ledger.head(bank.STREAM) is None


def test_the_same_package_twice_changes_nothing() -> None:
    imported(a_package())
    report = imported(a_package())
    assert {row.unchanged for row in (*report.items, *report.tests)} == {True}
    assert models.ItemVersion.objects.count() == 2
    assert models.AssessmentTest.objects.count() == 1


def test_a_changed_item_becomes_a_new_version() -> None:
    imported(a_package())
    report = imported(zipped({"items/Q2.xml": choice_xml("Q2", question="Which one?")}))
    version = models.ItemVersion.objects.get(pk=report.items[0].row_id or 0)
    assert (version.item.identifier, version.number) == ("Q2", 2)
    assert models.Item.objects.count() == 2


def test_a_changed_picture_makes_a_new_version() -> None:
    items = {"items/Q1.xml": choice_xml("Q1", alt="A map")}
    imported(zipped(items, None, {"images/a.png": PNG}))
    report = imported(zipped(items, None, {"images/a.png": PNG + b"x"}))
    assert models.ItemVersion.objects.get(pk=report.items[0].row_id or 0).number == 2


def test_equal_files_are_kept_once() -> None:
    items = {f"items/{name}.xml": choice_xml(name, alt="A map") for name in ("Q1", "Q2")}
    imported(zipped(items, None, {"images/a.png": PNG}))
    assert models.Asset.objects.count() == 1
    assert models.ItemVersionAsset.objects.count() == 2


def test_two_items_of_one_identifier_in_a_package_are_pinned_apart() -> None:
    items = {
        "items/Q1.xml": choice_xml("Q1"),
        "items/Q2.xml": choice_xml("Q1", question="Which other?"),
    }
    report = imported(zipped(items, {"t.xml": exam_xml(["Q1", "Q2"])}))
    refs = models.ItemRef.objects.filter(section__part__test_id=report.tests[0].row_id)
    assert [ref.version.number for ref in refs.order_by("position") if ref.version] == [1, 2]


def test_item_parameters_come_from_the_manifest() -> None:
    items = {"items/Q1.xml": choice_xml("Q1")}
    given = {"items/Q1.xml": 'a="1.5" b="-0.5" c="0.2"'}
    report = imported(zipped(items, parameters=given))
    version = models.ItemVersion.objects.get(pk=report.items[0].row_id or 0)
    assert (version.irt_a, version.irt_b, version.irt_c) == (1.5, -0.5, 0.2)
    assert bank.candidate("Q1", version) == adaptive.Candidate("Q1", 1.5, -0.5, 0.2)


def test_what_cannot_be_used_is_refused_and_the_rest_is_kept() -> None:
    bad = {"items/bad.xml": b"<qti-assessment-item/>"}
    report = imported(zipped({"items/Q1.xml": choice_xml("Q1"), **bad}))
    assert [row.outcome for row in report.items] == [Outcome.KEPT, Outcome.REFUSED]
    assert report.items[1].message
    assert models.ItemVersion.objects.count() == 1


def test_a_missing_picture_degrades_an_item_and_says_where() -> None:
    report = imported(zipped({"items/Q1.xml": choice_xml("Q1", alt="A map")}))
    row = report.items[0]
    assert (row.outcome, row.reason) == (Outcome.DEGRADED, "missing_file")
    assert row.message == "The file ../images/a.png is missing."
    assert row.line is not None


def test_a_test_that_needs_a_refused_item_is_refused() -> None:
    items = {"items/Q1.xml": b"<qti-assessment-item/>"}
    report = imported(zipped(items, {"t.xml": exam_xml(["Q1"])}))
    assert [(row.outcome, row.reason) for row in report.tests] == [
        (Outcome.REFUSED, "refused_item")
    ]


def test_a_test_that_points_nowhere_is_refused() -> None:
    items = {"items/Q1.xml": choice_xml("Q1")}
    report = imported(zipped(items, {"t.xml": exam_xml(["Q9"])}))
    assert report.tests[0].reason == "unresolved_ref"
    assert models.AssessmentTest.objects.count() == 0


def test_a_draft_that_is_written_here_is_never_overwritten() -> None:
    factories.a_draft(factories.a_bank(1))
    report = imported(a_package())
    assert (report.tests[0].outcome, report.tests[0].reason) == (Outcome.KEPT, "kept_beside")
    assert models.AssessmentTest.objects.get(identifier="T1").xml == ""
    assert models.AssessmentTest.objects.get(identifier="T1-2").xml != ""
    assert imported(a_package()).tests[0].unchanged
    assert models.AssessmentTest.objects.count() == 2


def test_another_test_of_the_same_identifier_is_kept_beside_an_unpublished_one() -> None:
    imported(a_package())
    other = {"t.xml": exam_xml(["Q1"], title="Another test")}
    content = zipped({"items/Q1.xml": choice_xml("Q1")}, other)
    report = imported(content)
    assert report.tests[0].message.endswith("kept beside it as T1-2.")
    titles = models.AssessmentTest.objects.order_by("identifier").values_list("title", flat=True)
    assert list(titles) == ["A test", "Another test"]
    again = imported(content)
    assert (again.tests[0].unchanged, again.tests[0].message) == (True, "")
    assert models.AssessmentTest.objects.count() == 2


def test_a_published_test_may_change_its_title_by_import() -> None:
    imported(a_package())
    bank.publish(models.AssessmentTest.objects.get(), BY, AT)
    other = {"t.xml": exam_xml(["Q1"], title="A better title")}
    report = imported(zipped({"items/Q1.xml": choice_xml("Q1")}, other))
    assert report.tests[0].reason == "replaced_draft"
    assert models.AssessmentTest.objects.get().title == "A better title"
    assert models.AssessmentTestVersion.objects.get().title == "A test"


def test_a_draft_that_takes_anothers_place_says_so() -> None:
    imported(a_package())
    other = {"t.xml": exam_xml(["Q1"])}
    report = imported(zipped({"items/Q1.xml": choice_xml("Q1")}, other))
    assert (report.tests[0].outcome, report.tests[0].reason) == (Outcome.KEPT, "replaced_draft")
    assert models.AssessmentTest.objects.get().xml.encode() == exam_xml(["Q1"])


def test_a_broken_package_leaves_nothing_behind() -> None:
    with pytest.raises(ReadingError):
        imported(b"PK not a zip")
    assert models.Item.objects.count() == 0


def test_a_failure_while_writing_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_entry: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(ledger, "append", fail)
    with pytest.raises(OSError, match="disk full"), transaction.atomic():
        imported(a_package())
    assert models.Item.objects.count() == models.Asset.objects.count() == 0


def test_progress_counts_every_document() -> None:
    seen: list[tuple[int, int]] = []
    bank.import_package(
        a_package(), by=BY, at=AT, progress=lambda done, total, _name: seen.append((done, total))
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_an_import_takes_a_constant_number_of_queries() -> None:
    imported(zipped({"items/first.xml": choice_xml("first")}))
    counts = []
    for size in (1, 30):
        names = [f"N{size}-{n}" for n in range(size)]
        content = zipped({f"items/{name}.xml": choice_xml(name) for name in names})
        with CaptureQueriesContext(
            connection,
        ) as queries:
            imported(content)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_an_import_is_noted_in_the_ledger() -> None:
    imported(a_package())
    entry = ledger.read(bank.STREAM)[0]
    assert (entry.kind, entry.actor, entry.payload["items"]) == ("bank.imported", BY, 2)


# Publish


def test_publishing_freezes_the_test_and_its_items() -> None:
    test = factories.a_draft(factories.a_bank(2))
    version = bank.publish(test, BY, AT)
    assert (version.number, version.state, version.published_by) == (1, "published", BY)
    assert {v.state for v in models.ItemVersion.objects.all()} == {VersionState.PUBLISHED}
    assert list(bank.pins(version.pk)) == ["Q1", "Q2"]
    found = bank.definition(version.pk)
    assert [child.identifier for child in found.parts[0].children] == ["S1"]
    assert bank.item(bank.pins(version.pk)["Q1"]).title == "Item Q1"


def test_publishing_an_imported_test_publishes_its_own_words() -> None:
    report = imported(a_package())
    test = models.AssessmentTest.objects.get(pk=report.tests[0].row_id or 0)
    assert bank.publish(test, BY, AT).xml == test.xml


def test_publishing_the_same_draft_twice_gives_one_version() -> None:
    test = factories.a_draft(factories.a_bank(1))
    assert bank.publish(test, BY, AT) == bank.publish(test, BY, AT)
    models.Section.objects.filter(part__test=test).update(shuffle=True)
    assert bank.publish(test, BY, AT).number == 2


def test_publishing_takes_the_newest_version_of_an_item() -> None:
    test = factories.a_draft(factories.a_bank(1))
    report = imported(zipped({"items/Q1.xml": choice_xml("Q1", question="Which one?")}))
    version = bank.publish(test, BY, AT)
    assert bank.pins(version.pk) == {"Q1": report.items[0].row_id}


def test_a_test_with_errors_is_not_published() -> None:
    test = factories.a_draft([])
    with pytest.raises(bank.PublishError) as refused:
        bank.publish(test, BY, AT)
    assert [finding.code for finding in refused.value.findings] == ["empty_section"]
    assert models.AssessmentTestVersion.objects.count() == 0


def test_a_published_item_version_refuses_to_change() -> None:
    bank.publish(factories.a_draft(factories.a_bank(1)), BY, AT)
    version = models.ItemVersion.objects.get()
    version.xml = choice_xml("Q1", question="Changed?").decode()
    with pytest.raises(ImmutableError):
        version.save()
    again = models.ItemVersion.objects.get()
    again.state = VersionState.DRAFT
    with pytest.raises(ImmutableError):
        again.save()


def test_a_published_test_version_refuses_to_change_but_can_be_retired() -> None:
    version = bank.publish(factories.a_draft(factories.a_bank(1)), BY, AT)
    version.title = "Another"
    with pytest.raises(ImmutableError):
        version.save()
    bank.retire(version, BY, AT)
    bank.retire(version, BY, AT)
    version.refresh_from_db()
    assert (version.state, version.retired_at) == ("retired", AT)
    kinds = [entry.kind for entry in ledger.read(bank.STREAM)]
    assert kinds == ["bank.imported", "test.published", "test.retired"]


def test_the_database_refuses_rows_that_make_no_sense() -> None:
    test = factories.a_draft(factories.a_bank(1))
    for values in (
        {"select": 0, "rule": "random"},
        {"rule": "odd"},
        {"min_items": 9, "max_items": 3},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            models.Section.objects.filter(part__test=test).update(**values)
    with pytest.raises(IntegrityError), transaction.atomic():
        models.TestPart.objects.filter(test=test).update(min_seconds=9, max_seconds=3)


# Read


def test_drafts_are_read_anew_and_published_items_once() -> None:
    test = factories.a_draft(factories.a_bank(1))
    version = models.ItemVersion.objects.get()
    assert bank.item(version.pk) is not bank.item(version.pk)
    bank.publish(test, BY, AT)
    assert bank.item(version.pk) is bank.item(version.pk)


def test_reading_published_content_again_asks_the_database_nothing() -> None:
    published = bank.publish(factories.a_draft(factories.a_bank(2)), BY, AT)
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            bank.definition(published.pk)
            for version in bank.pins(published.pk).values():
                bank.item(version)
                bank.stimuli(version)
    assert len(queries) == 0


def test_the_mode_of_a_test_is_published_with_it() -> None:
    test = factories.a_draft(factories.a_bank(1))
    test.order_mode, test.select_mode = "shuffle_sections", "fixed"
    test.save()
    assert bank.mode(bank.publish(test, BY, AT)) == Mode(Select.FIXED, Order.SHUFFLE_SECTIONS)


def test_the_pool_of_an_adaptive_section_has_its_parameters() -> None:
    names = ["Q1", "Q2"]
    items = {f"items/{name}.xml": choice_xml(name) for name in names}
    given = {f"items/{name}.xml": f'a="1" b="{n}"' for n, name in enumerate(names)}
    imported(zipped(items, parameters=given))
    test = factories.a_draft(list(models.Item.objects.all()))
    models.Section.objects.update(rule="adaptive", min_items=1, max_items=2)
    version = bank.publish(test, BY, AT)
    assert bank.pool(version.pk, "S1") == (
        adaptive.Candidate("Q1", 1.0, 0.0, 0.0),
        adaptive.Candidate("Q2", 1.0, 1.0, 0.0),
    )
