"""The pages of looking back, commenting and the author's replay: seen by axe, wide and narrow."""

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from delivery.candidate import backend
from delivery.models import AssessmentSession, Sitting
from delivery.saving import comments, responses
from delivery.saving.responses import Save
from delivery.session import moves, scoring, sessions
from tests import axe, factories, kinds
from tests.factories import Part

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CONTROL = (
    '<qti-item-session-control max-attempts="2" show-solution="true" show-feedback="true"'
    ' allow-comment="true" allow-skipping="false" validate-responses="true"/>'
)
Open = Callable[..., Page]


@pytest.fixture
def static_sources() -> Iterator[None]:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


@pytest.fixture
def open_as(
    static_sources: None, live_server: LiveServer, new_context: Callable[..., BrowserContext]
) -> Open:
    def show(user: User, path: str, **options: object) -> Page:
        client = Client()
        own = hasattr(user, "candidate")
        client.force_login(user, backend=backend.PATH if own else None)
        context = new_context(**options)
        value = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}]
        )
        page = context.new_page()
        page.goto(live_server.url + path)
        return page

    return show


def begun() -> AssessmentSession:
    versions = {"Q1": kinds.version("choice"), "Q2": kinds.version("hotspot")}
    first = Part("P1", ("Q1", "Q2"), control=CONTROL)
    test = factories.published(first, Part("P2", ("Q3",)), items=versions)
    release = Sitting.Release.SUBMISSION
    sitting = factories.sitting(test, opens_at=None, closes_at=None, release=release)
    return factories.session(sitting, at=timezone.now())


def answered(session: AssessmentSession, key: str, value: str) -> None:
    saved = Save(
        session_id=session.pk,
        item=key,
        raw={"RESPONSE": value},
        key=key,
        received_at=timezone.now(),
        by="candidate:1",
    )
    responses.save([saved])


def seen(page: Page, name: str) -> None:
    """No violation, and nothing to scroll sideways, wide and narrow."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.scrollingElement.scrollWidth - innerWidth") <= 0, name
        assert axe.violations(page) == [], (name, width)


def test_a_candidate_comments_looks_at_a_solution_and_back_at_the_end(open_as: Open) -> None:
    session = begun()
    page = open_as(session.candidate.user, f"/sessions/{session.pk}/items/Q1/")
    expect(page.get_by_text("This item must be answered.")).to_be_visible()
    page.get_by_text("Comment on this item").click()
    page.get_by_label("For those who mark the test").fill("Two of them are right.")
    expect(page.get_by_text("Comment saved")).to_be_visible()
    assert comments.of(session.pk) == {"Q1": "Two of them are right."}
    seen(page, "item")
    for tried in ("Alpha", "Gamma"):
        page.locator(".qti-card", has_text=tried).click()
        page.get_by_role("button", name="Check answer").click()
        left = "1 attempt left" if tried == "Alpha" else "This item is closed."
        expect(page.get_by_text(left)).to_be_visible()
    page.get_by_role("link", name="See the solution").click()
    expect(page.get_by_text("This is the correct answer.")).to_be_visible()
    expect(page.get_by_label("Beta")).to_be_checked()
    seen(page, "solution")
    page.get_by_role("link", name="Your answer").click()
    expect(page.get_by_label("Gamma")).to_be_checked()
    expect(page.get_by_text("Two of them are right.")).to_be_visible()
    answered(session, "Q2", "P")
    moves.end_part(session.pk, timezone.now(), by="candidate:1", confirmed=True)
    page.goto(page.url.split("/look/")[0] + "/parts/P1/")
    expect(page.get_by_role("heading", name="This part is finished")).to_be_visible()
    seen(page, "part")
    sessions.complete(session.pk, timezone.now(), by="candidate:1", confirmed=True)
    scoring.score(session.pk, timezone.now())
    page.goto(page.url.split("/parts/")[0] + "/result/")
    page.locator(".review-row", has_text="2").first.click()
    expect(page.get_by_label("Peak")).to_be_checked()
    seen(page, "own answer")


def test_an_author_reads_how_an_answer_was_scored(open_as: Open) -> None:
    version = kinds.version("choices")
    author = User.objects.create_superuser("anna", password="anna")
    page = open_as(author, f"/author/versions/{version.pk}/preview/")
    page.locator(".qti-card", has_text="Alpha").click()
    page.locator(".qti-card", has_text="Gamma").click()
    page.get_by_role("button", name="Submit the answer").click()
    expect(page.locator(".replay-taken")).to_contain_text("If: true, taken.")
    row = page.get_by_role("row", name="SCORE")
    expect(row.locator("mark")).to_have_text("1.0")
    seen(page, "replay")


def test_an_author_tries_a_portable_interaction_in_its_sealed_frame(open_as: Open) -> None:
    version = kinds.version("portable")
    author = User.objects.create_superuser("anna", password="anna")
    page = open_as(author, f"/author/versions/{version.pk}/preview/")
    button = page.frame_locator("iframe").get_by_role("button")
    expect(button).to_have_text("One more: 0")
    button.click()
    expect(page.locator("[data-portable-values] input")).to_have_value("1")
    page.get_by_role("button", name="Submit the answer").click()
    expect(page.frame_locator("iframe").get_by_role("button")).to_have_text("One more: 1")
