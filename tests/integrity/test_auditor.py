import json
import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory
from django.urls import reverse

from integrity import chain, ledger, triggers
from integrity.auditor import access, timeline, views
from integrity.models import LedgerStream
from integrity.policy import lockdown
from integrity.proof import seals
from integrity.templatetags import ledger_words

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 10, 42, 7, 128_000, tzinfo=UTC)
KINDS = Path(__file__).parents[2] / "templates/auditor/kinds"


def answer(stream: str, number: int, at: datetime) -> ledger.Draft:
    payload: chain.Payload = {"item": f"Q{number}", "revision": 1}
    return ledger.Draft(stream, "response.saved", payload, "candidate:12", at)


def fill(stream: str = "session:1", entries: int = 3, *, apart: timedelta = timedelta()) -> None:
    numbers = range(1, entries + 1)
    ledger.append_many([answer(stream, number, AT + number * apart) for number in numbers])


@pytest.fixture(autouse=True)
def _keys(settings: Any, tmp_path: Path) -> None:
    settings.LEDGER_KEY_DIR = tmp_path


@pytest.fixture
def auditor() -> User:
    user = User.objects.create_user("auditor")
    user.groups.add(Group.objects.get_or_create(name=access.GROUP)[0])
    return user


def get(view: Any, user: User | AnonymousUser, *args: str, query: str = "") -> HttpResponse:
    request = RequestFactory().get(f"/auditor/?{query}")
    request.user = user
    request.htmx = False  # type: ignore[attr-defined]
    response: HttpResponse = view(request, *args)
    return response


def text(response: HttpResponse) -> str:
    """Return what a reader sees of the main region, with single spaces."""
    main = re.search(r"<main.*</main>", response.content.decode(), re.DOTALL)
    assert main
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main[0])).split())


@pytest.mark.parametrize(
    ("view", "args"),
    [(views.streams, ()), (views.stream, ("session:1",)), (views.export, ("session:1",))],
)
def test_nobody_but_an_auditor_gets_in(view: Any, args: tuple[str, ...], auditor: User) -> None:
    fill()
    staff = User.objects.create_user("staff", is_staff=True)
    proctor = User.objects.create_user("proctor")
    proctor.groups.add(Group.objects.create(name="Proctors of auditors"))
    for user in (staff, proctor):
        with pytest.raises(PermissionDenied):
            get(view, user, *args)
    assert get(view, auditor, *args).status_code == 200
    assert get(view, User.objects.create_superuser("root"), *args).status_code == 200


def test_a_new_installation_has_the_group() -> None:
    assert Group.objects.filter(name=access.GROUP).exists()


def test_whoever_is_not_signed_in_is_asked_to_sign_in_as_staff(client: Client) -> None:
    fill()
    for name in ("stream", "export", "bundle"):
        url = reverse(f"auditor:{name}", args=["session:1"])
        page = client.get(url)
        assert page.status_code == 302
        assert page["Location"].startswith("/staff/signin/?next=")
    client.force_login(User.objects.create_user("proctor"))
    assert client.get(reverse("auditor:streams")).status_code == 403


def test_every_kind_of_break_has_its_words() -> None:
    for kind in chain.BreakKind:
        assert ledger_words.break_kind_words(kind)
        assert ledger_words.break_words(chain.Break(kind, 7)) == chain.Break(kind, 7).sentence


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_streams_takes_the_same_queries_for_one_and_for_three(
    count: int, auditor: User, django_assert_num_queries: Any
) -> None:
    for number in range(count):
        fill(f"session:{number}")
    with django_assert_num_queries(8):
        page = get(views.streams, auditor)
    assert f"{count} stream" in text(page)


def test_streams_are_found_by_part_of_their_name_and_paged(auditor: User) -> None:
    for number in range(views.STREAMS_PER_PAGE + 3):
        fill(f"session:{number:03}", 1)
    first = text(get(views.streams, auditor))
    assert "Page 1 of 2 (1–50 of 53)" in first
    assert "session:052" in first
    assert "session:002" not in first
    assert "session:002" in text(get(views.streams, auditor, query="page=2"))
    found = text(get(views.streams, auditor, query="q=n:05"))
    assert "session:050" in found
    assert "session:049" not in found
    assert "No stream is like that." in text(get(views.streams, auditor, query="q=x"))


def test_an_empty_ledger_says_what_comes_next(auditor: User) -> None:
    assert "Nothing has been recorded yet." in text(get(views.streams, auditor))


def test_the_list_verifies_its_page_and_names_what_is_broken(auditor: User) -> None:
    fill("a")
    fill("b")
    assert "All 2 streams on this page are whole." in text(
        get(views.streams, auditor, query="verify=1")
    )
    forge("a", 2)
    page = text(get(views.streams, auditor, query="verify=1"))
    assert "1 stream on this page is broken" in page
    assert "a : Entry 2 was edited: its content no longer gives its hash." in page


def forge(stream: str, seq: int, change: str = "actor = 'forged'") -> None:
    row = LedgerStream.objects.get(name=stream)
    with triggers.lifted(connection), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE integrity_ledgerentry SET {change} WHERE stream_id = %s AND seq = %s",
            [row.pk, seq],
        )


def test_missing_triggers_are_told_at_once(auditor: User) -> None:
    triggers.remove(connection)
    assert "The database no longer refuses changes" in text(get(views.streams, auditor))


def test_a_whole_stream_carries_a_quiet_seal(auditor: User) -> None:
    fill(entries=3)
    page = text(get(views.stream, auditor, "session:1"))
    assert "Whole: 3 entries verified from the genesis to the head." in page


def test_a_long_stream_is_verified_when_asked(auditor: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(views, "VERIFIED_AT_ONCE", 2)
    fill(entries=3)
    assert "Whole" not in text(get(views.stream, auditor, "session:1"))
    assert "Whole: 3 entries" in text(get(views.stream, auditor, "session:1", query="verify=1"))


def test_a_chain_that_was_rewritten_as_a_whole_carries_no_seal(auditor: User) -> None:
    fill(entries=3)
    seals.seal(AT)
    page = text(get(views.stream, auditor, "session:1"))
    assert "up to entry 3 at 10:42:07 on 22 November 2026" in page
    first, *_ = ledger.read("session:1")
    row = LedgerStream.objects.get()
    with triggers.lifted(connection):
        row.entries.exclude(seq=1).delete()
        LedgerStream.objects.update(head=first.hash, length=1)
    assert ledger.verify("session:1").is_whole
    assert "Broken at entry 2: truncated tail" in text(get(views.stream, auditor, "session:1"))
    listed = text(get(views.streams, auditor, query="verify=1"))
    assert "1 stream on this page is broken" in listed
    assert "1 head in the tree" in listed
    ledger.append(stream="new", kind="k", payload={}, actor="x", at=AT)
    assert "2 streams have moved since" in text(get(views.streams, auditor))


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ("actor = 'forged'", "edited"),
        ("payload = 'not JSON'", "edited"),
        ("payload = '[1]'", "edited"),
        ("at_ms = 9000000000000000000", "edited"),
        ("at_ms = -5", "edited"),
        ("kind = '../../secret'", "edited"),
        ("prev = 'zz'", "edited"),
    ],
)
def test_a_broken_stream_says_where_and_how_and_can_still_be_read(
    auditor: User, change: str, kind: str
) -> None:
    fill(entries=3)
    forge("session:1", 2, change)
    page = text(get(views.stream, auditor, "session:1"))
    assert f"Broken at entry 2: {kind}" in page
    assert f"Broken here: {kind}" in page
    assert "Answered item Q3." in page


def test_the_story_is_grouped_by_minute_and_tells_long_silences(auditor: User) -> None:
    fill(entries=3, apart=timedelta(seconds=30))
    fill(entries=1, apart=timedelta(minutes=20))
    minutes = timeline.tell(ledger.read("session:1"))
    assert [(f"{m.at:%H:%M}", len(m.lines), m.is_new_day, m.silence_ms) for m in minutes] == [
        ("10:42", 1, True, 0), ("10:43", 2, False, 0), ("11:02", 1, False, 18.5 * 60_000),
    ]  # fmt: skip
    page = text(get(views.stream, auditor, "session:1"))
    assert "18 minutes without an entry" in page
    assert "10:42:37 Answered item Q1. Candidate 12 · entry 1" in page
    exact = text(get(views.stream, auditor, "session:1", query="exact=1"))
    assert "10:42:37.128 Answered item Q1." in exact


def test_one_kind_can_be_shown_alone(auditor: User) -> None:
    fill()
    ledger.append(stream="session:1", kind="session.paused", payload={"paused_by": "proctor"},
                  actor="proctor:3", at=AT)  # fmt: skip
    page = text(get(views.stream, auditor, "session:1", query="kind=session.paused"))
    assert "Paused by proctor." in page
    assert "Answered item" not in page
    assert "response.saved (3)" in page


def test_a_long_story_is_paged(auditor: User) -> None:
    fill(entries=views.ENTRIES_PER_PAGE + 1)
    page = text(get(views.stream, auditor, "session:1", query="page=2"))
    assert "Answered item Q201." in page
    assert "Answered item Q200." not in page


def test_an_unknown_stream_is_not_found(auditor: User) -> None:
    for view in (views.stream, views.export):
        with pytest.raises(Http404):
            get(view, auditor, "nothing")


def test_the_export_is_the_stream_as_json_lines(auditor: User) -> None:
    fill(entries=3)
    response = get(views.export, auditor, "session:1")
    assert response["Content-Disposition"] == 'attachment; filename="session-1.jsonl"'
    lines = response.content.decode().splitlines()
    assert [chain.Entry.from_json(line) for line in lines] == ledger.read("session:1")


def test_a_payload_never_becomes_markup(auditor: User) -> None:
    evil = "<script>alert(1)</script>"
    for kind in ("unheard.of", "session.paused"):
        ledger.append(stream="s", kind=kind, payload={"reason": evil}, actor="x", at=AT)
    page = get(views.stream, auditor, "s").content.decode()
    assert page.count("&lt;script&gt;alert(1)") == 4
    assert evil not in page


PAYLOADS: dict[str, dict[str, Any]] = {
    "session.started": {"deadline": 1795347727128, "why": "start + 60 min"},
    "session.paused": {"paused_by": "proctor", "reason": "Fire drill", "remaining_ms": 2471000},
    "time.extended": {"scope": "test", "ms": 300000, "reason": "Noise", "deadline": 1795347727128},
    "session.completed": {"answered": 7, "total": 8, "receipt": "K7QF"},
    "policy.fired": {"rule": "tab_hidden", "action": "warn", "count": 2},
    "connection.back": {"away_ms": 64000},
    "copy_attempt": {"monotonic_ms": 5},
    "unheard.of": {"by": "chief", "rows": 3},
}
SENTENCES = {
    "session.started": "The test began. It ends at 11:42:07. start + 60 min",
    "session.paused": "Paused Paused by proctor. Reason: Fire drill. "
    "The clock stands with 41:11 min left.",
    "time.extended": "5 min more for the test. Reason: Noise. The test now ends at 11:42:07.",
    "session.completed": "Handed in. 7 of 8 items answered. Receipt K7QF.",
    "policy.fired": "Rule Page hidden, time no. 2. What followed: the candidate was reminded.",
    "connection.back": "The page is back in contact after 1:04 min.",
    "copy_attempt": "Tried to copy. Claimed by the browser; reliability fair.",
    "unheard.of": "Recorded: unheard.of — by chief, rows 3",
}


@pytest.mark.parametrize("kind", PAYLOADS)
def test_a_kind_is_told_in_its_own_sentence(kind: str) -> None:
    ledger.append(stream="s", kind=kind, payload=PAYLOADS[kind], actor="x", at=AT)
    (minute,) = timeline.tell(ledger.read("s"))
    sentence = unescape(re.sub(r"<[^>]+>", "", minute.lines[0].sentence))
    assert " ".join(sentence.split()) == SENTENCES[kind]


@pytest.mark.parametrize("kind", sorted(path.stem for path in KINDS.glob("[a-z]*.html")))
def test_every_kind_is_told_even_when_its_payload_is_empty(kind: str) -> None:
    ledger.append(stream="s", kind=kind, payload={}, actor="x", at=AT)
    (minute,) = timeline.tell(ledger.read("s"))
    assert re.sub(r"<[^>]+>", "", minute.lines[0].sentence).strip()


NAMES = sorted(
    set(re.findall(r"payload\.(\w+)", " ".join(p.read_text() for p in KINDS.glob("*.html"))))
)


@pytest.mark.parametrize("value", [[1], "x", {"a": 1}, None, 1.5, -(10**30), True])
@pytest.mark.parametrize("kind", sorted(path.stem for path in KINDS.glob("[a-z]*.html")))
def test_every_kind_is_told_even_when_its_payload_is_forged(kind: str, value: Any) -> None:
    body = json.dumps(dict.fromkeys(NAMES, value))
    (minute,) = timeline.tell([chain.Entry("s", 1, kind, 5, "x", body, "", "")])
    assert re.sub(r"<[^>]+>", "", minute.lines[0].sentence).strip()


def test_every_client_event_has_its_sentence() -> None:
    assert set(lockdown.CLIENT_EVENTS) <= {path.stem for path in KINDS.glob("*.html")}


def test_an_export_of_a_forged_payload_still_downloads(auditor: User) -> None:
    fill(entries=2)
    forge("session:1", 2, "payload = 'not JSON'")
    lines = get(views.export, auditor, "session:1").content.decode().splitlines()
    assert chain.Entry.from_json(lines[0]).seq == 1
    with pytest.raises(json.JSONDecodeError):
        chain.Entry.from_json(lines[1])
