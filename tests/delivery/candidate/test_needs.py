"""An item page offers what its candidate needs."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from delivery.models import AssessmentSession, Candidate
from tests import factories
from tests.factories import Part

pytestmark = pytest.mark.django_db
CATALOG = """<qti-catalog-info><qti-catalog id="c1">
  <qti-card support="glossary-on-screen"><qti-html-content><p>A long river</p></qti-html-content>
  </qti-card>
  <qti-card support="keyword-translation">
    <qti-card-entry xml:lang="es"><qti-html-content><p>Danubio</p></qti-html-content>
    </qti-card-entry>
    <qti-card-entry xml:lang="de"><qti-html-content><p>Donau</p></qti-html-content>
    </qti-card-entry>
  </qti-card></qti-catalog></qti-catalog-info>"""


@pytest.fixture
def session() -> AssessmentSession:
    xml = factories.choice_xml("Q1")
    xml = xml.replace("<qti-item-body>", '<qti-item-body><p data-catalog-idref="c1">Danube</p>')
    xml = xml.replace("</qti-assessment-item>", f"{CATALOG}</qti-assessment-item>")
    version = factories.published(
        Part("P1", ("Q1",)), items={"Q1": factories.item_version("Q1", xml)}
    )
    return factories.session(
        factories.sitting(version, opens_at=None, closes_at=None), at=timezone.now()
    )


@pytest.mark.parametrize(
    ("preferences", "shown"),
    [
        ({}, ["A long river"]),
        ({"supports": {"keyword-translation": {"language": "es"}}}, ["A long river", "Danubio"]),
        (
            {
                "supports": {"keyword-translation": {"language": "de-AT"}},
                "prohibited": ["glossary-on-screen"],
            },
            ["Donau"],
        ),
    ],
)
def test_notes_follow_the_candidates_preferences(
    preferences: dict[str, object],
    shown: list[str],
    session: AssessmentSession,
    sign_in: Callable[[Candidate], Client],
) -> None:
    session.candidate.preferences = preferences
    session.candidate.save()
    client = sign_in(session.candidate)
    page = client.get(f"/sessions/{session.pk}/items/Q1/").content.decode()
    assert [note for note in ("A long river", "Danubio", "Donau") if note in page] == shown
