"""Lockdown: what a policy watches on the client, what follows, and what the candidate is told.

Everything a client reports is a claim: it can be forged and it can be innocent. So each signal
carries how far it can be trusted and what harmless cause it may have. All texts are message ids.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any


def gettext_noop(text: str) -> str:
    """Mark a text for translation; the caller translates it when it is shown."""
    return text


class Action(StrEnum):
    """What follows, mildest first."""

    LOG = "log"
    WARN = "warn"
    BLUR = "blur"
    ASK_PROCTOR = "ask_proctor"
    PAUSE = "pause"


class Reliability(StrEnum):
    GOOD = "good"  # the browser tells it whenever it happens
    FAIR = "fair"  # true when told, but not always told
    WEAK = "weak"  # often told for harmless reasons


class PolicyError(ValueError):
    """A policy that cannot be carried out; the message is a sentence for its author."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that the page can notice."""

    name: str
    title: str
    records: str  # what the candidate is told beforehand
    fired: str  # what the candidate is told when its rule fires
    go_on: str  # how to go on where nobody else has to act
    reliability: Reliability
    innocent_causes: tuple[str, ...]
    adverse: bool = True  # only an adverse signal can have a consequence beyond the log


_SIGNALS = (
    Signal(
        "fullscreen_enter",
        gettext_noop("Entered full screen"),
        gettext_noop("when the test fills the screen"),
        gettext_noop("The test fills the screen again."),
        gettext_noop("Go on with your test."),
        Reliability.GOOD,
        (gettext_noop("the candidate followed the request to use full screen"),),
        adverse=False,
    ),
    Signal(
        "fullscreen_exit",
        gettext_noop("Left full screen"),
        gettext_noop("when the test no longer fills the screen"),
        gettext_noop("The test no longer fills the screen."),
        gettext_noop("Return to full screen, then go on."),
        Reliability.GOOD,
        (
            gettext_noop("the Escape key was pressed to close a menu"),
            gettext_noop("the device showed a message of its own, or went to sleep"),
            gettext_noop("a screen reader or magnifier switched the window"),
        ),
    ),
    Signal(
        "tab_visible",
        gettext_noop("Page in front again"),
        gettext_noop("when the page is visible again"),
        gettext_noop("The page is visible again."),
        gettext_noop("Go on with your test."),
        Reliability.FAIR,
        (gettext_noop("the device woke up"),),
        adverse=False,
    ),
    Signal(
        "tab_hidden",
        gettext_noop("Page hidden"),
        gettext_noop("when another tab or window hides the page, or the device is locked"),
        gettext_noop("The page was hidden: another tab, window or the lock screen covered it."),
        gettext_noop("Keep this page in front, then go on."),
        Reliability.FAIR,
        (
            gettext_noop("the screen locked or the device went to sleep"),
            gettext_noop("a notification or a call came to the front"),
            gettext_noop("assistive software opened a window of its own"),
        ),
    ),
    Signal(
        "copy_attempt",
        gettext_noop("Tried to copy"),
        gettext_noop("when you try to copy text of the test, but not the text itself"),
        gettext_noop("Copying from the test was tried. It is switched off in this test."),
        gettext_noop("Go on without copying."),
        Reliability.FAIR,
        (
            gettext_noop("text was marked and moved inside the candidate's own answer"),
            gettext_noop("a reading aid copies text in order to speak it"),
        ),
    ),
    Signal(
        "keyboard_shortcut",
        gettext_noop("Pressed a shortcut"),
        gettext_noop("when you press a shortcut that leaves, prints, saves or searches the page"),
        gettext_noop("A shortcut was pressed that this test does not allow."),
        gettext_noop("Go on without that shortcut."),
        Reliability.WEAK,
        (
            gettext_noop("a finger slipped, or a habit from other programs"),
            gettext_noop("a screen reader uses the same keys"),
            gettext_noop("a keyboard layout writes a letter by that combination"),
        ),
    ),
    Signal(
        "network_disconnect",
        gettext_noop("Connection lost"),
        gettext_noop("when your device loses its connection"),
        gettext_noop("The connection was lost."),
        gettext_noop("Go on: your answers are kept on this device until it is back."),
        Reliability.WEAK,
        (
            gettext_noop("the network in the room failed"),
            gettext_noop("the device slept or changed its network"),
        ),
    ),
    Signal(
        "network_reconnect",
        gettext_noop("Connection back"),
        gettext_noop("when the connection is back"),
        gettext_noop("The connection is back."),
        gettext_noop("Go on with your test."),
        Reliability.WEAK,
        (gettext_noop("the network in the room recovered"),),
        adverse=False,
    ),
)
SIGNALS: Mapping[str, Signal] = MappingProxyType({signal.name: signal for signal in _SIGNALS})
CLIENT_EVENTS = tuple(SIGNALS)


@dataclass(frozen=True, slots=True)
class Rule:
    """From its `after`-th occurrence on, `action` follows, until a later step takes over."""

    action: Action
    after: int = 1
    then: "Rule | None" = None

    def step(self, count: int) -> "Rule | None":
        """Return the step that the `count`-th occurrence reaches, or None."""
        if count < self.after:
            return None
        return (self.then.step(count) if self.then else None) or self

    def steps(self) -> "tuple[Rule, ...]":
        return (self, *(self.then.steps() if self.then else ()))


@dataclass(frozen=True, slots=True)
class Policy:
    """What a sitting watches, by client event name, and what the browser must bring."""

    name: str
    version: int = 1
    watched: Mapping[str, Rule] = field(default_factory=dict)
    requires_javascript: bool = False
    requires_fullscreen: bool = False

    def watches(self, event: str) -> bool:
        return event in self.watched


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows from an event, and the three sentences that the candidate reads."""

    action: Action
    event: str
    count: int
    message: str
    now: str
    go_on: str

    @property
    def is_felt(self) -> bool:
        """Return whether the candidate notices it at all."""
        return self.action is not Action.LOG


_NOW = {
    Action.LOG: gettext_noop("It was noted, and nothing else follows."),
    Action.WARN: gettext_noop(
        "It was noted with its time, and a proctor can see it. "
        "Your answers are safe and your time goes on."
    ),
    Action.BLUR: gettext_noop(
        "Your test is covered until you press the button. "
        "Your answers are safe and your time goes on."
    ),
    Action.ASK_PROCTOR: gettext_noop(
        "Your test is covered and a proctor has been called. "
        "Your answers are safe and your time goes on."
    ),
    Action.PAUSE: gettext_noop(
        "Your test is paused and your clock stands still. Your answers are safe."
    ),
}
_GO_ON = {
    Action.ASK_PROCTOR: gettext_noop("Stay at your place: a proctor uncovers your test."),
    Action.PAUSE: gettext_noop("Stay at your place: a proctor lets you go on, then press Resume."),
}
_FOLLOWS = {
    Action.LOG: gettext_noop("It is noted; nothing else follows."),
    Action.WARN: gettext_noop("You are reminded."),
    Action.BLUR: gettext_noop("The test is covered until you press a button."),
    Action.ASK_PROCTOR: gettext_noop("The test is covered and a proctor is called."),
    Action.PAUSE: gettext_noop("The test and your clock are paused until a proctor decides."),
}


def judge(policy: Policy, event: str, count: int) -> Consequence:
    """Return what follows from the `count`-th `event` of a session; an unwatched one is a log."""
    signal = SIGNALS[event]
    rule = policy.watched.get(event)
    step = rule.step(count) if rule else None
    action = step.action if step else Action.LOG
    go_on = _GO_ON.get(action, signal.go_on)
    return Consequence(action, event, count, signal.fired, _NOW[action], go_on)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One line of what a candidate is told before the test: what is recorded, what follows."""

    signal: Signal
    follows: tuple[tuple[int, str], ...]  # (from which occurrence on, sentence)


def disclose(policy: Policy) -> tuple[Disclosure, ...]:
    return tuple(
        Disclosure(
            signal,
            tuple(
                (step.after, _FOLLOWS[step.action])
                for step in policy.watched[name].steps()
                if signal.adverse
            ),
        )
        for name, signal in SIGNALS.items()
        if name in policy.watched
    )


def read_rules(data: Mapping[str, Any]) -> dict[str, Rule]:
    """Read `{event: [{"action": ..., "after": ...}, ...]}`; raises PolicyError."""
    return {event: _read_steps(event, steps) for event, steps in data.items()}


def _read_steps(event: str, steps: Iterable[Mapping[str, Any]]) -> Rule:
    if event not in SIGNALS:
        raise PolicyError(f"{event!r} is not an event that can be watched.")
    rule: Rule | None = None
    for step in reversed(list(steps)):
        try:
            action, after = Action(step["action"]), int(step.get("after", 1))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PolicyError(f"A step of {event!r} has no known action.") from error
        if after < 1:
            raise PolicyError(f"A step of {event!r} begins at the first occurrence or later.")
        if action is not Action.LOG and not SIGNALS[event].adverse:
            raise PolicyError(f"{event!r} is good news: it can only be noted.")
        if rule and not (after < rule.after and _is_milder(action, rule.action)):
            raise PolicyError(f"The steps of {event!r} must come later and be stronger each time.")
        rule = Rule(action, after, rule)
    if rule is None:
        raise PolicyError(f"{event!r} is watched, but nothing is said to follow.")
    return rule


def _is_milder(one: Action, other: Action) -> bool:
    order = list(Action)
    return order.index(one) < order.index(other)


def write_rules(watched: Mapping[str, Rule]) -> dict[str, list[dict[str, Any]]]:
    """Return the rules as JSON; the inverse of `read_rules`."""
    return {
        event: [{"action": step.action.value, "after": step.after} for step in rule.steps()]
        for event, rule in watched.items()
    }


OPEN_PRACTICE = Policy(
    name="Open practice",
    watched={name: Rule(Action.LOG) for name in ("network_disconnect", "network_reconnect")},
)
SUPERVISED_EXAM = Policy(
    name="Supervised exam",
    watched={
        **{name: Rule(Action.LOG) for name in CLIENT_EVENTS},
        "fullscreen_exit": Rule(Action.BLUR, 1, Rule(Action.ASK_PROCTOR, 3)),
        "tab_hidden": Rule(Action.WARN, 1, Rule(Action.BLUR, 2, Rule(Action.ASK_PROCTOR, 4))),
        "copy_attempt": Rule(Action.WARN),
        "keyboard_shortcut": Rule(Action.LOG, 1, Rule(Action.WARN, 3)),
    },
    requires_javascript=True,
    requires_fullscreen=True,
)
READY_MADE = (OPEN_PRACTICE, SUPERVISED_EXAM)
