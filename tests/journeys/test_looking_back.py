"""Pages that few see, and each only once: looking back, replay, a sealed file, open elsewhere."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django import conf
from django.contrib.auth.models import User
from django.test import Client, override_settings
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from delivery.candidate import backend
from delivery.models import AssessmentSession, Sitting
from delivery.saving import comments, responses
from delivery.saving.responses import Save
from delivery.seat import presence
from delivery.session import moves, scoring, sessions
from integrity.proof import sealing
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
    with override_settings(STORAGES={**conf.settings.STORAGES, "staticfiles": plain}):
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
        value = client.cookies[conf.settings.SESSION_COOKIE_NAME].value
        context.add_cookies(
            [{"name": conf.settings.SESSION_COOKIE_NAME, "value": value, "url": live_server.url}]
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


def inside(page: Page, name: str) -> None:
    """What is in a box that scrolls by itself is to be seen whole on a phone, too."""
    seen(page, name)
    over = "() => [...document.querySelectorAll('.scroll')].map(e => e.scrollWidth - e.clientWidth)"
    assert max(page.evaluate(over)) <= 0, name


def test_a_sealed_file_is_read_in_the_dark_on_a_phone(
    open_as: Open, settings: Any, tmp_path: Path
) -> None:
    settings.LEDGER_KEY_DIR = tmp_path
    versions = {"Q1": kinds.version("extended_text"), "Q2": kinds.version("choices")}
    test = factories.published(Part("P1", ("Q1", "Q2", "Q3")), items=versions)
    sitting = factories.sitting(test, opens_at=None, closes_at=None)
    who = factories.candidate("Wolfeschlegelsteinhausenbergerdorff Maximiliana von Hohenstein")
    session = factories.session(sitting, who, timezone.now())
    answers = [
        {
            "item": item,
            "value": [["r.RESPONSE", value]],
            "base_revision": 0,
            "client_seq": 1,
            "key": item,
            "epoch": 1,
            "writer": "page",
            "written_ms": round(timezone.now().timestamp() * 1000),
        }
        for item, value in {"Q1": "Because " + "x" * 400, "Q2": "A", "Q3": "B"}.items()
    ]
    presence.claim(session.pk, writer="page", device="x", by="candidate:1", at=timezone.now())
    head = (str(session.pk), str(who.pk), timezone.now().isoformat())
    sealed = sealing.seal(head, {"answers": answers})
    proctor = factories.proctor("paula", sitting)
    page = open_as(proctor, f"/proctor/{sitting.pk}/sealed/", color_scheme="dark")
    file = {"name": "answers.invigil", "mimeType": "application/json", "buffer": sealed}
    page.get_by_label("Sealed file").set_input_files(file)  # type: ignore[arg-type]
    seen(page, "before")
    page.get_by_role("button", name="Look inside").click()
    expect(page.get_by_role("heading", name="Wolfeschlegel")).to_be_visible()
    inside(page, "opened")
    page.get_by_role("button", name="Let these answers arrive").click()
    expect(page.get_by_text("3 answers have arrived.")).to_be_visible()
    inside(page, "arrived")


@pytest.mark.parametrize("policy", Sitting.Takeover.values)
def test_a_test_that_is_open_elsewhere_asks_in_the_dark_on_a_phone(
    open_as: Open, policy: str
) -> None:
    sitting = factories.sitting(opens_at=None, closes_at=None, takeover=policy)
    session = factories.session(sitting, at=timezone.now())
    device = "Firefox 131 on a tablet of the school's third floor, Windows 11, " + "x" * 90
    presence.claim(session.pk, writer="page", device=device, by="candidate:1", at=timezone.now())
    page = open_as(
        session.candidate.user, f"/sessions/{session.pk}/elsewhere/", color_scheme="dark"
    )
    expect(page.get_by_role("heading", name="Your test is open elsewhere")).to_be_visible()
    seen(page, policy)
