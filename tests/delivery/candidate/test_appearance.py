"""A candidate's pages look as the candidate's profile asks."""

from collections.abc import Callable, Mapping

import pytest
from django.test import Client
from django.utils import timezone

from delivery.models import AssessmentSession, Candidate
from delivery.people import needs
from tests import factories
from tests.factories import Part

pytestmark = pytest.mark.django_db
ZOOM = {"supports": {"magnification": {"all-content/zoom-amount": "2"}, "high-contrast": {}}}


@pytest.fixture
def session() -> AssessmentSession:
    version = factories.published(Part("P1", ("Q1",)))
    sitting = factories.sitting(version, opens_at=None, closes_at=None)
    return factories.session(sitting, at=timezone.now())


def profiled(session: AssessmentSession, preferences: Mapping[str, object]) -> Candidate:
    session.candidate.preferences = preferences
    session.candidate.save()
    return session.candidate


def test_a_profile_gives_every_page_its_theme_and_its_sheet(
    session: AssessmentSession, sign_in: Callable[[Candidate], Client]
) -> None:
    client = sign_in(profiled(session, ZOOM))
    version = needs.look(session.candidate).version
    for address in ("/", f"/sessions/{session.pk}/items/Q1/", f"/sessions/{session.pk}/review/"):
        page = client.get(address).content.decode()
        assert f'data-look-of="{session.candidate_id}" data-theme="contrast">' in page, address
        assert f'<link rel="stylesheet" href="/sessions/appearance/{version}.css">' in page, address
    sheet = client.get(f"/sessions/appearance/{version}.css")
    assert sheet["Content-Type"] == "text/css; charset=utf-8"
    assert "immutable" in sheet["Cache-Control"]
    assert ":root:not([data-text]) { font-size: 200%; }" in sheet.content.decode()
    assert "no-store" in client.get("/sessions/appearance/older.css")["Cache-Control"]


@pytest.mark.parametrize(
    "preferences",
    [
        {},
        {**ZOOM, "activation": {"magnification": "option", "high-contrast": "option"}},
        {**ZOOM, "prohibited": ["magnification", "high-contrast"]},
    ],
)
def test_what_is_an_option_or_forbidden_changes_nothing(
    preferences: dict[str, object],
    session: AssessmentSession,
    sign_in: Callable[[Candidate], Client],
) -> None:
    client = sign_in(profiled(session, preferences))
    page = client.get(f"/sessions/{session.pk}/items/Q1/").content.decode()
    assert "data-theme" not in page.split(">", 2)[1]
    assert "/appearance/" not in page


def test_an_item_page_has_the_switches_of_its_candidate(
    session: AssessmentSession, sign_in: Callable[[Candidate], Client]
) -> None:
    kept = {
        "supports": {"line-reader": {}, "answer-masking": {}},
        "activation": {"line-reader": "option"},
    }
    client = sign_in(profiled(session, kept))
    page = client.get(f"/sessions/{session.pk}/items/Q1/").content.decode()
    assert 'data-switch="line-reader" aria-pressed="false"' in page
    assert 'data-switch="answer-masking" aria-pressed="true"' in page
    assert "js/qti-supports" in page
