"""A candidate at a browser: a signed-in client, and a session that began just now."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from delivery.candidate import asking, backend
from delivery.models import AssessmentSession, Candidate
from tests import factories
from tests.factories import Part

CLOSERS = 3
Begin = Callable[..., AssessmentSession]


@pytest.fixture(autouse=True)
def _closers() -> Iterator[None]:
    """The threads that end sessions keep their connections, which must not outlive the database."""
    yield
    all_are_here = threading.Barrier(CLOSERS)

    def close() -> None:
        all_are_here.wait()
        connections.close_all()

    for done in [asking.CLOSERS.submit(close) for _thread in range(CLOSERS)]:
        done.result()


@pytest.fixture
def begin() -> Begin:
    """Starts a session now; parts, test seconds and sitting fields as given."""

    def make(*parts: Part, seconds: int | None = 3600, **sitting: Any) -> AssessmentSession:
        version = factories.published(*parts, seconds=seconds)
        fields = {"opens_at": None, "closes_at": None, **sitting}
        return factories.session(factories.sitting(version, **fields), at=timezone.now())

    return make


@pytest.fixture
def sign_in(client: Client) -> Callable[[Candidate], Client]:
    """Signs a candidate in as their access code would."""

    def enter(candidate: Candidate) -> Client:
        client.force_login(candidate.user, backend=backend.PATH)
        return client

    return enter
