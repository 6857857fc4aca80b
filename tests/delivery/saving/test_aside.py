"""Answers in quarantine as people see them: in words, beside the stored ones, page by page."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from delivery.models import AssessmentSession, ItemSession, Quarantine
from delivery.rules.refusals import Reason, Refusal
from delivery.saving import aside, quarantine
from delivery.session import scoring
from integrity import ledger
from tests import factories
from tests.delivery.saving.test_quarantine import late_answer
from tests.factories import after

pytestmark = pytest.mark.django_db
BACKEND = "django.contrib.auth.backends.ModelBackend"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, BACKEND)
    return client


def staff(*permissions: str) -> User:
    user = User.objects.create_user("sam", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def many(session: AssessmentSession, number: int) -> None:
    Quarantine.objects.bulk_create(
        Quarantine(
            session=session,
            item_key="Q1",
            key=f"k{n}",
            value={"RESPONSE": "A"},
            reason=Reason.OUT_OF_TIME,
            received_at=after(4002 + n),
        )
        for n in range(number)
    )


def test_an_answer_is_shown_in_words_beside_the_stored_one() -> None:
    kept = late_answer()
    [told] = aside.tell(aside.of_sitting(kept.session.sitting, "open"))
    assert (told.said, told.saved, told.number) == (["Choice A of Q1"], ["Choice B of Q1"], 1)
    assert (told.stands, told.kept.reason) == ("open", "out_of_time")


def test_two_proctors_admit_an_answer_from_their_pages() -> None:
    kept = late_answer()
    sitting = kept.session.sitting
    first, second = (signed_in(factories.proctor(name, sitting)) for name in ("a", "b"))
    path = f"/proctor/quarantine/{kept.pk}/"
    refused = first.post(path, {"act": "propose", "reason": " "})
    assert refused.status_code == 409
    assert "Please give a reason" in refused.content.decode()
    assert first.post(path, {"act": "propose", "reason": "Wi-Fi outage"}).status_code == 302
    alone = first.post(path, {"act": "admit"})
    assert (alone.status_code, "Somebody else has to agree" in alone.content.decode()) == (
        409,
        True,
    )
    assert second.post(path, {"act": "admit"}).status_code == 302
    scored = scoring.score(kept.session_id, after(5002))
    assert scored.score == 1.0
    assert "Admitted" in second.get(path).content.decode()
    assert ledger.verify(scored.stream).is_whole


def test_an_answer_that_is_left_out_is_never_admitted() -> None:
    kept = late_answer()
    first, second = factories.proctor("a"), factories.proctor("b")
    quarantine.propose(kept.pk, reason="x", by=first, at=after(5000))
    with pytest.raises(Refusal) as refusal:
        quarantine.refuse(kept.pk, reason="", by=second, at=after(5001))
    assert refusal.value.reason == Reason.REASON_REQUIRED
    quarantine.refuse(kept.pk, reason="Written afterwards", by=second, at=after(5001))
    acts: list[Callable[[], object]] = [
        lambda: quarantine.propose(kept.pk, reason="y", by=first, at=after(5002)),
        lambda: quarantine.admit(kept.pk, by=second, at=after(5003)),
        lambda: quarantine.refuse(kept.pk, reason="z", by=first, at=after(5004)),
    ]
    for act in acts:
        with pytest.raises(Refusal) as refusal:
            act()
        assert refusal.value.reason == Reason.ALREADY_REFUSED_ANSWER
    stored = Quarantine.objects.get()
    assert (stored.refusal_grounds, stored.value) == ("Written afterwards", {"RESPONSE": "A"})
    assert ledger.read(kept.session.stream)[-1].kind == "quarantine.refused"
    assert ItemSession.objects.get(key="Q1").response == {"RESPONSE": "B"}


def test_an_empty_list_says_so() -> None:
    session = factories.session()
    client = signed_in(factories.proctor("a", session.sitting))
    page = client.get(f"/proctor/{session.sitting_id}/quarantine/").content.decode()
    assert "Nothing is kept aside here" in page


def test_a_thousand_answers_cost_as_many_queries_as_two() -> None:
    kept = late_answer()
    client = signed_in(factories.proctor("a", kept.session.sitting))
    path = f"/proctor/{kept.session.sitting_id}/quarantine/"
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    many(kept.session, 1000)
    with CaptureQueriesContext(connection) as lots:
        page = client.get(path).content.decode()
    assert len(lots) <= len(few)
    assert (page.count("<tr>"), "Page 1 of 21" in page) == (aside.PAGE + 1, True)
    assert "Page 21 of 21" in client.get(path + "?page=21").content.decode()
    assert client.get(path + "?show=nonsense&page=x").status_code == 200


def test_only_who_watches_the_sitting_sees_its_answers() -> None:
    kept = late_answer()
    stranger = signed_in(factories.proctor("x", factories.sitting()))
    paths = [
        f"/proctor/{kept.session.sitting_id}/quarantine/",
        f"/proctor/{kept.session.sitting_id}/sealed/",
        f"/proctor/quarantine/{kept.pk}/",
    ]
    assert [stranger.get(path).status_code for path in paths] == [404, 404, 404]
    assert [stranger.post(path, {"act": "admit"}).status_code for path in paths[1:]] == [404, 404]


def test_staff_see_with_one_permission_and_decide_with_another() -> None:
    kept = late_answer()
    path = f"/admin/delivery/quarantine/{kept.pk}/change/"
    client = signed_in(staff("view_quarantine"))
    page = client.get(path).content.decode()
    assert ("Choice A of Q1" in page, "Propose to admit" in page) == (True, False)
    assert client.post(path, {"act": "propose", "reason": "x"}).status_code == 403
    assert client.get("/admin/delivery/quarantine/sealed/").status_code == 403
    assert (
        "came after the time was up" in client.get("/admin/delivery/quarantine/").content.decode()
    )
    User.objects.get(username="sam").user_permissions.set(
        Permission.objects.filter(codename__in=["view_quarantine", "change_quarantine"])
    )
    assert "Propose to admit" in client.get(path).content.decode()
    assert client.post(path, {"act": "propose", "reason": "x"}).status_code == 302
    assert Quarantine.objects.get().grounds == "x"
