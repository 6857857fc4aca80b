"""Whatever is posted at an item: never an error of ours, never a stored value of another type."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html

from assembly import bank, rendering
from assembly.models import ItemVersion
from assembly.packages import stored
from assembly.qti import item_session, reading
from assembly.qti.errors import QtiError
from delivery.candidate import backend
from delivery.models import AssessmentSession, ItemSession, Quarantine
from delivery.saving import responses
from delivery.saving.responses import Refused, Save, Saved
from delivery.session import scoring, sessions
from integrity import ledger
from tests import factories, kinds, material
from tests.factories import Part

pytestmark = pytest.mark.django_db
NOISE = (
    "", "1", "-3", "1e400", "0x1", "+5", " 7 ", "a", "A", "A B", "A A", "B A C", "H W", "O N",
    "true", "TRUE", "NaN", "inf", "10 10", "-1 -1", "9999999 1", "1.5 2", "ß\u0000", "\ud800",
    "\r\n", "data:text/plain;name=a.txt;base64,YQ==", "data:text/plain;base64,%%%",
    "{}", "x" * 5000,
)  # fmt: skip


def names_of(version: ItemVersion) -> list[str]:
    """The names of all controls that the item's page has."""
    item = bank.item(version.pk)
    session = item_session.begin(item, _Still())
    shown = rendering.render_item(item, session, {}, asset_url=str)
    found: Any = html.fromstring(f"<div>{shown.body}</div>").xpath("//@name")
    return sorted({str(name) for name in found if str(name).startswith("r.")} | {"r.RESPONSE"})


class _Still:
    def below(self, n: int, label: str) -> int:
        return 0

    def permutation(self, n: int, label: str) -> list[int]:
        return list(range(n))


def check_what_is_stored(session: AssessmentSession) -> None:
    """Every kept answer binds to its declarations, and is one that its item offers."""
    for row in ItemSession.objects.filter(session=session):
        item = bank.item(row.item_version_id)
        bound = item_session.bind(item, row.response)
        assert item_session.impossible(item, row.response) == ()
        for name, value in bound.items():
            declared = item.responses[name]
            if value is not None:
                kept = (value.cardinality, value.base_type)
                assert kept == (declared.cardinality, declared.base_type), row.key


@pytest.fixture
def sat() -> Callable[[dict[str, ItemVersion]], AssessmentSession]:
    def make(versions: dict[str, ItemVersion]) -> AssessmentSession:
        test = factories.published(Part(items=tuple(versions)), items=versions, seconds=36_000)
        sitting = factories.sitting(test, opens_at=None, closes_at=None)
        return factories.session(sitting, at=timezone.now())

    return make


def test_every_kind_shows_whatever_was_typed_again() -> None:
    noise = random.Random(3)
    for kind, wanted in kinds.KINDS.items():
        item = reading.read_item(wanted.xml(kind).encode())
        session = item_session.begin(item, _Still())
        for _ in range(8):
            typed = [noise.choice(NOISE) for _ in range(noise.randrange(4))]
            for raw in (typed, typed[0] if typed else None):
                assert rendering.render_item(item, session, {"RESPONSE": raw}, asset_url=str).body


def noisy_forms(names: list[str], rounds: int, seed: int) -> Iterator[QueryDict]:
    noise = random.Random(seed)
    for _ in range(rounds):
        form = QueryDict(mutable=True)
        for name in names:
            form.setlist(name, [noise.choice(NOISE) for _ in range(noise.randrange(3))])
        yield form


def saves(session: AssessmentSession, versions: dict[str, ItemVersion], seed: int) -> list[Save]:
    """One save of noise for every item, as its posted form is read."""
    noise = random.Random(seed)
    made = []
    for name, version in versions.items():
        (form,) = noisy_forms(names_of(version), 1, noise.randrange(999))
        made.append(
            Save(
                session_id=session.pk,
                item=name,
                raw=rendering.posted_responses(bank.item(version.pk), form),
                key=f"{name}-{seed}",
                received_at=timezone.now(),
                by="candidate:1",
                client_seq=seed,
                writer="page",
            )
        )
    return made


def test_every_kind_takes_any_form_over_http(
    sat: Callable[[dict[str, ItemVersion]], AssessmentSession], client: Client
) -> None:
    versions = {name: kinds.version(name) for name in kinds.KINDS}
    session = sat(versions)
    client.force_login(session.candidate.user, backend=backend.PATH)
    client.get(f"/sessions/{session.pk}/items/choice/")
    for name, version in versions.items():
        for number, form in enumerate(noisy_forms(names_of(version), 3, 5)):
            sent = {key: form.getlist(key) for key in form}
            sent |= {"go": ["save"], "base_revision": ["0"], "key": [f"{name}-{number}"]}
            sent = {key: [_sendable(one) for one in listed] for key, listed in sent.items()}
            if number == 1:
                sent["r.RESPONSE"] = [SimpleUploadedFile("a;b,.txt", b"\xff\x00", "text/plain")]  # type: ignore[list-item]
            answer = client.post(f"/sessions/{session.pk}/items/{name}/", sent)
            assert answer.status_code in (200, 302, 409), (name, sent)
            assert "signin" not in answer.headers.get("Location", "")
    check_what_is_stored(session)
    kept = Quarantine.objects.filter(session=session)
    facts = [one for one in ledger.read(session.stream) if one.kind == "response.quarantined"]
    assert kept.count() == len(facts) > 0
    assert {one.reason for one in kept} <= {"not_offered", "stale", "stale_blank", "stray_fields"}


def _sendable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(NOISE[:26]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON)
def test_no_json_makes_the_saving_fail(
    value: object,
    sat: Callable[[dict[str, ItemVersion]], AssessmentSession],
    client: Client,
) -> None:
    session = AssessmentSession.objects.first() or sat({"choice": kinds.version("choice")})
    client.force_login(session.candidate.user, backend=backend.PATH)
    client.get(f"/sessions/{session.pk}/items/choice/")
    whole = {
        "type": "answer", "item": "choice", "value": value, "base_revision": 0, "client_seq": 1,
        "key": "k", "elapsed_ms": 0, "epoch": 0, "writer": "w",
    }  # fmt: skip
    for body in ({"saves": [whole]}, {"saves": value}, value):
        answer = client.post(
            f"/sessions/{session.pk}/save/", json.dumps(body), content_type="application/json"
        )
        assert answer.status_code in (200, 409)
    check_what_is_stored(session)


def test_every_item_of_the_corpus_takes_any_form_and_is_scored(
    sat: Callable[[dict[str, ItemVersion]], AssessmentSession],
) -> None:
    versions = dict(_corpus())
    assert len(versions) > 500
    session = sat(versions)
    for seed in (1, 2):
        outcomes = responses.save(saves(session, versions, seed))
        assert {type(one) for one in outcomes} == {Saved, Refused}
    check_what_is_stored(session)
    sessions.complete(session.pk, timezone.now(), by="candidate:1", confirmed=True)
    assert scoring.score(session.pk, timezone.now()).scored_at is not None


def _corpus() -> Iterator[tuple[str, ItemVersion]]:
    """Every item that reads by itself: what it includes from beside it is not here."""
    for number, path in enumerate(sorted(material.corpus().rglob("*.xml"))):
        try:
            reading.read_item(path.read_bytes())
            version = factories.item_version(f"I{number}", path.read_bytes().decode())
            stored.read_item(version)
        except (QtiError, UnicodeDecodeError):
            continue
        yield f"I{number}", version
