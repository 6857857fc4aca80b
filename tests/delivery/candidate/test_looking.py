"""Looking back in the browser: closed items, solutions, parts that ended, comments, feedback."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from assembly import bank
from assembly.models import AssessmentTestVersion
from delivery.models import AssessmentSession, Candidate, Sitting
from delivery.saving import responses
from delivery.saving.responses import Save
from delivery.session import desk, moves, scoring, sessions
from tests import factories
from tests.factories import Part

pytestmark = pytest.mark.django_db
Begin = Callable[..., AssessmentSession]
SignIn = Callable[[Candidate], Client]
FEEDBACK = """<qti-test-feedback access="{access}" show-hide="hide" outcome-identifier="NEVER"
  identifier="never" title="{title}"><qti-content-body><p>{words}</p></qti-content-body>
</qti-test-feedback>"""
NEVER = '<qti-outcome-declaration identifier="NEVER" cardinality="single" base-type="identifier"/>'


def control(**settings: str) -> str:
    written = " ".join(f'{name.replace("_", "-")}="{value}"' for name, value in settings.items())
    return f"<qti-item-session-control {written}/>"


def with_feedback(session: AssessmentSession, *, of_part: str = "", of_test: str = "") -> None:
    """Puts feedback at the end of the first part and of the test."""
    version = session.sitting.test_version
    before, end, behind = version.xml.partition("</qti-test-part>")
    last, close, _ = behind.rpartition("</qti-assessment-test>")
    head, opening, rest = before.partition("<qti-test-part")
    xml = f"{head}{NEVER}{opening}{rest}{of_part}{end}{last}{of_test}{close}"
    AssessmentTestVersion.objects.filter(pk=version.pk).update(xml=xml)
    bank.forget()
    desk.outline_of.cache_clear()


def answer(session: AssessmentSession, key: str, value: str) -> None:
    row = desk.read(session.pk).item(key)
    saved = Save(
        session_id=session.pk,
        item=key,
        raw={"RESPONSE": value},
        key=f"{key}-{row.revision}",
        base_revision=row.revision,
        received_at=timezone.now(),
        by="candidate:1",
    )
    responses.save([saved])


def check(session: AssessmentSession, key: str, value: str) -> None:
    answer(session, key, value)
    moves.check(session.pk, key, timezone.now(), by="candidate:1")


def end(session: AssessmentSession) -> None:
    now = timezone.now()
    sessions.complete(session.pk, now, by="candidate:1", confirmed=True)
    scoring.score(session.pk, now)


def html(client: Client, session: AssessmentSession, path: str, status: int = 200) -> str:
    found = client.get(f"/sessions/{session.pk}/{path}")
    assert found.status_code == status, found.content.decode()[-2000:]
    return str(found.content.decode())


def chosen(page: str) -> list[str]:
    return [value for value in "ABC" if f'value="{value}" checked' in page]


def test_a_solution_is_shown_once_the_item_is_closed_and_not_before(
    begin: Begin, sign_in: SignIn
) -> None:
    session = begin(
        Part(items=("Q1", "Q2"), control=control(max_attempts="2", show_solution="true"))
    )
    client = sign_in(session.candidate)
    page = html(client, session, "items/Q1/")
    assert "2 attempts left" in page
    assert "Check answer" in page
    html(client, session, "look/Q1/?show=solution", 409)
    check(session, "Q1", "B")
    assert "1 attempt left" in html(client, session, "items/Q1/")
    html(client, session, "look/Q1/?show=solution", 409)
    check(session, "Q1", "C")
    page = html(client, session, "items/Q1/")
    assert "See the solution" in page
    assert chosen(page) == ["C"]
    assert chosen(html(client, session, "look/Q1/?show=solution")) == ["A"]
    assert chosen(html(client, session, "look/Q1/")) == ["C"]
    html(client, session, "look/Q2/?show=solution", 409)
    html(client, session, "look/nothing/", 404)


def test_a_closed_item_that_may_not_be_reviewed_shows_nothing_of_itself(
    begin: Begin, sign_in: SignIn
) -> None:
    session = begin(Part(items=("Q1",), control=control(max_attempts="2", allow_review="false")))
    client = sign_in(session.candidate)
    check(session, "Q1", "B")
    check(session, "Q1", "A")
    page = html(client, session, "items/Q1/")
    assert "cannot be looked at again" in page
    assert "Choice A of Q1" not in page
    html(client, session, "look/Q1/", 409)


def test_what_the_test_asks_is_said_beforehand(begin: Begin, sign_in: SignIn) -> None:
    asked = control(allow_skipping="false", validate_responses="true")
    session = begin(Part(items=("Q1",), control=asked))
    page = html(sign_in(session.candidate), session, "items/Q1/")
    assert "This item must be answered." in page
    assert "Only an answer that fits" in page


def test_a_comment_is_sent_by_the_script_and_shown_again(begin: Begin, sign_in: SignIn) -> None:
    session = begin(Part(items=("Q1",), control=control(allow_comment="true")))
    client = sign_in(session.candidate)
    assert 'name="comment"' in html(client, session, "items/Q1/")
    url = f"/sessions/{session.pk}/items/Q1/comment/"
    told = client.post(url, {"comment": "Two are <right>."}, content_type="application/json").json()
    assert (told["type"], told["item"]) == ("commented", "Q1")
    assert "Two are &lt;right&gt;." in html(client, session, "items/Q1/")
    refused = client.post(url, {"comment": "x" * 4001}, content_type="application/json")
    assert (refused.status_code, refused.json()["reason"]) == (409, "too_large")
    unknown = client.post(url.replace("Q1", "Z"), {"comment": "x"}, content_type="application/json")
    malformed = client.post(url, {"comment": ["x"]}, content_type="application/json")
    assert malformed.json()["reason"] == "malformed"
    assert unknown.json()["reason"] == "no_such_item"


def test_the_end_of_a_part_says_what_the_test_says_and_leads_on(
    begin: Begin, sign_in: SignIn
) -> None:
    first = Part("P1", ("Q1",), submission="simultaneous", control=control(show_feedback="true"))
    session = begin(first, Part("P2", ("Q2",)))
    words = FEEDBACK.format(access="atEnd", title="Well done", words="LAST-WORDS")
    with_feedback(session, of_part=words)
    client = sign_in(session.candidate)
    html(client, session, "items/Q1/")
    html(client, session, "parts/P1/", 404)
    answer(session, "Q1", "B")
    done = moves.end_part(session.pk, timezone.now(), by="candidate:1", confirmed=True)
    assert done.session.position == "Q2"
    page = html(client, session, "parts/P1/")
    assert "LAST-WORDS" in page
    assert f"/sessions/{session.pk}/look/Q1/" in page
    assert f'href="/sessions/{session.pk}/items/Q2/"' in page
    assert chosen(html(client, session, "look/Q1/")) == ["B"]


def test_the_result_shows_the_test_s_last_words_and_the_items(
    begin: Begin, sign_in: SignIn
) -> None:
    session = begin(Part(items=("Q1", "Q2")), release=Sitting.Release.SUBMISSION)
    words = FEEDBACK.format(access="atEnd", title="Well done", words="LAST-WORDS")
    with_feedback(session, of_test=words)
    client = sign_in(session.candidate)
    answer(session, "Q1", "B")
    assert "LAST-WORDS" not in html(client, session, "items/Q1/")
    end(session)
    page = html(client, session, "result/")
    assert "LAST-WORDS" in page
    assert f"/sessions/{session.pk}/look/Q2/" in page
    own = html(client, session, "look/Q1/")
    assert chosen(own) == ["B"]
    assert "0 / 1" in own
    assert "Solution" not in own
    html(client, session, "look/Q1/?show=solution", 409)


def test_a_hint_is_shown_while_the_item_is_open_and_the_attempt_made_before_is_what_counts(
    sign_in: SignIn,
) -> None:
    part = Part(items=("H", "A"), control=control(max_attempts="2", show_feedback="true"))
    version = factories.published(part, items={"H": factories.item_version("H", factories.HINTED)})
    sitting = factories.sitting(
        version, opens_at=None, closes_at=None, release=Sitting.Release.SUBMISSION
    )
    session = factories.session(sitting, at=timezone.now())
    client = sign_in(session.candidate)
    url = f"/sessions/{session.pk}/items/H/"
    client.post(url, {"r.RESPONSE": "York", "base_revision": "0", "go": "check"})
    assert "Think of roses." not in html(client, session, "items/H/")
    pressed = {"r.RESPONSE": "York", "r.HINT": "true", "base_revision": "1"}
    assert client.post(url, pressed).status_code == 302
    html(client, session, "items/A/")
    page = html(client, session, "items/H/")
    assert "Think of roses." in page
    assert "1 attempt left" in page
    end(session)
    assert "Think of roses." not in html(client, session, "look/H/")
    done = desk.read(session.pk)
    assert (done.item("H").num_attempts, done.session.score) == (1, 1.0)


def test_what_is_said_during_the_test_stands_on_its_items(begin: Begin, sign_in: SignIn) -> None:
    session = begin(Part(items=("Q1",)))
    words = FEEDBACK.format(access="during", title="", words="ON-THE-WAY")
    with_feedback(session, of_test=words)
    assert "ON-THE-WAY" in html(sign_in(session.candidate), session, "items/Q1/")


def test_nobody_else_looks_back(begin: Begin, sign_in: SignIn, client: Client) -> None:
    session: Any = begin(Part(items=("Q1",)), release=Sitting.Release.SUBMISSION)
    end(session)
    stranger = sign_in(factories.candidate("Bob"))
    for path in ("look/Q1/", "result/", "parts/P1/", "assets/Q1/a.png"):
        html(stranger, session, path, 404)
