"""Whatever a page claims to have noticed: clipped, told once, bounded, and never an error."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from delivery.models import AssessmentSession, Candidate
from delivery.seat import presence
from integrity import ledger
from integrity.models import LockdownPolicy
from integrity.policy import lockdown

pytestmark = pytest.mark.django_db
SignIn = Callable[[Candidate], Client]
Begin = Callable[..., AssessmentSession]
FUZZ = settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
EVENT = st.fixed_dictionaries({
    "name": st.sampled_from(lockdown.CLIENT_EVENTS) | JSON,
    "monotonic_ms": st.integers(-(2**70), 2**70) | JSON,
    "detail": st.text(max_size=400) | JSON,
})  # fmt: skip
BODY = st.one_of(
    st.binary(max_size=200),
    JSON.map(lambda data: json.dumps(data).encode()),
    st.lists(EVENT | JSON, max_size=130).map(lambda rows: json.dumps({"events": rows}).encode()),
)


@pytest.fixture
def watched(begin: Begin) -> AssessmentSession:
    rules = {name: [{"action": "log", "after": 1}] for name in lockdown.CLIENT_EVENTS}
    policy = LockdownPolicy.objects.create(name="All", rules=rules)
    return begin(lockdown=policy)


def claims(session: AssessmentSession) -> list[Any]:
    return [one for one in ledger.read(session.stream) if one.kind in lockdown.SIGNALS]


@FUZZ
@given(body=BODY)
def test_whatever_is_posted_is_kept_in_bounds_or_refused_in_words(
    watched: AssessmentSession, sign_in: SignIn, body: bytes
) -> None:
    cache.clear()
    before = len(claims(watched))
    answer = sign_in(watched.candidate).post(
        f"/sessions/{watched.pk}/events/", body, content_type="application/json"
    )
    assert answer.status_code in {200, 409}
    assert isinstance(json.loads(answer.content), dict)
    kept = claims(watched)[before:]
    assert len(kept) <= presence.MOST_IN_A_BATCH
    for entry in kept:
        assert entry.actor == "client"
        assert len(entry.payload.get("detail", "")) <= presence.LONGEST_DETAIL
        assert 0 <= entry.payload["monotonic_ms"] <= presence.LAST_MONOTONIC_MS
    assert ledger.verify(watched.stream).is_whole


ROWS = st.lists(
    st.tuples(st.sampled_from(lockdown.CLIENT_EVENTS), st.integers(0, 10)), min_size=1, max_size=80
)


@FUZZ
@given(batches=st.lists(ROWS, min_size=1, max_size=4))
def test_an_event_counts_once_and_what_is_too_much_is_counted_and_dropped(
    watched: AssessmentSession, sign_in: SignIn, batches: list[list[tuple[str, int]]]
) -> None:
    cache.clear()
    client, before = sign_in(watched.candidate), len(ledger.read(watched.stream))
    for batch in batches:
        rows = [{"name": name, "monotonic_ms": ms, "detail": ""} for name, ms in batch]
        client.post(
            f"/sessions/{watched.pk}/events/",
            json.dumps({"events": rows}),
            content_type="application/json",
        )
    entries = ledger.read(watched.stream)[before:]
    kept = [
        (one.kind, one.payload["monotonic_ms"]) for one in entries if one.kind in lockdown.SIGNALS
    ]
    assert len(kept) == len(set(kept))
    assert len(kept) <= presence.MOST_IN_A_MINUTE
    dropped = sum(one.payload["count"] for one in entries if one.kind == "events.dropped")
    assert len(kept) + dropped == len({row for batch in batches for row in batch})
