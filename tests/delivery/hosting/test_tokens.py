"""A form's token is one that Django's own middleware takes."""

from typing import Any

import pytest
from django.middleware import csrf as django_csrf
from django.template import RequestContext, Template
from django.test import Client, RequestFactory

from delivery.hosting import tokens

# Some of its names are not among the stubs'.
csrf: Any = django_csrf
FORM = "{% csrf_token %}|{{ csrf_token }}"


def test_masked_secret_is_what_django_unmasks() -> None:
    secret = csrf._get_new_csrf_string()
    found = {tokens.masked(secret) for _ in range(20)}
    assert len(found) == 20
    assert {csrf._unmask_cipher_token(token) for token in found} == {secret}
    assert {len(token) for token in found} == {csrf.CSRF_TOKEN_LENGTH}


def test_page_has_one_token_and_sends_its_cookie_again() -> None:
    request = RequestFactory().get("/")
    request.META["CSRF_COOKIE"] = secret = csrf._get_new_csrf_string()
    form = Template(FORM).render(RequestContext(request))
    token = form.partition("|")[2]
    assert form.count(token) == 2
    assert csrf._unmask_cipher_token(token) == secret
    assert request.META["CSRF_COOKIE_NEEDS_UPDATE"]


def test_page_without_a_cookie_gets_a_new_secret() -> None:
    request = RequestFactory().get("/")
    token = Template("{{ csrf_token }}").render(RequestContext(request))
    assert csrf._unmask_cipher_token(token) == request.META["CSRF_COOKIE"]


def test_page_without_a_form_gets_no_cookie() -> None:
    request = RequestFactory().get("/")
    Template("no form").render(RequestContext(request))
    assert "CSRF_COOKIE" not in request.META


@pytest.mark.django_db
def test_form_is_taken_with_its_token_alone() -> None:
    client = Client(enforce_csrf_checks=True)
    page = client.get("/signin/").content.decode()
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    assert client.post("/signin/", {"code": "none"}).status_code == 403
    sent = {"code": "none", "csrfmiddlewaretoken": token}
    assert client.post("/signin/", sent).status_code != 403
