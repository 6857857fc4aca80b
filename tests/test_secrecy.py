"""A whole exam is read byte by byte: no key, rubric or feedback, and no item ahead of its time."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client
from django.utils import timezone

from delivery import tasks
from delivery.asgi import application
from delivery.models import AssessmentSession, Sitting
from delivery.people import codes
from delivery.saving import lane
from tests import factories
from tests.factories import QTI, Part

ITEMS = ("Q1", "Q2", "Q3")
NEVER = ("KEY", "NEARLY", "FEEDBACK", "RUBRIC", "IDENTIFIER-OF-FEEDBACK")


@pytest.fixture(autouse=True)
def _lane() -> Iterator[None]:
    yield
    lane.stop()


def xml(name: str) -> str:
    """A text entry whose key, mapping, rubric, feedback, title and prompt are marked by name."""
    return f"""<qti-assessment-item {QTI} identifier="{name}" title="TITLE-{name}"
      adaptive="false" time-dependent="false">
      <qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="string">
        <qti-correct-response><qti-value>KEY-{name}</qti-value></qti-correct-response>
        <qti-mapping default-value="0">
          <qti-map-entry map-key="KEY-{name}" mapped-value="1"/>
          <qti-map-entry map-key="NEARLY-{name}" mapped-value="0.5"/>
        </qti-mapping>
      </qti-response-declaration>
      <qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>
      <qti-outcome-declaration identifier="TOLD" cardinality="single" base-type="identifier"/>
      <qti-item-body>
        <qti-rubric-block view="scorer" use="instructions"><p>RUBRIC-{name}</p></qti-rubric-block>
        <p>PROMPT-{name}</p>
        <p><qti-text-entry-interaction response-identifier="RESPONSE"/></p>
      </qti-item-body>
      <qti-response-processing>
        <qti-set-outcome-value identifier="SCORE">
          <qti-map-response identifier="RESPONSE"/>
        </qti-set-outcome-value>
        <qti-set-outcome-value identifier="TOLD">
          <qti-base-value base-type="identifier">IDENTIFIER-OF-FEEDBACK-{name}</qti-base-value>
        </qti-set-outcome-value>
      </qti-response-processing>
      <qti-modal-feedback outcome-identifier="TOLD" show-hide="show"
        identifier="IDENTIFIER-OF-FEEDBACK-{name}"><qti-content-body><p>FEEDBACK-{name}</p>
        </qti-content-body></qti-modal-feedback>
    </qti-assessment-item>"""


def words_of(answer: Any) -> str:
    """The main part of a page without its marks."""
    main = answer.content.decode().partition("<main")[2].partition("</main>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", main).split())[-500:]


class Reader:
    """A candidate who keeps every byte that the server sends, with how far they were then."""

    def __init__(self, mode: str) -> None:
        self.linear = mode == "linear"
        versions = {name: factories.item_version(name, xml(name)) for name in ITEMS}
        version = factories.published(Part(items=ITEMS, mode=mode), items=versions)
        window = {"opens_at": None, "closes_at": None}
        sitting = factories.sitting(version, release=Sitting.Release.SUBMISSION, **window)
        candidate = factories.candidate()
        self.enrolment = factories.enrolment(sitting, candidate)
        self.code = codes.issue_access_code(candidate, by="system", at=timezone.now())
        self.client = Client()
        self.read: list[tuple[int, str, str]] = []
        self.reached = 0

    def keep(self, where: str, text: str) -> str:
        self.read.append((self.reached, where, text))
        return text

    def get(self, path: str) -> str:
        answer = self.client.get(path, follow=True)
        return self.keep(path, answer.content.decode() + str(answer.headers))

    def post(self, path: str, data: Any, **options: Any) -> str:
        """Returns where the answer led to."""
        answer = self.client.post(path, data, follow=True, **options)
        assert answer.status_code == 200, (path, words_of(answer))
        self.keep(path, answer.content.decode() + str(answer.headers))
        chain: list[tuple[str, int]] = answer.redirect_chain
        return chain[-1][0] if chain else path

    @property
    def session(self) -> AssessmentSession:
        return AssessmentSession.objects.get(candidate=self.enrolment.candidate)

    def begin(self) -> None:
        self.get("/signin/")
        self.post("/signin/", {"code": self.code})
        start = f"/sittings/{self.enrolment.pk}/"
        self.get(start)
        self.post(start, {"consent": "1", "javascript": "1"})

    def sit(self, name: str) -> None:
        base = f"/sessions/{self.session.pk}/"
        self.reached = ITEMS.index(name)
        page = self.get(f"{base}items/{name}/")
        assert f"PROMPT-{name}" in page
        for path in ("timer/", "map/", "review/", "submit/", "part/", f"items/{name}/onward/"):
            self.get(base + path)
        if self.linear:
            for other in ITEMS:
                self.get(f"{base}items/{other}/")
        saves = json.dumps({"saves": [self.answer(name, 1)]})
        self.post(f"{base}save/", saves, content_type="application/json")
        asyncio.run(self.talk(name))
        self.next(f"{base}items/{name}/")

    def next(self, path: str) -> None:
        """Goes on; in a linear part that is confirmed on a page of its own."""
        self.reached += 0 if path.endswith("onward/") else 1
        # What the page's script puts into the form: whose page it is, and its place in the order.
        lease = {"writer": "page", "epoch": self.session.epoch, "client_seq": 9, "base_revision": 2}
        led_to = self.post(path, {"go": "next", "r.RESPONSE": "my own words", **lease})
        if led_to.endswith("onward/"):
            self.next(led_to)

    def end(self) -> None:
        base = f"/sessions/{self.session.pk}/"
        self.get(f"{base}review/")
        self.post(f"{base}submit/", {})
        tasks.score_pending()
        for path in (
            "receipt/",
            "result/",
            "save/",
            "timer/",
            *(f"items/{name}/" for name in ITEMS),
        ):
            self.get(base + path)
        self.get("/")

    def answer(self, name: str, number: int) -> dict[str, Any]:
        return {
            "type": "answer",
            "item": name,
            "value": [["r.RESPONSE", f"my words {number}"]],
            "base_revision": 0,
            "client_seq": number,
            "key": f"{name}-{number}",
            "elapsed_ms": 900,
            "epoch": 0,
            "writer": "page",
        }

    async def talk(self, name: str) -> None:
        """Says everything a page can say, and keeps what comes back until the pong."""
        cookie = f"{settings.SESSION_COOKIE_NAME}={self.client.cookies['sessionid'].value}"
        headers = [(b"origin", b"http://localhost"), (b"host", b"localhost")]
        headers.append((b"cookie", cookie.encode()))
        session = await AssessmentSession.objects.aget(candidate=self.enrolment.candidate_id)
        path = f"/ws/delivery/{session.pk}/"
        socket = WebsocketCommunicator(application, path, headers=headers)
        assert (await socket.connect())[0]
        event = {"name": "tab_hidden", "monotonic_ms": 12, "detail": ""}
        for frame in (
            self.answer(name, 2),
            {"type": "claim", "writer": "page", "device": ""},
            {"type": "events", "events": [event]},
            {"type": "save_progress", "leave": 0},
            {"type": "ping", "sent": 1},
        ):
            await socket.send_to(text_data=json.dumps(frame))
        while '"pong"' not in self.keep("socket", await socket.receive_from(timeout=10)):
            pass
        await socket.disconnect()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", ["linear", "nonlinear"])
def test_nothing_that_a_candidate_must_not_know_leaves_the_server(mode: str) -> None:
    reader = Reader(mode)
    reader.begin()
    for name in ITEMS:
        reader.sit(name)
    reader.end()
    secrets = [f"{marker}-{name}" for marker in NEVER for name in ITEMS]
    told = [(where, one) for _, where, text in reader.read for one in secrets if one in text]
    assert told == []
    ahead = [
        (where, name)
        for reached, where, text in reader.read
        for name in ITEMS[reached + 1 :]
        if reader.linear and (f"PROMPT-{name}" in text or f"TITLE-{name}" in text)
    ]
    assert ahead == []
    assert {where for _, where, _ in reader.read} >= {"socket", "/signin/", "/"}
