"""A sign-in of a cluster is read from the database, whoever wrote it there."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from delivery.hosting.signins import SessionStore

pytestmark = pytest.mark.django_db


def kept() -> str:
    store = db.SessionStore()
    store["who"] = "somebody"
    store.save()
    assert store.session_key is not None
    return store.session_key


def test_a_sign_in_is_read_in_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    key = kept()
    with django_assert_num_queries(1):
        assert SessionStore(key)["who"] == "somebody"


@pytest.mark.parametrize("key", ["unknown-key-of-nobody", "", None])
def test_an_unknown_key_is_nobody_s(key: str | None) -> None:
    store = SessionStore(key)
    assert (store.get("who"), store.session_key) == (None, None)


def test_a_sign_in_that_is_over_is_nobody_s() -> None:
    key = kept()
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    store = SessionStore(key)
    assert (store.get("who"), store.session_key) == (None, None)


def test_a_sign_out_counts_at_once() -> None:
    key = kept()
    assert SessionStore(key).get("who") == "somebody"
    db.SessionStore(key).flush()
    assert SessionStore(key).get("who") is None


def test_what_is_changed_in_one_request_is_not_seen_by_another() -> None:
    key = kept()
    first = SessionStore(key)
    first["who"] = "somebody else"
    assert SessionStore(key)["who"] == "somebody"
    first.save()
    assert SessionStore(key)["who"] == "somebody else"


@pytest.mark.parametrize("change", ["signature", "secret"])
def test_a_sign_in_that_nobody_signed_is_nobody_s(change: str, settings: Any) -> None:
    key = kept()
    assert SessionStore(key)["who"] == "somebody"
    if change == "secret":
        settings.SECRET_KEY = "another one"
    else:
        row = Session.objects.get(pk=key)
        row.session_data = row.session_data[:-1] + ("A" if row.session_data[-1] != "A" else "B")
        row.save()
    assert SessionStore(key).get("who") is None
