"""What a page costs does not grow with the test: statements are counted, never seconds."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from delivery.models import AssessmentSession, Candidate
from tests.factories import Part

pytestmark = pytest.mark.django_db
Begin = Callable[..., AssessmentSession]
SignIn = Callable[[Candidate], Client]


def names(count: int) -> list[str]:
    return [f"Q{number:03}" for number in range(count)]


def page(client: Client, session: AssessmentSession, **headers: Any) -> str:
    response = client.get(f"/sessions/{session.pk}/items/Q000/", **headers)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("items", [3, 80])
def test_item_page_asks_once_for_the_sign_in_and_for_what_changes(
    items: int, begin: Begin, sign_in: SignIn
) -> None:
    session = begin(Part(items=names(items)))
    client = sign_in(session.candidate)
    page(client, session)
    with CaptureQueriesContext(connection) as asked:
        page(client, session)
    assert len(asked) == 1


def test_long_test_s_map_comes_when_it_is_opened(begin: Begin, sign_in: SignIn) -> None:
    session = begin(Part(items=names(80)))
    client = sign_in(session.candidate)
    asked = f'hx-get="/sessions/{session.pk}/map/"'
    assert asked in page(client, session)
    assert "item:Q079" not in page(client, session)
    boxes = client.get(f"/sessions/{session.pk}/map/", headers={"HX-Request": "true"})
    assert boxes.content.decode().count('name="go" value="item:Q') == 80


def test_short_test_s_map_is_in_the_page(begin: Begin, sign_in: SignIn) -> None:
    session = begin(Part(items=names(3)))
    told = page(sign_in(session.candidate), session)
    assert told.count('name="go" value="item:Q') == 3
    assert "far-map" not in told
