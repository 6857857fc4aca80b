from typing import Any

import pytest

from delivery.models import AssessmentSession, Enrolment, State
from delivery.proctor import lines
from delivery.rules.refusals import Reason, Refusal
from delivery.seat import conditions, preflight, presence
from delivery.seat.conditions import Visitor
from delivery.seat.presence import ClientEvent
from delivery.session import sessions
from delivery.sitting import proctoring
from delivery.sitting.proctoring import Waive
from delivery.sitting.rolls import Target
from integrity import ledger, words
from integrity.models import LockdownPolicy
from integrity.policy import lockdown, networks
from integrity.policy.lockdown import Action, Rule
from tests import factories
from tests.factories import NOON, after

pytestmark = pytest.mark.django_db
ENDS = Rule(Action.WARN, 1, Rule(Action.TERMINATE, 2))


def at_work(rule: Rule = ENDS, **fields: Any) -> AssessmentSession:
    """Return a session at a sitting that watches two signals."""
    watched = {"window_blur": rule, "print_attempt": rule}
    policy = LockdownPolicy.objects.create(name="Rules", rules=lockdown.write_rules(watched))
    return factories.session(factories.sitting(lockdown=policy, **fields))


def notice(session: AssessmentSession, name: str, times: int = 1) -> AssessmentSession:
    reported = [ClientEvent(name, number) for number in range(times)]
    presence.client_events(session.pk, reported, after(1), by="candidate:1")
    return AssessmentSession.objects.get(pk=session.pk)


def visitor(address: str = "192.0.2.9", device: str = "one") -> Visitor:
    return Visitor(networks.address(address), device)


def enrolled(**fields: Any) -> Enrolment:
    return factories.enrolment(factories.sitting(**fields))


def reason(permission: Any) -> Reason | None:
    return None if permission else permission.refusal.reason


def test_a_rule_ends_a_test_only_where_the_sitting_says_so() -> None:
    paused = notice(at_work(), "print_attempt", 2)
    assert (paused.state, paused.paused_by) == (State.PAUSED, "rule")


def test_where_the_sitting_says_so_the_test_ends_and_its_answers_are_kept() -> None:
    session = at_work(rules_may_terminate=True)
    factories.answer(session, "Q1")
    ended = notice(session, "print_attempt", 2)
    assert (ended.state, ended.withheld, ended.answered) == (State.TERMINATED, True, 1)
    told = ledger.read(session.stream)[-1]
    assert (told.kind, told.actor) == ("session.terminated", "system")


def test_a_waived_rule_is_recorded_and_nothing_follows() -> None:
    session = at_work()
    enrolment = conditions.enrolment_of(session)
    proctor = factories.proctor()
    conditions.waive(enrolment.pk, ["print_attempt"], reason="Agreed", by=proctor, at=after(0))
    found = notice(session, "print_attempt", 3)
    assert (found.state, found.incidents) == (State.IN_PROGRESS, 0)
    kinds = [entry.kind for entry in ledger.read(session.stream)]
    assert kinds.count("print_attempt") == 3
    assert "policy.fired" not in kinds
    told = next(one for one in ledger.read(session.stream) if one.kind == "rules.waived")
    (written,) = words.rows([session.stream])
    assert (written.text, written.seq, words.holds(written, told.payload)) == (
        "Agreed",
        told.seq,
        True,
    )
    assert told.payload["rules"] == ["print_attempt"]
    assert told.actor == f"user:{proctor.pk}"


def test_waivers_add_up_and_are_taken_back_together() -> None:
    enrolment, proctor = conditions.enrolment_of(at_work()), factories.proctor()
    for names in (["seb"], ["window_blur", "nonsense"]):
        enrolment = conditions.waive(enrolment.pk, names, reason="r", by=proctor, at=NOON)
    assert enrolment.waived_rules == ["seb", "window_blur"]
    assert conditions.waive(enrolment.pk, [], reason="r", by=proctor, at=NOON).waived_rules == []
    with pytest.raises(Refusal):
        conditions.waive(enrolment.pk, ["seb"], reason=" ", by=proctor, at=NOON)


def test_who_uses_assistive_software_is_not_held_up_by_what_it_sets_off() -> None:
    session = at_work()
    session.candidate.assistive = True
    session.candidate.save()
    quiet = notice(session, "window_blur", 5)
    assert (quiet.state, quiet.incidents) == (State.IN_PROGRESS, 0)
    assert notice(session, "print_attempt", 2).state == State.PAUSED


def test_a_sitting_is_open_to_its_networks_alone() -> None:
    enrolment = enrolled(networks="192.0.2.0/24\n2001:db8::/32")
    assert conditions.may_come(enrolment, visitor())
    assert conditions.may_come(enrolment, visitor("2001:db8::7"))
    outside = conditions.may_come(enrolment, visitor("198.51.100.1"))
    assert outside.refusal is not None
    assert "198.51.100.1 is not in them" in outside.refusal.sentence
    assert reason(conditions.may_come(enrolment, Visitor(None, ""))) is Reason.WRONG_NETWORK
    enrolment.waived_rules = ["network"]
    assert conditions.may_come(enrolment, visitor("198.51.100.1"))


def test_a_session_stays_on_the_device_that_started_it() -> None:
    session = factories.session(factories.sitting(one_device=True))
    enrolment = conditions.enrolment_of(session)
    assert conditions.may_come(enrolment, visitor(), session)
    conditions.bind_device(session.pk, "one")
    conditions.bind_device(session.pk, "two")
    session.refresh_from_db(fields=["device_id"])
    assert conditions.may_come(enrolment, visitor(), session)
    other = conditions.may_come(enrolment, visitor(device="two"), session)
    assert reason(other) is Reason.OTHER_DEVICE
    enrolment.waived_rules = ["device"]
    assert conditions.may_come(enrolment, visitor(device="two"), session)


def test_a_room_has_a_code_of_its_own_or_the_sitting_s() -> None:
    enrolment = enrolled(room_codes="Hall A: 47-11\nquiet\n")
    assert conditions.may_enter_room(enrolment, " QUIET ")
    assert reason(conditions.may_enter_room(enrolment, "4711")) is Reason.ROOM_CODE
    enrolment.room = "hall a"
    assert conditions.may_enter_room(enrolment, "4711")
    assert reason(conditions.may_enter_room(enrolment, "quiet")) is Reason.ROOM_CODE
    enrolment.waived_rules = ["code"]
    assert conditions.may_enter_room(enrolment, "")
    assert not conditions.needs_code(enrolled())


def test_a_proctor_waives_for_who_has_started_and_for_who_has_not() -> None:
    session = at_work()
    waiting = factories.enrolment(session.sitting, factories.candidate("Ben"))
    proctor = factories.proctor("paula", session.sitting)
    targets: list[Target] = [session.pk, waiting.pk]
    done = proctoring.apply(Waive("Agreed", "seb"), targets, proctor, NOON)
    assert [one.done for one in done] == [True, True]
    assert set(Enrolment.objects.values_list("waived_rules__0", flat=True)) == {"seb"}
    proctoring.apply(Waive("Back to the rules"), targets, proctor, NOON)
    assert list(Enrolment.objects.values_list("waived_rules", flat=True)) == [[], []]


def test_there_is_nothing_to_waive_without_rules_or_after_the_end() -> None:
    plain = factories.session()
    proctor = factories.proctor("paula", plain.sitting)
    [found] = proctoring.preview(Waive("r", "seb"), [plain.pk], proctor, NOON)
    assert reason(found.permission) is Reason.NOTHING_TO_WAIVE
    session = at_work()
    session.sitting.proctors.add(proctor)
    sessions.complete(session.pk, after(1), by="candidate:1", confirmed=True)
    [found] = proctoring.preview(Waive("r", "seb"), [session.pk], proctor, after(2))
    assert reason(found.permission) is Reason.NOT_RUNNING


def test_the_board_says_how_sure_the_browser_is() -> None:
    session = at_work()
    proctor = factories.proctor("paula", session.sitting)
    drawn = []
    for level in ("none", "user_agent", "config_key", "browser_exam_key"):
        AssessmentSession.objects.update(assurance=level)
        [row] = proctoring.rows([session.pk], proctor, NOON)
        drawn.append(lines.line(row, NOON))
    assert [one.browser for one in drawn] == [
        "", "SEB by name only", "SEB: Config Key", "SEB: Browser Exam Key",
    ]  # fmt: skip
    assert len({one.stamp for one in drawn}) == 4


def test_a_preflight_is_kept_as_far_as_it_is_known() -> None:
    enrolment = enrolled()
    said = {
        "socket": {"fine": True},
        "clock": {"fine": False, "detail": "+" * 500},
        "screens": "broken",
        "unknown": {"fine": True},
    }
    preflight.keep(enrolment, said, device="Firefox on Linux", at=NOON)
    enrolment.refresh_from_db()
    found = preflight.read(enrolment.preflight)
    assert found is not None
    assert (found.at, found.device, found.fine) == (NOON, "Firefox on Linux", False)
    assert [(tick.words, tick.fine, len(tick.detail)) for tick in found.ticks] == [
        ("The device's clock is right", False, preflight.LONGEST),
        ("Live connection", True, 0),
    ]
    assert preflight.read({}) is None


def test_a_policy_accepts_browsers_from_a_version_on_until_that_is_waived() -> None:
    policy = LockdownPolicy.objects.create(name="Browsers", browsers="Chrome 120")
    enrolment = factories.enrolment(factories.sitting(lockdown=policy))
    old, new = ("Chrome/119.0 Safari/537.36", "Chrome/120.0 Safari/537.36")
    refused = conditions.may_come(enrolment, Visitor(None, "", old))
    assert reason(refused) is Reason.WRONG_BROWSER
    assert refused.refusal is not None
    assert "Chrome 120+" in refused.refusal.sentence
    assert conditions.may_come(enrolment, Visitor(None, "", new))
    assert conditions.may_come(enrolment, Visitor(None, "", "Mozilla/5.0 SEB/3.7"))
    enrolment.waived_rules = ["browser"]
    assert conditions.may_come(enrolment, Visitor(None, "", old))
