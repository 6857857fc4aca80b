from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from delivery.models import LaunchLink
from delivery.people import codes, links, throttle
from tests import factories

pytestmark = pytest.mark.django_db


def coded() -> str:
    return codes.issue_access_code(factories.candidate(), by="system", at=timezone.now())


def test_an_access_code_signs_in_whatever_its_case_spaces_and_dashes(client: Client) -> None:
    written = f" {coded().lower().replace('-', ' ')} "
    response = client.post("/signin/", {"code": written})
    assert (response.status_code, response.headers["Location"]) == (302, "/")
    assert client.get("/").status_code == 200


def test_an_unknown_code_is_answered_in_words_and_signs_nobody_in(client: Client) -> None:
    response = client.post("/signin/", {"code": "nothing"})
    assert response.status_code == 422
    assert "We do not know this access code." in response.content.decode()
    assert client.get("/").status_code == 302


def test_a_code_s_beginning_can_be_tried_only_so_often(client: Client) -> None:
    good = coded()
    for _try in range(throttle.MOST_PER_PREFIX):
        client.post("/signin/", {"code": good[:4] + "XXXX"})
    response = client.post("/signin/", {"code": good})
    assert response.status_code == 429
    assert "Too many access codes were wrong." in response.content.decode()


def test_an_address_can_try_only_so_many_codes(client: Client) -> None:
    good, at = coded(), timezone.now()
    for number in range(throttle.MOST_PER_ADDRESS):
        throttle.failed("127.0.0.1", f"{number:04}", at)
    assert client.post("/signin/", {"code": good}).status_code == 429
    elsewhere = client.post("/signin/", {"code": good}, REMOTE_ADDR="127.0.0.2")
    assert elsewhere.status_code == 302


def test_failures_are_forgotten_after_a_while() -> None:
    at = timezone.now()
    for _try in range(throttle.MOST_PER_PREFIX):
        throttle.failed("127.0.0.1", "ABCD", at)
    assert not throttle.may_try("127.0.0.1", "ABCD", at + throttle.SPAN - timedelta(seconds=1))
    assert throttle.may_try("127.0.0.1", "ABCD", at + throttle.SPAN)


def test_signing_in_leads_to_the_page_asked_for_but_never_to_another_site(client: Client) -> None:
    good = coded()
    asked = client.post("/signin/", {"code": good, "next": "/sittings/7/"})
    assert asked.headers["Location"] == "/sittings/7/"
    lured = client.post("/signin/", {"code": good, "next": "https://elsewhere.example/"})
    assert lured.headers["Location"] == "/"


def link() -> str:
    at = timezone.now()
    enrolment = factories.enrolment()
    return links.issue_launch_link(enrolment, at + timedelta(hours=1), by="system", at=at)


def test_a_launch_link_asks_first_and_signs_in_once(client: Client) -> None:
    url = f"/launch/{link()}/"
    assert client.get(url).status_code == 200
    assert LaunchLink.objects.get().used_at is None
    response = client.post(url)
    enrolment = LaunchLink.objects.get().enrolment
    assert response.headers["Location"] == f"/sittings/{enrolment.pk}/"
    again = client.post(url)
    assert again.status_code == 409
    assert "This link was used already." in again.content.decode()


def test_an_unknown_launch_link_says_so(client: Client) -> None:
    response = client.post("/launch/no-such-token/")
    assert response.status_code == 409
    assert "This link has expired." in response.content.decode()


def test_signing_out_needs_a_post(client: Client) -> None:
    client.post("/signin/", {"code": coded()})
    assert client.get("/signout/").status_code == 405
    assert client.post("/signout/").headers["Location"] == "/signin/"
    assert client.get("/").status_code == 302


def test_a_signed_out_page_is_not_shown_to_strangers(client: Client) -> None:
    response = client.get("/sittings/1/")
    assert response.headers["Location"] == "/signin/?next=/sittings/1/"
