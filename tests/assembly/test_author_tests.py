from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from assembly import bank, models
from tests.assembly import factories
from tests.assembly.author_desk import signed_in
from tests.assembly.factories import AT, BY, choice_xml, exam_xml, imported, zipped

pytestmark = pytest.mark.django_db


def test_a_test_is_built_from_nothing(anna: Client) -> None:
    items = factories.a_bank(3)
    form = {"identifier": "geo", "title": "Geography", "language": "en"}
    anna.post(reverse("author:test_new"), form)
    test = models.AssessmentTest.objects.get()
    section = models.Section.objects.get()
    chosen = {"item": [str(item.pk) for item in items]}
    anna.post(reverse("author:add_items", args=[section.pk]), chosen)
    anna.post(reverse("author:add_section", args=["section", section.pk]))
    anna.post(reverse("author:add_section", args=["part", section.part_id]))
    anna.post(reverse("author:add_part", args=[test.pk]))
    assert list(models.ItemRef.objects.values_list("identifier", "position")) == [
        ("Q1", 1),
        ("Q2", 2),
        ("Q3", 3),
    ]
    inner = models.Section.objects.get(parent=section)
    assert (inner.position, test.parts.count()) == (4, 2)
    anna.post(reverse("author:remove", args=["section", inner.pk]))
    assert models.Section.objects.filter(part=section.part).count() == 2


def test_numbers_set_the_order_and_only_of_this_test(anna: Client) -> None:
    items = factories.a_bank(2)
    test, other = factories.a_draft(items), factories.a_draft(items, "T2")
    mine = models.ItemRef.objects.filter(section__part__test=test).order_by("identifier")
    theirs = models.ItemRef.objects.filter(section__part__test=other).order_by("identifier")
    places = {f"place-ref-{mine[0].pk}": "9", f"place-ref-{theirs[0].pk}": "9"}
    anna.post(reverse("author:reorder", args=[test.pk]), places | {"place-ref-x": "no"})
    assert [ref.position for ref in mine] == [9, 2]
    assert [ref.position for ref in theirs] == [1, 2]


def test_rows_are_edited_with_all_that_qti_gives_them(anna: Client) -> None:
    test = factories.a_draft(factories.a_bank(2))
    section, part = models.Section.objects.get(), models.TestPart.objects.get()
    rules = {
        "identifier": "S1",
        "title": "Maps",
        "rule": "random",
        "select": "1",
        "min_items": "5",
        "max_items": "9",
        "choose_among": "5",
        "scaling": "1",
        "max_seconds": "600",
        "max_attempts": "2",
        "allow_skipping": "false",
    }
    anna.post(reverse("author:row", args=["section", section.pk]), rules)
    section.refresh_from_db()
    assert (section.rule, section.select, section.max_seconds) == ("random", 1, 600)
    assert (section.max_attempts, section.allow_skipping, section.visible) == (2, False, False)
    form = {"identifier": "P1", "navigation_mode": "linear", "submission_mode": "simultaneous"}
    anna.post(reverse("author:row", args=["part", part.pk]), form)
    part.refresh_from_db()
    assert (part.navigation_mode, part.submission_mode) == ("linear", "simultaneous")
    ref = models.ItemRef.objects.first()
    assert ref is not None
    anna.post(reverse("author:row", args=["ref", ref.pk]), {"identifier": "Q1", "weight": "2"})
    settings = {"title": "T", "select_mode": "fixed", "order_mode": "random"}
    anna.post(reverse("author:test_settings", args=[test.pk]), settings)
    test.refresh_from_db()
    assert (models.ItemRef.objects.get(pk=ref.pk).weight, test.select_mode) == (2.0, "fixed")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rule": "random", "select": ""}, "select"),
        ({"min_items": "9", "max_items": "3"}, "min_items"),
        ({"min_seconds": "9", "max_seconds": "3"}, "min_seconds"),
        ({"title": ""}, "title"),
    ],
)
def test_rules_that_contradict_each_other_are_shown_again(
    anna: Client, changes: dict[str, str], field: str
) -> None:
    factories.a_draft([])
    rules = {
        "identifier": "S1",
        "title": "Maps",
        "rule": "all",
        "min_items": "5",
        "max_items": "9",
        "choose_among": "5",
        "scaling": "1",
    }
    section = models.Section.objects.get()
    answer = anna.post(reverse("author:row", args=["section", section.pk]), rules | changes)
    assert list(answer.context["form"].errors) == [field]


def test_publishing_shows_the_lint_first(anna: Client) -> None:
    test = factories.a_draft([])
    address = reverse("author:publish", args=[test.pk])
    assert [f.code for f in anna.get(address).context["errors"]] == ["empty_section"]
    anna.post(address)
    assert models.AssessmentTestVersion.objects.count() == 0
    models.ItemRef.objects.create(
        section=models.Section.objects.get(), item=factories.a_bank(1)[0], identifier="Q1"
    )
    assert anna.get(address).context["errors"] == []
    anna.post(address)
    version = models.AssessmentTestVersion.objects.get()
    assert (version.number, version.published_by) == (1, "anna")
    package = anna.get(reverse("author:export", args=[version.pk]))
    assert package["Content-Disposition"] == 'attachment; filename="T1-v1.zip"'
    anna.post(reverse("author:retire", args=[version.pk]))
    version.refresh_from_db()
    assert version.state == "retired"


def test_publishing_needs_its_own_permission(client: Client) -> None:
    test = factories.a_draft(factories.a_bank(1))
    signed_in(client, Permission.objects.filter(codename__in=["view_assessmenttest"]))
    address = reverse("author:publish", args=[test.pk])
    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 403


def test_an_imported_test_is_locked_until_it_is_made_editable(anna: Client) -> None:
    items = {"items/Q1.xml": choice_xml("Q1")}
    report = imported(zipped(items, {"t.xml": exam_xml(["Q1"])}))
    test = models.AssessmentTest.objects.get(pk=report.tests[0].row_id or 0)
    section = models.Section.objects.get()
    row = reverse("author:row", args=["section", section.pk])
    assert anna.get(row).status_code == 404
    assert anna.post(reverse("author:add_part", args=[test.pk])).status_code == 404
    assert anna.get(reverse("author:test", args=[test.pk])).status_code == 200
    anna.post(reverse("author:make_editable", args=[test.pk]))
    assert anna.get(row).status_code == 200
    assert bank.publish(test, BY, AT).number == 1


def test_a_package_is_checked_then_imported(
    anna: Client, django_capture_on_commit_callbacks: Callable[..., object]
) -> None:
    content = zipped({"items/Q1.xml": choice_xml("Q1"), "items/b.xml": b"<x/>"})
    upload = SimpleUploadedFile("bank.zip", content)
    answer = anna.post(reverse("author:upload"), {"package": upload})
    job = models.Job.objects.get()
    assert answer["Location"] == reverse("author:job", args=[job.pk])
    assert "hx-get" in anna.get(answer["Location"]).content.decode()


def test_a_job_page_offers_the_import_of_what_can_be_used(anna: Client) -> None:
    from assembly.packages import jobs

    content = zipped({"items/Q1.xml": choice_xml("Q1"), "items/b.xml": b"<x/>"})
    job = jobs.begin_check(content, "bank.zip", by="anna", at=AT)
    jobs.run(job.pk, AT)
    page = anna.get(reverse("author:job", args=[job.pk])).content.decode()
    assert "Import 1 document" in page
    assert models.Item.objects.count() == 0
    anna.post(reverse("author:job_start", args=[job.pk]))
    jobs.run(job.pk, AT)
    assert "Imported." in anna.get(reverse("author:job", args=[job.pk])).content.decode()
    assert models.Item.objects.count() == 1
