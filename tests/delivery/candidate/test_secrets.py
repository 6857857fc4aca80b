"""A whole exam by pages and by frames, searched for what a candidate must never receive."""

import json
from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.utils import timezone

from delivery.models import AssessmentSession, Candidate
from tests import factories
from tests.factories import QTI, Part

pytestmark = pytest.mark.django_db
SignIn = Callable[[Candidate], Client]
KEYS = ("Q1", "Q2", "Q3")
# Each is in every item's XML, and none of them is in anything that a candidate gets.
SECRETS = ("quetzalcoatl", "41.4142", "RIGHTWAY", "seen-after-all", "qti-response-processing")


def item_xml(key: str) -> str:
    return f"""<qti-assessment-item {QTI} identifier="{key}" title="Item" adaptive="false"
      time-dependent="false">
      <qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="string">
        <qti-correct-response><qti-value>quetzalcoatl</qti-value></qti-correct-response>
        <qti-mapping default-value="0">
          <qti-map-entry map-key="quetzalcoatl" mapped-value="41.4142"/>
        </qti-mapping>
      </qti-response-declaration>
      <qti-outcome-declaration identifier="SCORE" cardinality="single" base-type="float"/>
      <qti-outcome-declaration identifier="RIGHTWAY" cardinality="single" base-type="identifier"/>
      <qti-item-body>
        <p>Body of {key}: <qti-text-entry-interaction response-identifier="RESPONSE"/></p>
        <qti-feedback-block outcome-identifier="RIGHTWAY" identifier="yes" show-hide="show">
          <p>seen-after-all</p></qti-feedback-block>
        <qti-rubric-block view="scorer" use="scoring"><p>quetzalcoatl, for the marker</p>
        </qti-rubric-block>
      </qti-item-body>
      <qti-response-processing
        template="https://purl.imsglobal.org/spec/qti/v3p0/rptemplates/map_response.xml"/>
      <qti-modal-feedback outcome-identifier="RIGHTWAY" identifier="yes" show-hide="show">
        <p>seen-after-all</p></qti-modal-feedback>
    </qti-assessment-item>"""


def begun() -> AssessmentSession:
    items = {key: factories.item_version(key, item_xml(key)) for key in KEYS}
    version = factories.published(Part(items=KEYS, mode="linear"), items=items)
    sitting = factories.sitting(version, opens_at=None, closes_at=None, release="submission")
    return factories.session(sitting, at=timezone.now())


def frame(key: str) -> dict[str, object]:
    return {
        "item": key, "value": [["r.RESPONSE", "no idea"]], "base_revision": 0, "client_seq": 1,
        "key": f"key-{key}", "elapsed_ms": 1, "epoch": 0, "writer": "page",
    }  # fmt: skip


def answers(client: Client, session: AssessmentSession, key: str) -> Iterator[str]:
    """Everything that a candidate at `key` can ask for."""
    root = f"/sessions/{session.pk}"
    for path in (f"items/{key}/", "map/", "review/", "submit/", "part/", "timer/", "receipt/"):
        yield client.get(f"{root}/{path}", follow=True).content.decode()
    for other in KEYS:
        if other != key:
            yield client.get(f"{root}/items/{other}/").content.decode()
            yield client.get(f"{root}/assets/{other}/picture.png").content.decode()
    body = json.dumps({"saves": [frame(each) for each in KEYS]})
    yield client.post(f"{root}/save/", body, content_type="application/json").content.decode()
    for go in ("save", "flag", "check", "help"):
        posted = {"r.RESPONSE": "no idea", "base_revision": "1", "go": go}
        headers = {"HX-Request": "true"}
        yield client.post(f"{root}/items/{key}/", posted, headers=headers).content.decode()


def test_no_answer_and_no_item_that_is_not_due_reaches_the_candidate(sign_in: SignIn) -> None:
    session = begun()
    client = sign_in(session.candidate)
    for place, key in enumerate(KEYS):
        text = "\n".join(answers(client, session, key))
        assert f"Body of {key}" in text
        assert [secret for secret in SECRETS if secret in text] == []
        assert [each for each in KEYS[place + 1 :] if f"Body of {each}" in text] == []
        client.post(f"/sessions/{session.pk}/items/{key}/", {"go": "next_confirmed"})
    client.post(f"/sessions/{session.pk}/submit/")
    text = client.get(f"/sessions/{session.pk}/receipt/").content.decode()
    assert [secret for secret in SECRETS if secret in text] == []


def test_the_secrets_searched_for_are_in_what_the_server_keeps() -> None:
    session = begun()
    row = session.item_sessions.get(key="Q1")
    assert [secret for secret in SECRETS if secret not in row.item_version.xml] == []
