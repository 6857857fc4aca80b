from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrity.policy import lockdown, seb
from integrity.policy.lockdown import Action, Policy, Rule

LADDER = Rule(Action.WARN, 2, Rule(Action.BLUR, 3, Rule(Action.PAUSE, 5)))


def test_the_client_events_keep_their_names() -> None:
    assert sorted(lockdown.CLIENT_EVENTS) == [
        "context_menu", "copy_attempt", "cut_attempt", "drag_attempt", "fullscreen_enter",
        "fullscreen_exit", "keyboard_shortcut", "network_disconnect", "network_reconnect",
        "paste_attempt", "print_attempt", "screen_extended", "tab_hidden", "tab_visible",
        "wake_lock_lost", "window_blur", "window_focus",
    ]  # fmt: skip


def test_what_follows_grows_with_the_count() -> None:
    policy = Policy("p", watched={"tab_hidden": LADDER})
    followed = [lockdown.judge(policy, "tab_hidden", count).action for count in range(1, 7)]
    assert followed == [
        Action.LOG, Action.WARN, Action.BLUR, Action.BLUR, Action.PAUSE, Action.PAUSE,
    ]  # fmt: skip


def test_an_event_that_is_not_watched_has_no_consequence() -> None:
    consequence = lockdown.judge(Policy("p"), "copy_attempt", 9)
    assert consequence.action is Action.LOG
    assert not consequence.is_felt
    assert not Policy("p").watches("copy_attempt")


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("event", [s.name for s in lockdown.SIGNALS.values() if s.adverse])
def test_a_fired_rule_says_which_what_now_and_how_to_go_on(event: str, action: Action) -> None:
    told = lockdown.judge(Policy("p", watched={event: Rule(action)}), event, 1)
    assert told.message == lockdown.SIGNALS[event].fired
    sentences = (told.message, told.now, told.go_on)
    assert all(text.endswith(".") and text[0].isupper() for text in sentences)
    assert len(set(sentences)) == 3
    assert told.is_felt is (action is not Action.LOG)
    assert ("clock stands still" in told.now) is (action is Action.PAUSE)
    if told.is_felt:
        assert "answers are safe" in told.now


def test_every_signal_says_what_is_recorded_how_far_it_holds_and_what_is_innocent() -> None:
    for signal in lockdown.SIGNALS.values():
        assert signal.title
        assert signal.records.startswith("when ")
        assert signal.reliability in lockdown.Reliability
        assert signal.innocent_causes


def test_a_candidate_is_told_beforehand_what_is_watched_and_what_follows() -> None:
    policy = Policy("p", watched={"tab_hidden": LADDER, "tab_visible": Rule(Action.LOG)})
    assert [(line.signal.name, line.follows) for line in lockdown.disclose(policy)] == [
        ("tab_visible", ()),
        (
            "tab_hidden",
            (
                (2, "You are reminded."),
                (3, "The test is covered until you press a button."),
                (5, "The test and your clock are paused until a proctor decides."),
            ),
        ),
    ]


rungs = st.lists(st.sampled_from(list(Action)), min_size=1, unique=True).map(
    lambda actions: sorted(actions, key=list(Action).index)
)


@st.composite
def rules(draw: st.DrawFn) -> Rule:
    actions = draw(rungs)
    starts = draw(
        st.lists(st.integers(1, 99), min_size=len(actions), max_size=len(actions), unique=True)
    )
    rule: Rule | None = None
    for action, start in zip(reversed(actions), sorted(starts, reverse=True), strict=True):
        rule = Rule(action, start, rule)
    assert rule
    return rule


ADVERSE = [signal.name for signal in lockdown.SIGNALS.values() if signal.adverse]


@given(st.dictionaries(st.sampled_from(ADVERSE), rules()))
def test_rules_survive_as_json(watched: dict[str, Rule]) -> None:
    assert lockdown.read_rules(lockdown.write_rules(watched)) == watched


@given(rules(), st.integers(1, 120))
def test_what_follows_never_gets_milder_with_the_count(rule: Rule, count: int) -> None:
    policy = Policy("p", watched={"tab_hidden": rule})
    order = [*Action]
    this, following = (
        order.index(lockdown.judge(policy, "tab_hidden", number).action)
        for number in (count, count + 1)
    )
    assert this <= following


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"devtools": [{"action": "log"}]}, "not an event that can be watched"),
        ({"tab_hidden": []}, "nothing is said to follow"),
        ({"tab_hidden": [{"action": "shout"}]}, "no known action"),
        ({"tab_hidden": [{"after": 1}]}, "no known action"),
        ({"tab_hidden": ["warn"]}, "no known action"),
        ({"tab_hidden": [{"action": "warn", "after": 0}]}, "first occurrence or later"),
        ({"tab_visible": [{"action": "warn"}]}, "good news"),
        (
            {"tab_hidden": [{"action": "warn", "after": 2}, {"action": "pause", "after": 2}]},
            "later and be stronger",
        ),
        (
            {"tab_hidden": [{"action": "pause", "after": 1}, {"action": "warn", "after": 2}]},
            "later and be stronger",
        ),
    ],
)
def test_rules_that_cannot_be_carried_out_are_refused(data: Any, sentence: str) -> None:
    with pytest.raises(lockdown.PolicyError, match=sentence):
        lockdown.read_rules(data)


def test_the_ready_made_policies_are_sound() -> None:
    for policy in lockdown.READY_MADE:
        assert lockdown.read_rules(lockdown.write_rules(policy.watched)) == policy.watched
    assert set(lockdown.SUPERVISED_EXAM.watched) == set(lockdown.CLIENT_EVENTS)
    assert not lockdown.OPEN_PRACTICE.requires_javascript
    assert {lockdown.judge(lockdown.OPEN_PRACTICE, event, 99).action for event in ADVERSE} == {
        Action.LOG
    }


ENDS = Rule(Action.WARN, 1, Rule(Action.TERMINATE, 3))


def test_where_no_rule_may_end_a_test_it_pauses_instead() -> None:
    policy = lockdown.without_endings(Policy("p", watched={"tab_hidden": ENDS}))
    assert policy.watched["tab_hidden"] == Rule(Action.WARN, 1, Rule(Action.PAUSE, 3))
    both = Rule(Action.PAUSE, 2, Rule(Action.TERMINATE, 3))
    capped = lockdown.without_endings(Policy("p", watched={"tab_hidden": both}))
    assert capped.watched["tab_hidden"] == Rule(Action.PAUSE, 2)
    alone = lockdown.without_endings(Policy("p", watched={"tab_hidden": Rule(Action.TERMINATE)}))
    assert alone.watched["tab_hidden"] == Rule(Action.PAUSE)


def test_ending_is_the_gravest_that_follows() -> None:
    policy = Policy("p", watched=lockdown.read_rules(lockdown.write_rules({"tab_hidden": ENDS})))
    assert lockdown.judge(policy, "tab_hidden", 3).action is Action.TERMINATE
    assert list(Action)[-1] is Action.TERMINATE


def test_a_waived_rule_is_noted_and_nothing_follows() -> None:
    policy = Policy("p", watched={"tab_hidden": LADDER, "copy_attempt": LADDER})
    quiet = lockdown.quieted(policy, {"tab_hidden", "network_disconnect"})
    assert quiet.watched == {"tab_hidden": Rule(Action.LOG), "copy_attempt": LADDER}


def test_requirements_can_be_waived_one_by_one() -> None:
    policy = Policy(
        "p", requires_javascript=True, requires_fullscreen=True, seb_mode=seb.Mode.REQUIRED
    )
    assert not lockdown.quieted(policy, {"fullscreen"}).requires_fullscreen
    assert not lockdown.quieted(policy, {"javascript"}).requires_javascript
    assert lockdown.quieted(policy, {"seb"}).seb_mode is seb.Mode.OPTIONAL
    assert lockdown.quieted(Policy("p"), {"seb"}).seb_mode is seb.Mode.NONE
    assert lockdown.quieted(policy, set()) == policy


def test_what_assistive_software_sets_off_is_quiet_for_who_uses_it() -> None:
    policy = Policy("p", watched={"window_blur": LADDER, "print_attempt": LADDER})
    quiet = lockdown.quieted(policy, (), assistive=True)
    assert quiet.watched == {"window_blur": Rule(Action.LOG), "print_attempt": LADDER}
