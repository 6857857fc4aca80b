from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from delivery.models import AssessmentSession, Candidate, ItemSession, Quarantine, State
from delivery.saving import responses
from integrity import ledger
from tests import factories
from tests.factories import Part

pytestmark = pytest.mark.django_db
SignIn = Callable[[Candidate], Client]
Begin = Callable[..., AssessmentSession]
HTMX = {"HX-Request": "true"}
LINEAR = Part(mode="linear")
NUMBER = f"""<qti-assessment-item {factories.QTI} identifier="N" title="N" adaptive="false"
  time-dependent="false">
  <qti-response-declaration identifier="RESPONSE" cardinality="single" base-type="float"/>
  <qti-item-body><p>A mass: <qti-text-entry-interaction response-identifier="RESPONSE"/></p>
  </qti-item-body></qti-assessment-item>"""


def url(session: AssessmentSession, key: str) -> str:
    return f"/sessions/{session.pk}/items/{key}/"


def item(session: AssessmentSession, key: str) -> ItemSession:
    return ItemSession.objects.get(session=session, key=key)


def test_an_item_page_is_whole_without_javascript(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    page = sign_in(session.candidate).get(url(session, "Q1")).content.decode()
    assert page.count("<main") == 1
    assert page.count('id="item-title"') == 1
    assert 'name="r.RESPONSE"' in page
    assert "Item 1 of 3" in page
    assert "style=" not in page
    assert "onclick" not in page


def test_next_saves_first_and_then_leads_on(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client = sign_in(session.candidate)
    response = client.post(
        url(session, "Q1"), {"r.RESPONSE": "B", "base_revision": "0", "go": "next"}
    )
    assert (response.status_code, response.headers["Location"]) == (302, url(session, "Q2"))
    assert item(session, "Q1").response == {"RESPONSE": "B"}
    page = client.get(url(session, "Q1")).content.decode()
    assert "checked" in page


def test_back_saves_first_too(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client = sign_in(session.candidate)
    client.get(url(session, "Q2"))
    response = client.post(
        url(session, "Q2"), {"r.RESPONSE": "C", "base_revision": "0", "go": "back"}
    )
    assert response.headers["Location"] == url(session, "Q1")
    assert item(session, "Q2").response == {"RESPONSE": "C"}


@pytest.mark.parametrize(
    ("go", "leads_to"), [("map", "map"), ("review", "review"), ("next", "review")]
)
def test_map_and_review_save_first(go: str, leads_to: str, begin: Begin, sign_in: SignIn) -> None:
    session = begin(Part(items=("Q1",)))
    client = sign_in(session.candidate)
    posted = {"r.RESPONSE": "A", "base_revision": "0", "go": go}
    response = client.post(url(session, "Q1"), posted)
    assert response.headers["Location"] == f"/sessions/{session.pk}/{leads_to}/"
    assert item(session, "Q1").answered


def test_the_map_s_boxes_lead_anywhere_in_a_nonlinear_part(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    response = sign_in(session.candidate).post(url(session, "Q1"), {"go": "item:Q3"})
    assert response.headers["Location"] == url(session, "Q3")


def test_with_htmx_the_next_item_comes_at_once_as_a_fragment(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client = sign_in(session.candidate)
    posted = {"r.RESPONSE": "B", "base_revision": "0", "go": "next"}
    response = client.post(url(session, "Q1"), posted, headers=HTMX)
    fragment = response.content.decode()
    assert response.status_code == 200
    assert response.headers["HX-Push-Url"] == url(session, "Q2")
    assert "<html" not in fragment
    assert 'id="desk"' in fragment
    assert "Item 2 of 3" in fragment


def test_htmx_is_sent_to_whole_pages_by_a_header(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    response = sign_in(session.candidate).post(url(session, "Q1"), {"go": "review"}, headers=HTMX)
    assert response.headers["HX-Redirect"] == f"/sessions/{session.pk}/review/"


def test_a_deep_link_moves_there(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    assert sign_in(session.candidate).get(url(session, "Q3")).status_code == 200
    session.refresh_from_db()
    assert session.position == "Q3"


def test_a_flag_is_set_and_lifted(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client = sign_in(session.candidate)
    client.post(url(session, "Q1"), {"go": "flag"})
    assert item(session, "Q1").flagged
    client.post(url(session, "Q1"), {"go": "unflag"})
    assert not item(session, "Q1").flagged


def test_a_stale_page_is_told_so_and_its_answer_is_kept_aside(
    begin: Begin, sign_in: SignIn
) -> None:
    session = begin()
    client = sign_in(session.candidate)
    client.post(url(session, "Q1"), {"r.RESPONSE": "A", "base_revision": "0", "key": "one"})
    response = client.post(
        url(session, "Q1"), {"r.RESPONSE": "B", "base_revision": "0", "key": "two"}
    )
    assert response.status_code == 409
    assert "A newer answer to this item is already saved." in response.content.decode()
    assert item(session, "Q1").response == {"RESPONSE": "A"}
    assert Quarantine.objects.get().value == {"RESPONSE": "B"}


def test_what_is_no_number_is_said_and_stays_in_the_page_to_be_mended(
    begin: Begin, sign_in: SignIn
) -> None:
    version = factories.published(items={"Q1": factories.item_version("Q1", NUMBER)})
    sitting = factories.sitting(version, opens_at=None, closes_at=None)
    session = factories.session(sitting, at=timezone.now())
    posted = {"r.RESPONSE": "five kg", "base_revision": "0", "go": "next"}
    response = sign_in(session.candidate).post(url(session, "Q1"), posted)
    page = response.content.decode()
    assert response.status_code == 409
    assert "“five kg” is not a number." in page
    assert 'value="five kg"' in page


def test_a_page_that_posts_twice_saves_once(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client = sign_in(session.candidate)
    posted = {"r.RESPONSE": "A", "base_revision": "0", "key": "one", "go": "next"}
    places = [client.post(url(session, "Q1"), posted).headers["Location"] for _again in range(2)]
    assert places == [url(session, "Q2"), url(session, "Q2")]
    assert item(session, "Q1").revision == 1


def test_a_page_without_an_answer_that_passes_by_saves_nothing(
    begin: Begin, sign_in: SignIn
) -> None:
    session = begin()
    sign_in(session.candidate).post(url(session, "Q1"), {"base_revision": "0", "go": "next"})
    assert item(session, "Q1").revision == 0


def test_a_stale_page_without_the_answer_does_not_take_it_away(
    begin: Begin, sign_in: SignIn
) -> None:
    session = begin()
    client = sign_in(session.candidate)
    client.post(url(session, "Q1"), {"r.RESPONSE": "A", "base_revision": "0"})
    response = client.post(url(session, "Q1"), {"base_revision": "0", "go": "next"})
    assert response.status_code == 409
    assert "The saved answer stays." in response.content.decode()
    assert item(session, "Q1").response == {"RESPONSE": "A"}


def test_an_unchanged_page_makes_no_revision(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client = sign_in(session.candidate)
    client.post(url(session, "Q1"), {"r.RESPONSE": "A", "base_revision": "0"})
    client.post(url(session, "Q1"), {"r.RESPONSE": "A", "unchanged": "1", "go": "next"})
    assert item(session, "Q1").revision == 1


def test_a_linear_next_asks_before_it_closes_the_item(begin: Begin, sign_in: SignIn) -> None:
    session = begin(LINEAR)
    client = sign_in(session.candidate)
    posted = {"r.RESPONSE": "A", "base_revision": "0", "go": "next"}
    asked = client.post(url(session, "Q1"), posted).headers["Location"]
    assert asked == f"{url(session, 'Q1')}onward/"
    page = client.get(asked).content.decode()
    assert "You cannot return to item 1 once you go on." in page
    assert item(session, "Q1").state != ItemSession.State.CLOSED
    response = client.post(asked)
    assert response.headers["Location"] == url(session, "Q2")
    assert item(session, "Q1").state == ItemSession.State.CLOSED


def test_the_question_can_be_switched_off_for_the_test(begin: Begin, sign_in: SignIn) -> None:
    session = begin(LINEAR)
    client = sign_in(session.candidate)
    client.post(f"{url(session, 'Q1')}onward/", {"quiet": "1"})
    response = client.post(
        url(session, "Q2"), {"r.RESPONSE": "A", "base_revision": "0", "go": "next"}
    )
    assert response.headers["Location"] == url(session, "Q3")


def test_a_linear_item_has_no_way_back(begin: Begin, sign_in: SignIn) -> None:
    session = begin(LINEAR)
    client = sign_in(session.candidate)
    client.post(
        url(session, "Q1"), {"r.RESPONSE": "A", "base_revision": "0", "go": "next_confirmed"}
    )
    behind, ahead = client.get(url(session, "Q1")), client.get(url(session, "Q3"))
    assert (behind.status_code, ahead.status_code) == (403, 403)
    assert "This item is closed" in behind.content.decode()
    assert "You have not reached this item yet." in ahead.content.decode()
    assert url(session, "Q2") in behind.content.decode()


def test_no_page_holds_the_key_or_another_item(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    page = sign_in(session.candidate).get(url(session, "Q1")).content.decode()
    assert "Choice A of Q1" in page
    for hidden in ("correct", "Choice A of Q2", "SCORE", "match_correct"):
        assert hidden not in page.replace("incorrect", "")


def test_another_candidate_s_session_does_not_exist(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client = sign_in(factories.candidate("Bob Brown"))
    paths = [
        "",
        "items/Q1/",
        "items/Q1/onward/",
        "assets/Q1/a.png",
        "map/",
        "review/",
        "part/",
        "submit/",
        "receipt/",
        "result/",
        "paused/",
        "timer/",
    ]
    answers = {client.get(f"/sessions/{session.pk}/{path}").status_code for path in paths}
    acts = ["items/Q1/", "save/", "claim/", "events/", "help/", "messages/1/", "submit/", "paused/"]
    answers |= {client.post(f"/sessions/{session.pk}/{path}").status_code for path in acts}
    assert answers == {404}


def test_exam_pages_are_kept_by_no_cache(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client = sign_in(session.candidate)
    for path in ("items/Q1/", "map/", "review/", "submit/", "timer/"):
        kept = client.get(f"/sessions/{session.pk}/{path}").headers["Cache-Control"]
        assert "no-store" in kept


def test_saving_and_leaving_pauses_where_the_sitting_allows_it(
    begin: Begin, sign_in: SignIn
) -> None:
    session = begin(leaving=True)
    posted = {"r.RESPONSE": "A", "base_revision": "0", "go": "leave"}
    response = sign_in(session.candidate).post(url(session, "Q1"), posted)
    session.refresh_from_db()
    assert response.headers["Location"] == f"/sessions/{session.pk}/paused/"
    assert (session.state, item(session, "Q1").answered) == (State.PAUSED, True)


def test_leaving_is_refused_where_the_sitting_does_not_allow_it(
    begin: Begin, sign_in: SignIn
) -> None:
    session = begin()
    response = sign_in(session.candidate).post(url(session, "Q1"), {"go": "leave"})
    assert response.status_code == 403
    assert "cannot be left and continued later" in response.content.decode()


def test_asking_for_help_is_noted_and_said(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client = sign_in(session.candidate)
    client.post(url(session, "Q1"), {"go": "help"})
    assert "You asked for help at" in client.get(url(session, "Q1")).content.decode()
    assert "help.requested" in {entry.kind for entry in ledger.read(session.stream)}


def test_a_save_after_the_end_leads_to_the_receipt(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    client = sign_in(session.candidate)
    client.post(f"/sessions/{session.pk}/submit/")
    response = client.post(url(session, "Q1"), {"r.RESPONSE": "A", "go": "next"})
    assert response.headers["Location"] == f"/sessions/{session.pk}/receipt/"


def test_the_page_carries_what_a_form_needs_to_save_well(begin: Begin, sign_in: SignIn) -> None:
    session = begin()
    responses.save([factories.save(session, "Q1", received_at=session.started_at)])
    page = sign_in(session.candidate).get(url(session, "Q1")).content.decode()
    assert 'name="base_revision" value="1"' in page
    assert 'data-revision="1"' in page


RUBRIC = """<qti-rubric-block view="candidate" use="instructions">
  <qti-content-body><p>Read twice, answer once.</p></qti-content-body></qti-rubric-block>
  <qti-rubric-block view="scorer" use="scoring">
  <qti-content-body><p>Be strict.</p></qti-content-body></qti-rubric-block>"""


def test_a_hint_that_counts_as_no_attempt_is_shown_and_leaves_the_item_open(
    sign_in: SignIn,
) -> None:
    part = Part(items=("H",), control='<qti-item-session-control max-attempts="1"/>')
    version = factories.published(part, items={"H": factories.item_version("H", factories.HINTED)})
    sitting = factories.sitting(version, opens_at=None, closes_at=None)
    session = factories.session(sitting, at=timezone.now())
    client = sign_in(session.candidate)
    assert "Think of roses." not in client.get(url(session, "H")).content.decode()
    posted = {"r.RESPONSE": "Hull", "r.HINT": "true", "base_revision": "0"}
    assert client.post(url(session, "H"), posted).status_code == 302
    page = client.get(url(session, "H")).content.decode()
    assert "Think of roses." in page
    assert 'value="Hull"' in page
    assert "This item is closed." not in page
    assert item(session, "H").num_attempts == 0


def test_a_section_s_instructions_are_open_at_its_first_item_and_at_hand_after(
    begin: Begin, sign_in: SignIn
) -> None:
    session = begin(Part(rules=RUBRIC))
    client = sign_in(session.candidate)
    first, second = (client.get(url(session, key)).content.decode() for key in ("Q1", "Q2"))
    assert '<details class="instructions" open>' in first
    assert '<details class="instructions">' in second
    assert ("Read twice, answer once." in first, "Be strict." in first) == (True, False)
