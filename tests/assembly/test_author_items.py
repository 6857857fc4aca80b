import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from assembly import bank, models
from integrity import ledger
from tests.assembly import factories
from tests.assembly.author_desk import choice_form
from tests.assembly.factories import PNG, choice_xml, imported, zipped

pytestmark = pytest.mark.django_db


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
