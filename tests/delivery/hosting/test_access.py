"""Who is sent where to sign in, and where each role lands."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from tests import factories

pytestmark = pytest.mark.django_db


def member(name: str, group: str = "", *, is_staff: bool = False) -> Client:
    user = User.objects.create_user(name, password=name, is_staff=is_staff)
    if group:
        user.groups.add(Group.objects.get_or_create(name=group)[0])
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize("path", ["/proctor/", "/auditor/", "/admin/", "/staff/"])
def test_staff_page_asks_staff_to_sign_in_and_comes_back(path: str) -> None:
    answer = Client().get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/staff/signin/?next={path}")


def test_fragment_moves_the_whole_page_to_the_sign_in() -> None:
    answer = Client().get("/proctor/", headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (200, "/staff/signin/")


@pytest.mark.parametrize(("group", "page"), [("Proctor", "/proctor/"), ("Auditor", "/auditor/")])
def test_member_of_a_group_lands_on_its_page(group: str, page: str) -> None:
    assert member("mia", group).get("/staff/")["Location"] == page


def test_staff_land_in_the_admin() -> None:
    assert member("sam", is_staff=True).get("/staff/")["Location"] == "/admin/"


def test_candidate_lands_on_their_sittings() -> None:
    client = Client()
    client.force_login(factories.candidate().user, "django.contrib.auth.backends.ModelBackend")
    assert client.get("/staff/")["Location"] == "/"


def test_somebody_without_a_role_is_told_so() -> None:
    answer = member("nora").get("/staff/")
    assert answer.status_code == 403
    assert "This page is not yours to open" in answer.content.decode()


def test_unknown_address_is_a_page_of_ours() -> None:
    answer = member("mia", "Proctor").get("/no/such/page")
    assert answer.status_code == 404
    assert "There is no page here" in answer.content.decode()


def test_staff_sign_in_leads_where_it_was_meant_to() -> None:
    member("mia", "Proctor")
    form = {"username": "mia", "password": "mia", "next": "/proctor/"}
    assert Client().post("/staff/signin/", form)["Location"] == "/proctor/"


def test_admin_has_no_door_of_its_own() -> None:
    answer = Client().get("/admin/login/?next=/admin/auth/")
    assert answer["Location"] == "/staff/signin/?next=/admin/auth/"


def test_sign_in_stops_counting_up_and_says_until_when() -> None:
    member("mia", "Proctor")
    client = Client()
    for _ in range(8):
        client.post("/staff/signin/", {"username": "mia", "password": "wrong"})
    answer = client.post("/staff/signin/", {"username": "mia", "password": "mia"})
    assert answer.status_code == 200
    assert "Too many sign-ins failed. Wait until" in answer.content.decode()
    # Another person at the same address may still come in.
    member("ned", "Proctor")
    assert client.post("/staff/signin/", {"username": "ned", "password": "ned"}).status_code == 302


def test_form_without_its_token_says_what_is_safe() -> None:
    answer = Client(enforce_csrf_checks=True).post("/staff/signin/", {"username": "mia"})
    assert answer.status_code == 403
    assert "This form has expired" in answer.content.decode()


def test_every_page_carries_the_security_headers() -> None:
    headers = Client().get("/staff/signin/").headers
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "default-src 'none'" in headers["Content-Security-Policy"]
