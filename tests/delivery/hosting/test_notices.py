"""Messages are kept and shown as Django keeps them, and cost nothing where there are none."""

from typing import Any

import pytest
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils.functional import empty

seen: list[Any] = []


def tell(request: HttpRequest) -> HttpResponse:
    messages.success(request, "told & kept")
    return HttpResponse()


def show(request: HttpRequest) -> HttpResponse:
    return HttpResponse(";".join(str(one) for one in messages.get_messages(request)))


def silent(request: Any) -> HttpResponse:
    seen.append(request._messages)
    return HttpResponse()


urlpatterns = [path("tell", tell), path("show", show), path("silent", silent)]


@pytest.fixture
def client(settings: Any) -> Client:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "SignIn" not in one]
    return Client()


@pytest.mark.django_db
def test_message_is_shown_once_by_the_next_page_that_asks(client: Client) -> None:
    client.get("/tell")
    client.get("/silent")
    assert client.get("/show").content == b"told & kept"
    assert client.get("/show").content == b""


def test_page_without_messages_sets_nothing_up(client: Client) -> None:
    seen.clear()
    assert "messages" not in client.get("/silent").cookies
    assert seen[0]._wrapped is empty
