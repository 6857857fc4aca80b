"""A browser that knows a configuration and sends what Safe Exam Browser would."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.test.client import AsyncRequestFactory
from django.utils import timezone

from delivery.candidate import door
from delivery.models import AssessmentSession, Candidate, Enrolment, State
from delivery.seat import conditions
from delivery.session import interventions
from integrity import ledger
from integrity.models import LockdownPolicy, SebFile
from integrity.policy import lockdown, seb, seb_files
from integrity.policy.seb import Assurance
from tests import factories

pytestmark = pytest.mark.django_db
SignIn = Callable[[Candidate], Client]
ORIGIN = "http://testserver"
CONSENT = {"consent": "1", "javascript": "1"}
WINDOWS = "Mozilla/5.0 (Windows NT 10.0) Chrome/130 SEB/3.7.0"
MAC = "Mozilla/5.0 (Macintosh) Version/17 Safari/605 SEB/3.5"
EXAM_KEY = "ab" * 32


def policy(mode: str = "required", **fields: Any) -> LockdownPolicy:
    row = LockdownPolicy.objects.create(name=f"SEB {mode}", seb_mode=mode, **fields)
    return LockdownPolicy.objects.get(pk=row.pk)


def enrolled(mode: str = "required", **fields: Any) -> Enrolment:
    sitting = factories.sitting(
        factories.published(seconds=3600), opens_at=None, closes_at=None,
        lockdown=policy(mode, **fields),
    )  # fmt: skip
    return factories.enrolment(sitting)


class FakeSeb:
    """Opens a .seb file; on Windows it sends headers, on macOS it only answers JavaScript."""

    def __init__(self, config: bytes, *, agent: str = WINDOWS, exam_key: str = "") -> None:
        self.settings = seb_files.read(config)
        self.key = seb.config_key(self.settings)
        self.exam_key = exam_key
        self.sends_headers = agent == WINDOWS
        self.client = Client(headers={"user-agent": agent})

    def hashes(self, path: str) -> dict[str, str]:
        url = path if path.startswith("http") else ORIGIN + path
        found = {seb.CONFIG_KEY_HEADER: seb.request_hash(url, self.key)}
        if self.exam_key:
            found[seb.EXAM_KEY_HEADER] = seb.request_hash(url, self.exam_key)
        return found

    def _headers(self, path: str) -> dict[str, str]:
        return self.hashes(path) if self.sends_headers else {}

    def get(self, path: str, **extra: Any) -> Any:
        return self.client.get(path, headers=self._headers(path), **extra)

    def post(self, path: str, data: Any = None, **extra: Any) -> Any:
        return self.client.post(path, data or {}, headers=self._headers(path), **extra)

    def follow(self, path: str) -> Any:
        """Get a page, go through redirects, and answer the page that asks the JavaScript API."""
        response = self.get(path)
        for _ in range(8):
            if response.status_code == 302:
                path = response.headers["Location"]
                response = self.get(path)
            elif b'id="seb-check"' in response.content:
                told = {} if self.sends_headers else self.hashes(path)
                keys = {
                    "config_key": told.get(seb.CONFIG_KEY_HEADER, ""),
                    "browser_exam_key": told.get(seb.EXAM_KEY_HEADER, ""),
                }
                response = self.post(path, keys)
            else:
                break
        return response

    def open(self) -> Any:
        """Go to the start address and continue there, as a candidate would."""
        start = self.settings["startURL"].removeprefix(ORIGIN)
        assert self.get(start).status_code == 200
        return self.post(start)


def configuration(client: Client, enrolment: Enrolment) -> bytes:
    """Ask for a configuration as the start page does, and fetch it as the browser does."""
    page = client.post(f"/browser/{enrolment.pk}/launch/").content.decode()
    launch = re.search(r'href="(sebs?://[^"]+)"', page)
    assert launch is not None
    path = "/" + launch[1].partition("://")[2].partition("/")[2]
    fetched = Client().get(path)
    assert fetched.headers["Content-Type"] == "application/seb"
    again = Client().get(path).content
    assert fetched.content == again or fetched.content[:2] == seb_files.GZIP
    return fetched.content


@pytest.fixture
def opened(sign_in: SignIn) -> Callable[..., FakeSeb]:
    """Lets a candidate open their own configuration in a browser."""

    def make(enrolment: Enrolment, **how: Any) -> FakeSeb:
        browser = FakeSeb(configuration(sign_in(enrolment.candidate), enrolment), **how)
        browser.open()
        return browser

    return make


def started(browser: FakeSeb, enrolment: Enrolment) -> AssessmentSession:
    browser.follow(f"/sittings/{enrolment.pk}/")
    response = browser.post(f"/sittings/{enrolment.pk}/", CONSENT)
    assert response.status_code == 302, response.content.decode()
    return AssessmentSession.objects.get()


def kinds(session: AssessmentSession) -> list[str]:
    return [entry.kind for entry in ledger.read(session.stream)]


def refreshed(session: AssessmentSession) -> AssessmentSession:
    return AssessmentSession.objects.get(pk=session.pk)


def test_an_ordinary_browser_cannot_start_and_is_told_how(sign_in: SignIn) -> None:
    enrolment = enrolled()
    client = sign_in(enrolment.candidate)
    page = client.get(f"/sittings/{enrolment.pk}/").content.decode()
    assert "Open in Safe Exam Browser" in page
    assert client.post(f"/sittings/{enrolment.pk}/", CONSENT).status_code == 409
    assert AssessmentSession.objects.count() == 0


@pytest.mark.parametrize("agent", [WINDOWS, MAC])
def test_the_right_configuration_carries_a_candidate_to_the_receipt(
    agent: str, opened: Callable[..., FakeSeb]
) -> None:
    enrolment = enrolled()
    browser = opened(enrolment, agent=agent)
    session = started(browser, enrolment)
    item = f"/sessions/{session.pk}/items/Q1/"
    assert b"Which is right in Q1?" in browser.follow(item).content
    timer = f"/sessions/{session.pk}/timer/"
    assert browser.get(timer).json()["frames"][0]["type"] == "timer_sync"
    assert refreshed(session).assurance == Assurance.CONFIG_KEY
    assert "browser.checked" in kinds(session)
    browser.post(f"/sessions/{session.pk}/submit/", {"confirmed": "1"})
    receipt = browser.get(f"/sessions/{session.pk}/receipt/").content.decode()
    assert "/browser/quit/" in receipt
    assert browser.settings["quitURL"] == f"{ORIGIN}/browser/quit/"
    assert browser.get("/browser/quit/").status_code == 200
    assert refreshed(session).state == State.COMPLETED


def test_each_configuration_has_a_key_of_its_own_and_a_link_that_works_once(
    sign_in: SignIn,
) -> None:
    enrolment = enrolled()
    client = sign_in(enrolment.candidate)
    first, second = (FakeSeb(configuration(client, enrolment)) for _ in range(2))
    assert first.key != second.key
    assert len(first.settings["examKeySalt"]) == 32
    first.open()
    again = FakeSeb(seb_files.write(first.settings))
    assert again.open().status_code == 409
    assert second.open().status_code == 302


def test_a_used_configuration_is_not_handed_out_again(sign_in: SignIn) -> None:
    enrolment = enrolled()
    client = sign_in(enrolment.candidate)
    page = client.post(f"/browser/{enrolment.pk}/launch/").content.decode()
    found = re.search(r"/browser/file/[^/]+/exam\.seb", page)
    assert found is not None
    FakeSeb(Client().get(found[0]).content).open()
    assert Client().get(found[0]).status_code == 410


def test_another_browser_with_the_same_cookie_pauses_the_session(
    opened: Callable[..., FakeSeb],
) -> None:
    enrolment = enrolled()
    browser = opened(enrolment)
    session = started(browser, enrolment)
    factories.answer(session, "Q1", received_at=session.started_at)
    item = f"/sessions/{session.pk}/items/Q1/"
    thief = Client(headers={"user-agent": "Firefox/140"})
    thief.cookies = browser.client.cookies
    check = thief.get(item).headers["Location"]
    nonce = thief.get(check).headers["Location"]
    seen = thief.post(nonce, {"config_key": ""}).headers["Location"]
    page = thief.get(seen).content.decode()
    assert "No key arrived" in page
    assert seb.request_hash(ORIGIN + nonce, browser.key)[:8] in page
    assert seb.request_hash(ORIGIN + nonce, browser.key) not in page
    paused = refreshed(session)
    assert (paused.state, paused.paused_by) == (State.PAUSED, "rule")
    assert paused.answered == 1
    assert "browser.refused" in kinds(session)
    assert browser.get(item).headers["Location"].endswith("/paused/")
    explained = thief.get(f"/sessions/{session.pk}/paused/").content.decode()
    assert f"/browser/{enrolment.pk}/seen/" in explained


def test_a_wrong_header_is_explained_and_the_way_on_is_a_proctor_s(
    opened: Callable[..., FakeSeb],
) -> None:
    enrolment = enrolled()
    browser = opened(enrolment)
    session = started(browser, enrolment)
    item = f"/sessions/{session.pk}/items/Q1/"
    right, browser.key = browser.key, "cd" * 32
    away = browser.get(item)
    assert away.headers["Location"] == f"/browser/{enrolment.pk}/seen/"
    page = browser.get(away.headers["Location"]).content.decode()
    assert "A key arrived, but not the one" in page
    assert seb.CONFIG_KEY_HEADER in page
    assert seb.request_hash(ORIGIN + item, right)[:8] in page
    interventions.permit_resume(
        session.pk, by=factories.proctor(), reason="Checked", at=timezone.now()
    )
    resume = f"/sessions/{session.pk}/paused/"
    assert browser.post(resume, CONSENT).headers["Location"].endswith("/seen/")
    assert refreshed(session).state == State.PAUSED
    browser.key = right
    assert browser.post(resume, CONSENT).headers["Location"] == item
    assert refreshed(session).state == State.IN_PROGRESS


def test_a_script_s_request_is_checked_too(opened: Callable[..., FakeSeb]) -> None:
    enrolment = enrolled()
    browser = opened(enrolment)
    session = started(browser, enrolment)
    browser.key = "cd" * 32
    response = browser.get(f"/sessions/{session.pk}/timer/")
    assert (response.status_code, response.json()["reason"]) == (403, "needs_seb")
    assert refreshed(session).state == State.PAUSED


def test_a_waived_rule_lets_an_ordinary_browser_go_on(sign_in: SignIn) -> None:
    enrolment = enrolled()
    proctor = factories.proctor()
    conditions.waive(enrolment.pk, ["seb"], reason="No such browser", by=proctor, at=factories.NOON)
    client = sign_in(enrolment.candidate)
    response = client.post(f"/sittings/{enrolment.pk}/", CONSENT)
    session = AssessmentSession.objects.get()
    assert response.headers["Location"] == f"/sessions/{session.pk}/items/Q1/"
    assert client.get(response.headers["Location"]).status_code == 200
    assert session.assurance == Assurance.NONE
    told = ledger.read(f"sitting:{enrolment.sitting_id}")[-1]
    assert (told.kind, told.actor) == ("rules.waived", f"user:{proctor.pk}")


def test_listed_exam_keys_are_needed_beside_the_config_key(
    opened: Callable[..., FakeSeb],
) -> None:
    enrolment = enrolled(seb_exam_keys=EXAM_KEY)
    browser = opened(enrolment)
    assert browser.post(f"/sittings/{enrolment.pk}/", CONSENT).status_code == 409
    browser.exam_key = EXAM_KEY
    assert started(browser, enrolment).assurance == Assurance.BROWSER_EXAM_KEY


def test_where_it_is_optional_every_browser_may_and_the_level_is_kept(
    sign_in: SignIn, opened: Callable[..., FakeSeb]
) -> None:
    enrolment = enrolled("optional")
    browser = opened(enrolment)
    session = started(browser, enrolment)
    assert session.assurance == Assurance.CONFIG_KEY
    plain = sign_in(enrolment.candidate)
    assert plain.get(f"/sessions/{session.pk}/items/Q1/").status_code == 200
    assert refreshed(session).state == State.IN_PROGRESS


def test_an_uploaded_file_is_handed_out_as_it_is_and_its_key_counts(
    opened: Callable[..., FakeSeb],
) -> None:
    content = seb_files.write({"startURL": f"{ORIGIN}/signin/", "sendBrowserExamKey": True})
    key = seb_files.config_key(content)
    kept = SebFile.objects.create(content=content, key=key)
    enrolment = enrolled(seb_file=kept, seb_file_key=key)
    client = Client()
    client.force_login(
        enrolment.candidate.user, backend="delivery.candidate.backend.AccessCodeBackend"
    )
    browser = FakeSeb(configuration(client, enrolment))
    assert browser.key == key
    browser.client.cookies = client.cookies
    assert started(browser, enrolment).assurance == Assurance.CONFIG_KEY


def test_a_file_under_a_password_opens_with_it(sign_in: SignIn) -> None:
    enrolment = enrolled(seb_password="hall 5")
    content = configuration(sign_in(enrolment.candidate), enrolment)
    with pytest.raises(seb_files.SebFileError):
        seb_files.read(content)
    assert seb_files.read(content, "hall 5")["startURL"].startswith(f"{ORIGIN}/launch/")


def test_the_file_of_a_room_leads_to_the_sign_in_and_its_key_counts(
    admin_client: Client,
) -> None:
    enrolment = enrolled()
    url = f"/admin/delivery/sitting/{enrolment.sitting_id}"
    assert f"{url}/seb/" in admin_client.get(f"{url}/change/").content.decode()
    browser = FakeSeb(admin_client.get(f"{url}/seb/").content)
    assert browser.settings["startURL"] == f"{ORIGIN}/signin/"
    browser.client.force_login(
        enrolment.candidate.user, backend="delivery.candidate.backend.AccessCodeBackend"
    )
    assert started(browser, enrolment).assurance == Assurance.CONFIG_KEY


def test_a_sitting_without_safe_exam_browser_has_no_file(admin_client: Client) -> None:
    enrolment = enrolled("none")
    url = f"/admin/delivery/sitting/{enrolment.sitting_id}/seb/"
    assert admin_client.get(url).status_code == 404


def test_a_nonce_page_takes_one_answer(opened: Callable[..., FakeSeb]) -> None:
    enrolment = enrolled()
    browser = opened(enrolment, agent=MAC)
    nonce = browser.get(f"/browser/{enrolment.pk}/").headers["Location"]
    told = {"config_key": browser.hashes(nonce)[seb.CONFIG_KEY_HEADER]}
    assert browser.post(nonce, told).headers["Location"] == f"/sittings/{enrolment.pk}/"
    assert browser.post(nonce, told).headers["Location"] == f"/browser/{enrolment.pk}/"


def test_a_check_leads_back_to_our_own_pages_only(sign_in: SignIn) -> None:
    enrolment = enrolled("optional")
    client = sign_in(enrolment.candidate)
    nonce = client.get(f"/browser/{enrolment.pk}/?next=https://evil.example").headers["Location"]
    assert client.post(nonce).headers["Location"] == f"/sittings/{enrolment.pk}/"


def test_nobody_reaches_the_browser_pages_of_another(sign_in: SignIn) -> None:
    enrolment = enrolled()
    client = sign_in(factories.candidate("Mallory"))
    for name in ("", "seen/", "nonce/"):
        assert client.get(f"/browser/{enrolment.pk}/{name}").status_code == 404
    assert client.post(f"/browser/{enrolment.pk}/launch/").status_code == 404


def test_an_address_is_rebuilt_byte_for_byte(settings: Any) -> None:
    request = AsyncRequestFactory().get("/a/b%2Fc%20d/?x=%41&y=ä&z")
    request.scope = {**request.scope, "raw_path": b"/a/b%2Fc%20d/"}
    request.META["QUERY_STRING"] = "x=%41&y=%C3%A4&z"
    assert door.url_of(request) == f"{ORIGIN}/a/b%2Fc%20d/?x=%41&y=%C3%A4&z"
    settings.PUBLIC_ORIGIN = "https://exam.example.org"
    assert door.url_of(request).startswith("https://exam.example.org/a/b%2Fc")
    assert door.url_of(RequestFactory().get("/a b/")) == "https://exam.example.org/a%20b/"


def test_a_policy_s_signals_do_not_change_the_browser(sign_in: SignIn) -> None:
    row = policy("none", rules=lockdown.write_rules(lockdown.SUPERVISED_EXAM.watched))
    sitting = factories.sitting(opens_at=None, closes_at=None, lockdown=row)
    enrolment = factories.enrolment(sitting)
    client = sign_in(enrolment.candidate)
    assert client.post(f"/sittings/{enrolment.pk}/", CONSENT).status_code == 302
    assert client.get(f"/browser/{enrolment.pk}/seen/").status_code == 200
    assert client.post(f"/browser/{enrolment.pk}/launch/").status_code == 404


def test_an_item_s_picture_rests_on_what_its_page_has_shown(
    opened: Callable[..., FakeSeb],
) -> None:
    enrolment = enrolled()
    browser = opened(enrolment, agent=MAC)
    session = started(browser, enrolment)
    kept = browser.client.session
    kept[door.CHECKED][str(enrolment.pk)]["at"] -= 2 * door.API_HOLDS
    kept.save()
    item = f"/sessions/{session.pk}/items/Q1/"
    assert browser.get(f"/sessions/{session.pk}/assets/Q1/none.png").status_code == 404
    assert browser.get(item).headers["Location"].startswith(f"/browser/{enrolment.pk}/?next=")
    assert browser.follow(item).status_code == 200
