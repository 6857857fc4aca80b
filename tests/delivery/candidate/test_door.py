from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client, RequestFactory

from delivery.candidate import door
from delivery.models import AssessmentSession, Candidate, Enrolment, State
from integrity import ledger
from integrity.models import LockdownPolicy
from tests import factories

pytestmark = pytest.mark.django_db
SignIn = Callable[[Candidate], Client]
CONSENT = {"consent": "1", "javascript": "1"}


def enrolled(**fields: Any) -> Enrolment:
    window = {"opens_at": None, "closes_at": None}
    return factories.enrolment(factories.sitting(**window, **fields))


def begun(client: Client, enrolment: Enrolment, **data: str) -> AssessmentSession:
    response = client.post(f"/sittings/{enrolment.pk}/", CONSENT | data)
    assert response.status_code == 302, response.content.decode()
    return AssessmentSession.objects.get()


def test_outside_the_networks_nothing_starts_and_the_sitting_s_record_says_so(
    sign_in: SignIn,
) -> None:
    enrolment = enrolled(networks="192.0.2.0/24")
    client = sign_in(enrolment.candidate)
    url = f"/sittings/{enrolment.pk}/"
    assert "127.0.0.1 is not in them" in client.get(url).content.decode()
    assert client.post(url, CONSENT).status_code == 409
    assert AssessmentSession.objects.count() == 0
    told = ledger.read(f"sitting:{enrolment.sitting_id}")
    assert [one.payload for one in told if one.kind == "access.refused"] == [
        {"rule": "wrong_network", "candidate": f"candidate:{enrolment.candidate_id}"}
    ]
    assert client.post(url, CONSENT, REMOTE_ADDR="192.0.2.5").status_code == 302


def test_a_running_test_is_out_of_reach_elsewhere_and_stays_as_it_is(sign_in: SignIn) -> None:
    enrolment = enrolled(networks="127.0.0.0/8")
    client = sign_in(enrolment.candidate)
    session = begun(client, enrolment)
    item = f"/sessions/{session.pk}/items/Q1/"
    away = client.get(item, REMOTE_ADDR="198.51.100.1")
    assert away.status_code == 403
    assert "Everything you saved is safe." in away.content.decode()
    assert b"Which is right" not in away.content
    timer = client.get(f"/sessions/{session.pk}/timer/", REMOTE_ADDR="198.51.100.1")
    assert (timer.status_code, timer.json()["reason"]) == (403, "wrong_network")
    told = [one.kind for one in ledger.read(session.stream)]
    assert told.count("access.refused") == 1
    assert client.get(item).status_code == 200
    assert AssessmentSession.objects.get().state == State.IN_PROGRESS


def test_another_device_is_told_where_the_test_is(sign_in: SignIn) -> None:
    enrolment = enrolled(one_device=True)
    client = sign_in(enrolment.candidate)
    session = begun(client, enrolment)
    item = f"/sessions/{session.pk}/items/Q1/"
    assert client.get(item).status_code == 200
    del client.cookies[door.COOKIE]
    assert "started on another device" in client.get(item).content.decode()
    client.cookies[door.COOKIE] = "invented:signature"
    assert client.get(item).status_code == 403


def test_a_room_s_code_is_asked_for_and_not_guessed(sign_in: SignIn) -> None:
    enrolment = enrolled(room_codes="4711")
    client = sign_in(enrolment.candidate)
    url = f"/sittings/{enrolment.pk}/"
    assert 'name="code"' in client.get(url).content.decode()
    for _ in range(8):
        refused = client.post(url, CONSENT | {"code": "1234"})
        assert "This is not the code of your room." in refused.content.decode()
    facts = ledger.read(f"sitting:{enrolment.sitting_id}")
    refused_by = [one.payload["rule"] for one in facts if one.kind == "access.refused"]
    assert refused_by == ["room_code"]
    stopped = client.post(url, CONSENT | {"code": "4711"})
    assert "Too many access codes were wrong." in stopped.content.decode()
    assert AssessmentSession.objects.count() == 0


def test_the_right_code_opens_the_room(sign_in: SignIn) -> None:
    enrolment = enrolled(room_codes="47 11")
    assert begun(sign_in(enrolment.candidate), enrolment, code="47-11").state == State.IN_PROGRESS


def test_behind_a_proxy_the_last_address_counts(settings: Any) -> None:
    cache.clear()
    request = RequestFactory().get("/", headers={"x-forwarded-for": "6.6.6.6, 192.0.2.9"})
    assert str(door.address_of(request)) == "127.0.0.1"
    settings.BEHIND_PROXY, settings.TRUSTED_PROXIES = True, ["10.0.0.0/8"]
    assert str(door.address_of(request)) == "192.0.2.9"
    chain = RequestFactory().get("/", headers={"x-forwarded-for": "6.6.6.6, 192.0.2.9, 10.1.1.1"})
    assert str(door.address_of(chain)) == "192.0.2.9"


def test_the_start_page_s_findings_reach_the_proctor(sign_in: SignIn) -> None:
    enrolment = enrolled()
    client = sign_in(enrolment.candidate)
    url = f"/sittings/{enrolment.pk}/preflight/"
    found = {"socket": {"fine": False}, "server": {"fine": True}}
    assert client.post(url, found, content_type="application/json").status_code == 204
    assert client.post(url, "[]", content_type="application/json").status_code == 409
    proctor = factories.proctor("paula", enrolment.sitting)
    client.force_login(proctor)
    page = client.get(f"/proctor/enrolments/{enrolment.pk}/").content.decode()
    assert "Preflight" in page
    assert "Live connection" in page


def test_a_browser_that_is_too_old_is_told_which_will_do(sign_in: SignIn) -> None:
    policy = LockdownPolicy.objects.create(name="New browsers", browsers="Chrome 120\nFirefox 115")
    enrolment = enrolled(lockdown=policy)
    client = sign_in(enrolment.candidate)
    url = f"/sittings/{enrolment.pk}/"
    old = {"User-Agent": "Mozilla/5.0 (X11) Chrome/100.0 Safari/537.36"}
    page = client.get(url, headers=old).content.decode()
    assert "Chrome 120+, Firefox 115+" in page
    assert 'data-check="browser" data-help' in page
    assert client.post(url, CONSENT, headers=old).status_code == 409
    facts = ledger.read(f"sitting:{enrolment.sitting_id}")
    assert [one.payload["rule"] for one in facts if one.kind == "access.refused"] == [
        "wrong_browser"
    ]
    new = {"User-Agent": "Mozilla/5.0 (X11) Chrome/130.0 Safari/537.36"}
    assert 'data-check="browser" data-fine' in client.get(url, headers=new).content.decode()
    assert client.post(url, CONSENT, headers=new).status_code == 302
    session = AssessmentSession.objects.get()
    item = f"/sessions/{session.pk}/items/Q1/"
    assert client.get(item, headers=new).status_code == 200
    assert client.get(item, headers=old).status_code == 403
