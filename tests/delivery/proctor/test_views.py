"""The proctor's pages, without JavaScript: who may see them, what they say, what they do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.utils import timezone

from delivery.models import AssessmentSession, Message, State
from delivery.seat import presence
from delivery.session import sessions
from tests import factories

pytestmark = pytest.mark.django_db


def started(count: int, **fields: Any) -> list[AssessmentSession]:
    at = timezone.now()
    sitting = factories.sitting(opens_at=None, closes_at=None, **fields)
    return [
        factories.session(sitting, factories.candidate(f"Candidate {number}"), at)
        for number in range(count)
    ]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def watching(*made: AssessmentSession) -> Client:
    return signed_in(factories.proctor("paula", made[0].sitting))


def board_of(session: AssessmentSession) -> str:
    return f"/proctor/{session.sitting_id}/"


def fresh(session: AssessmentSession) -> AssessmentSession:
    return AssessmentSession.objects.get(pk=session.pk)


# ---------- Who may see ----------


def test_every_address_of_another_proctors_sitting_is_not_found() -> None:
    [own], [foreign] = started(1), started(1)
    client = watching(own)
    enrolment = foreign.sitting.enrolments.get()
    board = board_of(foreign)
    for url in (
        board,
        f"{board}rows/",
        f"/proctor/sessions/{foreign.pk}/",
        f"/proctor/enrolments/{enrolment.pk}/",
    ):
        assert (url, client.get(url).status_code) == (url, 404)
    acted = client.post(f"{board}act/", {"act": "pause", "row": str(foreign.pk)})
    assert acted.status_code == 404


def test_a_row_of_another_sitting_slipped_into_a_form_is_not_found_and_nothing_is_done() -> None:
    [own], [foreign] = started(1), started(1)
    client = watching(own)
    data = {
        "act": "pause",
        "stage": "apply",
        "words": "alarm",
        "row": [str(own.pk), str(foreign.pk)],
    }
    assert client.post(f"{board_of(own)}act/", data).status_code == 404
    assert fresh(own).state == fresh(foreign).state == State.IN_PROGRESS


def test_a_candidate_is_sent_away_and_a_stranger_signs_in_first() -> None:
    [session] = started(1)
    client = signed_in(session.candidate.user)
    assert client.get("/proctor/").status_code == 403
    assert client.get(board_of(session)).status_code == 404
    stranger = Client().get(board_of(session))
    assert (stranger.status_code, stranger.headers["Location"]) == (
        302,
        f"/staff/signin/?next={board_of(session)}",
    )


def test_a_proctor_without_a_sitting_is_told_what_comes_next() -> None:
    page = signed_in(factories.proctor()).get("/proctor/").content.decode()
    assert "No sitting is yours yet" in page


def test_an_act_that_is_not_known_and_a_get_of_the_act_are_refused() -> None:
    [session] = started(1)
    client = watching(session)
    url = f"{board_of(session)}act/"
    assert client.post(url, {"act": "expel"}).status_code == 404
    assert client.get(url).status_code == 405


# ---------- The board ----------


@pytest.mark.parametrize("count", [1, 3])
def test_the_board_takes_as_many_queries_for_one_row_as_for_three(
    count: int, django_assert_num_queries: Callable[..., Any]
) -> None:
    made = started(count)
    client = watching(*made)
    client.get(board_of(made[0]))
    # Session and user, the sitting, its roll in two, groups, permissions, outages, quarantine.
    with django_assert_num_queries(8):
        page = client.get(board_of(made[0]))
    assert page.content.decode().count('name="row"') == count


def test_the_empty_board_says_what_comes_next() -> None:
    sitting = factories.sitting()
    client = signed_in(factories.proctor("paula", sitting))
    page = client.get(f"/proctor/{sitting.pk}/").content.decode()
    assert "Nobody is enrolled yet" in page


def test_a_filter_hides_the_other_rows_and_counts_all() -> None:
    made = started(3)
    sessions.pause(made[0].pk, paused_by="proctor", reason="alarm", by="user:1", at=timezone.now())
    page = watching(*made).get(f"{board_of(made[0])}?standing=paused").content.decode()
    rows = re.findall(r'<tr role="row" id="row-\d+"[^>]*>', page)
    assert [" hidden" in row for row in rows].count(False) == 1
    numbers = dict(re.findall(r'<b data-count="(\w*)">(\d+)</b>', page))
    assert (numbers[""], numbers["paused"], numbers["in_progress"]) == ("3", "1", "2")


def test_words_find_by_name_number_and_room_together() -> None:
    made = started(3)
    made[1].sitting.enrolments.filter(candidate=made[1].candidate).update(room="Hall B")
    client = watching(*made)
    page = client.get(f"{board_of(made[0])}?find=hall+CANDIDATE").content.decode()
    rows = re.findall(r'<tr role="row" id="row-\d+"[^>]*data-room="([^"]*)"[^>]*>', page)
    shown = [
        tag
        for tag in re.findall(r'<tr role="row" id="row-\d+"[^>]*>', page)
        if " hidden" not in tag
    ]
    assert sorted(rows) == ["", "", "Hall B"]
    assert len(shown) == 1
    assert 'data-room="Hall B"' in shown[0]


def test_a_name_is_shown_as_text_and_never_as_markup() -> None:
    [session] = started(1)
    name = "<script>alert(1)</script>"
    type(session.candidate).objects.filter(pk=session.candidate_id).update(name=name)
    page = watching(session).get(board_of(session)).content.decode()
    assert name not in page
    assert "&lt;script&gt;" in page


def test_the_rows_alone_are_a_fragment() -> None:
    [session] = started(1)
    page = watching(session).get(f"{board_of(session)}rows/").content.decode()
    assert page.startswith('<table class="rows"')
    assert "<html" not in page


# ---------- The sheets ----------


def test_a_sheet_names_who_is_affected_and_who_is_left_alone() -> None:
    first, second = started(2)
    sessions.pause(second.pk, paused_by="proctor", reason="alarm", by="user:1", at=timezone.now())
    client = watching(first)
    data = {"act": "pause", "row": [str(first.pk), str(second.pk)]}
    page = client.post(f"{board_of(first)}act/", data).content.decode()
    assert "1 candidate is affected" in page
    assert "1 is left alone" in page
    assert "Is already paused by a proctor · alarm." in page
    assert f'name="row" value="{second.pk}"' not in page
    assert fresh(first).state == State.IN_PROGRESS


def test_an_act_without_a_reason_comes_back_with_a_sentence_and_is_not_done() -> None:
    [session] = started(1)
    client = watching(session)
    data = {"act": "pause", "stage": "apply", "row": str(session.pk)}
    page = client.post(f"{board_of(session)}act/", data).content.decode()
    assert "Choose a reason or write one." in page
    assert fresh(session).state == State.IN_PROGRESS


def test_a_pause_has_a_result_and_its_reason_is_kept() -> None:
    [session] = started(1)
    client = watching(session)
    data = {
        "act": "pause",
        "stage": "apply",
        "row": str(session.pk),
        "ready": "The candidate is unwell",
        "words": "needs air",
    }
    page = client.post(f"{board_of(session)}act/", data).content.decode()
    assert "Done for 1 of 1." in page
    assert fresh(session).pause_reason == "The candidate is unwell: needs air"


def test_the_time_after_is_shown_before_it_is_given() -> None:
    [session] = started(1)
    client = watching(session)
    form = {
        "act": "extend",
        "row": str(session.pk),
        "amount": "30",
        "unit": "minutes",
        "words": "x",
        "seen": f"{session.pk}:0",
    }
    page = client.post(f"{board_of(session)}act/", {**form, "stage": "preview"}).content.decode()
    assert re.search(r"59:\d\d left, then <b>1 h 29 min<", page)
    assert fresh(session).adjusted_ms == 0
    for _ in range(2):
        client.post(f"{board_of(session)}act/", {**form, "stage": "apply"})
    assert fresh(session).adjusted_ms == 30 * 60_000


def test_one_box_stands_for_all_that_are_shown() -> None:
    first, second = started(2)
    client = watching(first)
    data = {"act": "message", "everyone": "yes", "find": second.candidate.number}
    sheet = client.post(f"{board_of(first)}act/", data).content.decode()
    assert re.findall(r'name="row" value="([^"]+)"', sheet) == [str(second.pk)]
    data = {"act": "message", "stage": "apply", "text": "Five minutes.", "row": str(second.pk)}
    client.post(f"{board_of(first)}act/", data)
    assert [sent.session_id for sent in Message.objects.all()] == [second.pk]


def test_nobody_chosen_is_said() -> None:
    [session] = started(1)
    page = watching(session).post(f"{board_of(session)}act/", {"act": "pause"}).content.decode()
    assert "No candidate is chosen." in page


def test_nonsense_for_rows_is_ignored() -> None:
    [session] = started(1)
    data = {"act": "pause", "row": ["'; drop table", "9" * 40, "²", ""]}
    page = watching(session).post(f"{board_of(session)}act/", data)
    assert page.status_code == 200
    assert "No candidate is chosen." in page.content.decode()


def test_the_way_back_never_leads_to_another_site() -> None:
    [session] = started(1)
    client = watching(session)
    data = {"act": "pause", "row": str(session.pk), "back": "https://elsewhere.example/"}
    assert "elsewhere" not in client.post(f"{board_of(session)}act/", data).content.decode()


def test_reopening_is_offered_to_a_chief_proctor_only() -> None:
    [session] = started(1)
    user = factories.proctor("paula", session.sitting)
    assert 'value="reopen"' not in signed_in(user).get(board_of(session)).content.decode()
    user.user_permissions.add(Permission.objects.get(codename="change_assessmentsession"))
    assert 'value="reopen"' in signed_in(user).get(board_of(session)).content.decode()


def test_a_fragment_is_given_to_htmx_alone() -> None:
    [session] = started(1)
    client = watching(session)
    data = {"act": "pause", "row": str(session.pk)}
    url = f"{board_of(session)}act/"
    assert "<html" in client.post(url, data).content.decode()
    fragment = client.post(url, data, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "hx-post" in fragment


# ---------- A candidate's page ----------


def test_a_candidates_page_tells_the_story_and_offers_what_is_possible() -> None:
    [session] = started(1)
    at = timezone.now()
    for item in ("Q1", "Q2"):
        factories.answer(session, item, received_at=at)
    presence.ask_help(session.pk, at, by=f"candidate:{session.candidate_id}")
    page = watching(session).get(f"/proctor/sessions/{session.pk}/").content.decode()
    assert "2 answers saved" in page
    offered = re.findall(r'name="act" value="(\w+)"', page)
    assert offered == ["message", "pause", "extend", "help", "terminate"]


def test_a_candidate_who_has_not_started_has_a_page() -> None:
    sitting = factories.sitting(admission=True)
    enrolment = factories.enrolment(sitting)
    client = signed_in(factories.proctor("paula", sitting))
    page = client.get(f"/proctor/enrolments/{enrolment.pk}/").content.decode()
    assert "This candidate has not started yet." in page
    assert re.findall(r'name="act" value="(\w+)"', page) == ["admit"]


def test_no_answer_is_on_the_proctors_pages() -> None:
    [session] = started(1)
    at = timezone.now()
    factories.answer(session, "Q1", "B", received_at=at)
    client = watching(session)
    for url in (board_of(session), f"/proctor/sessions/{session.pk}/"):
        assert "Choice B of Q1" not in client.get(url).content.decode()
