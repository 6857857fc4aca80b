from collections.abc import Callable, Iterable

import pytest
from django.contrib.auth.models import Permission, User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from assembly import bank, models
from assembly.author.urls import urlpatterns
from integrity import ledger
from tests.assembly import factories
from tests.assembly.factories import AT, BY, PNG, choice_xml, exam_xml, imported, zipped

pytestmark = pytest.mark.django_db
Sign = Callable[..., Client]


@pytest.fixture
def anna(client: Client) -> Client:
    """Staff with every permission of assembly."""
    return signed_in(client, Permission.objects.filter(content_type__app_label="assembly"))


def signed_in(client: Client, permissions: Iterable[Permission], *, staff: bool = True) -> Client:
    user = User.objects.create_user("anna", is_staff=staff)
    user.user_permissions.set(permissions)
    client.force_login(user)
    return client


def choice_form(**changes: str) -> dict[str, str]:
    return {
        "title": "Capital of France",
        "identifier": "capital",
        "language": "en",
        "question": "Which city?",
        "score": "1",
        "shuffle": "on",
        "choice-count": "4",
        "choice-0-text": "Paris",
        "choice-0-correct": "on",
        "choice-1-text": "Lyon",
    } | changes


# Who may come in


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


# Items


def test_a_choice_item_is_written_without_xml(anna: Client) -> None:
    answer = anna.post(reverse("author:item_new", args=["choice"]), choice_form())
    item = models.Item.objects.get(identifier="capital")
    assert answer["Location"] == reverse("author:item", args=[item.pk])
    version = item.newest()
    assert version is not None
    assert (version.interactions, version.max_score, version.created_by) == ("choice", 1.0, "anna")
    read = bank.item(version.pk)
    assert str(read.responses["RESPONSE"].correct) != "None"


def test_a_text_entry_item_is_written_without_xml(anna: Client) -> None:
    form = {
        "title": "River",
        "identifier": "river",
        "language": "en",
        "question": "The river is [_].",
        "score": "2",
        "expected_length": "10",
        "answer-count": "2",
        "answer-0-text": "Seine",
        "answer-0-share": "100",
        "answer-1-text": "la Seine",
        "answer-1-share": "50",
    }
    anna.post(reverse("author:item_new", args=["text_entry"]), form)
    assert models.ItemVersion.objects.get().max_score == 2.0


def test_an_extended_text_item_is_written_without_xml(anna: Client) -> None:
    form = {
        "title": "Essay",
        "identifier": "essay",
        "language": "en",
        "question": "Why?",
        "score": "5",
        "expected_lines": "10",
    }
    anna.post(reverse("author:item_new", args=["extended_text"]), form)
    assert models.ItemVersion.objects.get().interactions == "extended_text"


def test_an_image_goes_with_its_item(anna: Client) -> None:
    form = choice_form(alt="A map")
    upload = SimpleUploadedFile("map.png", PNG)
    anna.post(reverse("author:item_new", args=["choice"]), {**form, "picture": upload})
    version = models.ItemVersion.objects.get()
    file = version.files.get()
    served = anna.get(reverse("author:asset", args=[version.pk]), {"href": file.href})
    assert (served.content, served["Content-Type"]) == (PNG, "image/png")
    assert "sandbox" in served["Content-Security-Policy"]
    assert anna.get(reverse("author:asset", args=[version.pk]), {"href": "x"}).status_code == 404
    # Saved again without a new upload, the image stays.
    again = choice_form(alt="A map", picture_href=file.href, question="Which town?")
    anna.post(reverse("author:item_edit", args=[version.item_id]), again)
    assert models.ItemVersion.objects.get().files.get().href == file.href


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"identifier": "1 2"}, "identifier"),
        ({"choice-0-correct": ""}, "__all__"),
        ({"choice-1-text": ""}, "__all__"),
        ({"score": "0"}, "score"),
        ({"picture_href": "images/a.png"}, "alt"),
    ],
)
def test_an_incomplete_item_is_shown_again_with_its_reasons(
    anna: Client, changes: dict[str, str], field: str
) -> None:
    answer = anna.post(reverse("author:item_new", args=["choice"]), choice_form(**changes))
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == [field]
    assert models.Item.objects.count() == 0


def test_a_file_that_is_no_image_is_refused(anna: Client) -> None:
    upload = SimpleUploadedFile("map.png", b"#!/bin/sh")
    answer = anna.post(
        reverse("author:item_new", args=["choice"]), {**choice_form(alt="x"), "picture": upload}
    )
    assert list(answer.context["form"].errors) == ["picture"]


def test_more_choices_are_offered_without_losing_what_was_written(anna: Client) -> None:
    answer = anna.post(
        reverse("author:item_new", args=["choice"]), choice_form(more="choice", title="")
    )
    form = answer.context["form"]
    assert form.row_count == 6
    assert 'value="Paris"' in answer.content.decode()
    assert not form.errors


def test_editing_a_draft_keeps_its_version_and_editing_a_published_one_makes_another(
    anna: Client,
) -> None:
    anna.post(reverse("author:item_new", args=["choice"]), choice_form())
    item = models.Item.objects.get()
    edit = reverse("author:item_edit", args=[item.pk])
    assert 'value="Capital of France"' in anna.get(edit).content.decode()
    anna.post(edit, choice_form(title="Capital"))
    assert [v.number for v in item.versions.all()] == [1]
    anna.post(reverse("author:item_publish", args=[item.versions.get().pk]))
    anna.post(edit, choice_form(title="The capital"))
    assert [(v.number, v.state) for v in item.versions.order_by("number")] == [
        (1, "published"),
        (2, "draft"),
    ]
    item.refresh_from_db()
    assert item.title == "The capital"


def test_only_an_unused_draft_is_deleted(anna: Client) -> None:
    used, unused = factories.a_bank(2)
    factories.a_draft([used])
    for item in (used, unused):
        anna.post(reverse("author:item_delete", args=[item.pk]))
    assert list(models.Item.objects.all()) == [used]
    models.ItemRef.objects.all().delete()
    anna.post(reverse("author:item_publish", args=[models.ItemVersion.objects.get().pk]))
    anna.post(reverse("author:item_delete", args=[used.pk]))
    assert list(models.Item.objects.all()) == [used]


def test_what_another_author_saved_meanwhile_is_not_overwritten(anna: Client) -> None:
    anna.post(reverse("author:item_new", args=["choice"]), choice_form())
    item = models.Item.objects.get()
    edit = reverse("author:item_edit", args=[item.pk])
    opened = anna.get(edit).context["opened"]
    anna.post(edit, choice_form(title="Theirs", opened=opened))
    answer = anna.post(edit, choice_form(title="Mine", opened=opened))
    assert list(answer.context["form"].errors) == ["__all__"]
    assert 'value="Mine"' in answer.content.decode()
    # The refusal stands until the item is opened again.
    assert answer.context["opened"] == opened
    item.refresh_from_db()
    assert item.title == "Theirs"


def test_an_identifier_is_taken_once(anna: Client) -> None:
    for _ in range(2):
        answer = anna.post(reverse("author:item_new", args=["choice"]), choice_form())
    assert list(answer.context["form"].errors) == ["identifier"]


def test_an_item_beyond_the_forms_is_edited_as_xml(anna: Client) -> None:
    changed = choice_xml("Q1").replace(b"<qti-item-body>", b'<qti-item-body class="wide">')
    imported(zipped({"items/Q1.xml": changed}))
    item = models.Item.objects.get()
    address = reverse("author:item_xml", args=[item.pk])
    assert anna.get(reverse("author:item_edit", args=[item.pk]))["Location"] == address
    assert anna.post(address, {"xml": "<broken"}).context["form"].errors
    anna.post(address, {"xml": choice_xml("Q1", question="Now?").decode()})
    version = item.newest()
    assert version is not None
    assert version.xml.encode() == choice_xml("Q1", question="Now?")


def test_the_live_preview_shows_the_form_and_stores_nothing(anna: Client) -> None:
    address = reverse("author:live_preview", args=["choice"])
    page = anna.post(address, choice_form()).content.decode()
    assert "Which city?" in page
    assert "Paris" in page
    page = anna.post(
        address, {**choice_form(alt="A map"), "picture": SimpleUploadedFile("a.png", PNG)}
    ).content.decode()
    assert "data:image/png;base64," in page
    assert "Not complete yet" in anna.post(address, choice_form(title="")).content.decode()
    assert models.Item.objects.count() == 0


# Trying


def test_a_previewed_item_is_scored_and_leaves_no_trace(anna: Client) -> None:
    factories.a_bank(1)
    head = ledger.head(bank.STREAM)
    address = reverse("author:preview", args=[models.ItemVersion.objects.get().pk])
    assert "Submit an answer" in anna.get(address).content.decode()
    page = anna.post(address, {"r.RESPONSE": "A"})
    assert ("SCORE", "1") in [(n, v.removesuffix(".0")) for n, v in page.context["trial"].outcomes]
    anna.post(address, {"again": "1"})
    assert not anna.get(address).context["trial"].scored
    assert ledger.head(bank.STREAM) == head


def test_the_preview_page_holds_no_key(anna: Client) -> None:
    factories.a_bank(1)
    version = models.ItemVersion.objects.get()
    page = anna.get(reverse("author:preview", args=[version.pk])).content.decode()
    assert "correct" not in page.lower()


def test_a_whole_test_is_tried_without_a_sitting(anna: Client) -> None:
    test = factories.a_draft(factories.a_bank(2))
    first = anna.post(reverse("author:try", args=[test.pk]))
    assert first["Location"] == reverse("author:try_item", args=[test.pk, 1])
    anna.get(first["Location"])
    second = anna.post(first["Location"], {"r.RESPONSE": "A", "go": "next"})
    last = anna.post(second["Location"], {"r.RESPONSE": "B", "go": "next"})
    assert last["Location"] == reverse("author:try_result", args=[test.pk])
    page = anna.get(last["Location"])
    assert [(line.key, line.score) for line in page.context["lines"]] == [("Q1", 1.0), ("Q2", 0.0)]
    assert [(n, float(v)) for n, v in page.context["outcomes"]] == [("SCORE", 1.0)]


def test_an_adaptive_test_is_tried_item_by_item(anna: Client) -> None:
    names = [f"Q{n}" for n in range(5)]
    items = {f"items/{name}.xml": choice_xml(name) for name in names}
    given = {f"items/{name}.xml": f'a="1" b="{n - 2}"' for n, name in enumerate(names)}
    imported(zipped(items, parameters=given))
    test = factories.a_draft(list(models.Item.objects.all()))
    models.Section.objects.update(rule="adaptive", min_items=2, max_items=3)
    page = anna.post(reverse("author:try", args=[test.pk]))
    for _ in range(3):
        page = anna.post(page["Location"], {"r.RESPONSE": "A", "go": "next"})
    assert page["Location"] == reverse("author:try_result", args=[test.pk])
    assert len(anna.get(page["Location"]).context["lines"]) == 3


def test_a_test_that_cannot_be_published_cannot_be_tried(anna: Client) -> None:
    test = factories.a_draft([])
    answer = anna.post(reverse("author:try", args=[test.pk]))
    assert answer["Location"] == reverse("author:publish", args=[test.pk])


# Tests


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


# Import


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
    from assembly import jobs

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


@pytest.mark.parametrize("model", ["item", "assessmenttest", "job"])
def test_the_admin_leads_to_the_author_and_to_nothing_that_is_not_there(
    anna: Client, model: str
) -> None:
    page = {"item": "item", "assessmenttest": "test", "job": "job"}[model]
    answer = anna.get(f"/admin/assembly/{model}/7/change/")
    assert answer["Location"] == reverse(f"author:{page}", args=[7])
    assert anna.get(answer["Location"]).status_code == 404
    assert anna.get(f"/admin/assembly/{model}/style.css/change/").status_code == 404


# Lists hold their number of queries


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
