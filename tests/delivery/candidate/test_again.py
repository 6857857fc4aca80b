"""A sign-in that ended: said apart from a server that is silent, and mended on the same page."""

import json

import pytest
from django.test import Client
from django.utils import timezone

from delivery.candidate import backend
from delivery.models import AssessmentSession
from delivery.people import codes
from tests import factories
from tests.delivery.candidate.conftest import Begin

pytestmark = pytest.mark.django_db
JSON = "application/json"


def again(client: Client, session: AssessmentSession, code: str) -> tuple[int, dict[str, object]]:
    body = json.dumps({"code": code})
    answer = client.post(f"/sessions/{session.pk}/signin/", body, content_type=JSON)
    return answer.status_code, answer.json()


def code_of(session: AssessmentSession) -> str:
    return codes.issue_access_code(session.candidate, by="system", at=timezone.now())


@pytest.mark.parametrize("path", ["save/", "claim/", "events/", "ahead/back/"])
def test_a_script_without_a_sign_in_is_told_so(path: str, begin: Begin) -> None:
    session, headers = begin(), {"Accept": JSON}
    url = f"/sessions/{session.pk}/{path}"
    answer = Client().post(url, "{}", content_type=JSON, headers=headers)
    assert (answer.status_code, answer.json()["reason"]) == (401, "signed_out")


def test_a_form_of_the_page_without_a_sign_in_changes_nothing_on_it(begin: Begin) -> None:
    session, client = begin(), Client()
    headers = {"HX-Request": "true", "X-Sign-In": "here"}
    answer = client.post(f"/sessions/{session.pk}/items/Q1/", {"go": "next"}, headers=headers)
    assert (answer.status_code, answer["HX-Reswap"], answer["X-Sign-In"]) == (401, "none", "again")


def test_a_page_without_a_sign_in_leads_to_it_as_ever(begin: Begin) -> None:
    session = begin()
    answer = Client().get(f"/sessions/{session.pk}/items/Q1/")
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/signin/")


def test_an_old_form_token_is_told_apart_and_can_be_renewed(begin: Begin) -> None:
    session, client = begin(), Client(enforce_csrf_checks=True)
    client.force_login(session.candidate.user, backend=backend.PATH)
    url, body = f"/sessions/{session.pk}/save/", '{"saves": []}'
    headers = {"Accept": JSON, "X-CSRFToken": "x" * 64}
    refused = client.post(url, body, content_type=JSON, headers=headers)
    assert (refused.status_code, refused.json()["reason"]) == (403, "form_expired")
    told = client.get(f"/sessions/{session.pk}/signin/").json()
    assert told["signed_in"] is True
    headers["X-CSRFToken"] = told["csrf"]
    assert client.post(url, body, content_type=JSON, headers=headers).status_code == 200


def test_the_same_candidate_signs_in_again_and_nobody_else(begin: Begin) -> None:
    session, client = begin(), Client()
    other = codes.issue_access_code(factories.candidate("Ben"), by="system", at=timezone.now())
    assert client.get(f"/sessions/{session.pk}/signin/").json()["signed_in"] is False
    for code, reason in (("NO-SUCH-CODE", "code_unknown"), (other, "other_candidate")):
        status, told = again(client, session, code)
        assert (status, told["reason"]) == (422, reason)
        assert "_auth_user_id" not in client.session
    status, told = again(client, session, code_of(session))
    assert (status, told["signed_in"]) == (200, True)
    assert client.get(f"/sessions/{session.pk}/items/Q1/").status_code == 200


def test_wrong_codes_are_counted(begin: Begin) -> None:
    session, client = begin(), Client()
    reasons = [again(client, session, "WRNG-0000")[1]["reason"] for _ in range(9)]
    assert reasons[-1] == "too_many_tries"


def test_a_session_that_does_not_exist_signs_nobody_in() -> None:
    candidate = factories.candidate()
    code = codes.issue_access_code(candidate, by="system", at=timezone.now())
    path = "/sessions/00000000-0000-4000-8000-000000000000/signin/"
    answer = Client().post(path, json.dumps({"code": code}), content_type=JSON)
    assert answer.json()["reason"] == "other_candidate"


def test_without_a_script_the_form_waits_behind_the_sign_in(begin: Begin) -> None:
    session, client = begin(), Client()
    path = f"/sessions/{session.pk}/items/Q1/"
    asked = client.post(path, {"r.RESPONSE": "B", "base_revision": "0", "go": "next"})
    assert asked.status_code == 401
    page = asked.content.decode()
    assert 'name="kept:r.RESPONSE" value="B"' in page
    form = {"next": path, "kept:r.RESPONSE": "B", "kept:base_revision": "0", "kept:go": "next"}
    wrong = client.post("/signin/", form | {"code": "WRNG-0000"}).content.decode()
    assert 'name="kept:r.RESPONSE" value="B"' in wrong
    signed_in = client.post("/signin/", form | {"code": code_of(session)}).content.decode()
    assert f'action="{path}"' in signed_in
    assert 'name="r.RESPONSE" value="B"' in signed_in
    sent = client.post(path, {"r.RESPONSE": "B", "base_revision": "0", "go": "next"})
    assert sent["Location"] == f"/sessions/{session.pk}/items/Q2/"
    assert session.item_sessions.get(key="Q1").response == {"RESPONSE": "B"}


def test_a_kept_form_is_sent_to_no_other_place(begin: Begin) -> None:
    session, client = begin(), Client()
    form = {"next": "https://elsewhere.example/", "kept:r.RESPONSE": "B", "code": code_of(session)}
    answer = client.post("/signin/", form)
    assert (answer.status_code, answer["Location"]) == (302, "/")
