"""A thread's database connection is looked after without asking its server for each page."""

from typing import Any

import psycopg
import pytest
from django.db import connection

from delivery.hosting import upkeep

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "CONN_HEALTH_CHECKS", True)
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 600)
    connection.close()
    upkeep._looked.due = 0.0


def ask() -> Any:
    """Ask as a request does; return the connection that it was asked on."""
    upkeep.look()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    return connection.connection


def test_server_is_not_asked_again_within_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    first, asked, usable = ask(), list[bool](), connection.is_usable

    def noted() -> bool:
        asked.append(usable())
        return asked[-1]

    monkeypatch.setattr(connection, "is_usable", noted)
    assert ask() is first
    upkeep.look()
    before = len(asked)
    assert ask() is first
    assert len(asked) == before
    upkeep._looked.due = 0.0
    assert ask() is first
    assert len(asked) == before + 1


def test_connection_that_its_server_closed_is_replaced_at_once() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("a file closes nothing")
    first = ask()
    assert ask() is first
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [first.info.backend_pid])
    assert ask() is not first


def test_connection_on_which_something_failed_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask()
    monkeypatch.setattr(connection, "errors_occurred", True)
    monkeypatch.setattr(connection, "is_usable", lambda: False)
    upkeep.look()
    assert connection.connection is None
