"""Lockdown: what a policy watches on the client, what follows, and what the candidate is told.

Everything a client reports is a claim: it can be forged and it can be innocent. So each signal
carries how far it can be trusted and what harmless cause it may have. All texts are message ids.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from integrity.policy import seb, shortcuts
from integrity.policy.browsers import Browser
from integrity.policy.watchlist import CLIENT_EVENTS, SIGNALS, Reliability, Signal, gettext_noop

__all__ = ["CLIENT_EVENTS", "SIGNALS", "Reliability", "Signal"]


class Action(StrEnum):
    """What follows, mildest first."""

    LOG = "log"
    WARN = "warn"
    BLUR = "blur"
    ASK_PROCTOR = "ask_proctor"
    PAUSE = "pause"
    TERMINATE = "terminate"  # pauses, unless the sitting says that rules may end a test


class PolicyError(ValueError):
    """A policy that cannot be carried out; the message is a sentence for its author."""


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
    browsers: tuple[Browser, ...] = ()  # none: every browser will do
    shortcuts: tuple[str, ...] = shortcuts.USUAL
    seb_mode: seb.Mode = seb.Mode.NONE
    seb_profile: seb.Profile = field(default_factory=seb.Profile)
    seb_exam_keys: tuple[str, ...] = ()
    seb_password: str = ""  # opens the generated file; it is told to the candidates
    seb_file_key: str = ""  # the Config Key of an uploaded file

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
    Action.TERMINATE: gettext_noop("Your test was ended. Your answers are safe and are kept."),
}
_GO_ON = {
    Action.ASK_PROCTOR: gettext_noop("Stay at your place: a proctor uncovers your test."),
    Action.PAUSE: gettext_noop("Stay at your place: a proctor lets you go on, then press Resume."),
    Action.TERMINATE: gettext_noop("Speak to your proctor: they know what happens next."),
}
_FOLLOWS = {
    Action.LOG: gettext_noop("It is noted; nothing else follows."),
    Action.WARN: gettext_noop("You are reminded."),
    Action.BLUR: gettext_noop("The test is covered until you press a button."),
    Action.ASK_PROCTOR: gettext_noop("The test is covered and a proctor is called."),
    Action.PAUSE: gettext_noop("The test and your clock are paused until a proctor decides."),
    Action.TERMINATE: gettext_noop("The test is ended; what you saved is kept."),
}


def judge(policy: Policy, event: str, count: int) -> Consequence:
    """Return what follows from the `count`-th `event` of a session; an unwatched one is a log."""
    signal = SIGNALS[event]
    rule = policy.watched.get(event)
    step = rule.step(count) if rule else None
    action = step.action if step else Action.LOG
    go_on = _GO_ON.get(action, signal.go_on)
    return Consequence(action, event, count, signal.fired, _NOW[action], go_on)


def without_endings(policy: Policy) -> Policy:
    """Return the policy where no rule may end a test: what would end it, pauses it."""
    watched = {name: _capped(rule) for name, rule in policy.watched.items()}
    return replace(policy, watched=watched)


def _capped(rule: Rule) -> Rule:
    steps = [step for step in rule.steps() if step.action is not Action.TERMINATE]
    ends = next((step for step in rule.steps() if step.action is Action.TERMINATE), None)
    if ends is not None and not (steps and steps[-1].action is Action.PAUSE):
        steps.append(Rule(Action.PAUSE, ends.after))
    capped: Rule | None = None
    for step in reversed(steps):
        capped = Rule(step.action, step.after, capped)
    return capped or Rule(Action.LOG)


def quieted(policy: Policy, waived: Collection[str], *, assistive: bool = False) -> Policy:
    """Return the policy for one candidate: waived rules, and those that their software sets off,
    are noted and nothing follows; a waived requirement is not asked for.
    """
    quiet = {name for name in policy.watched if name in waived}
    if assistive:
        quiet |= {name for name in policy.watched if SIGNALS[name].assistive}
    watched = {
        name: Rule(Action.LOG) if name in quiet else rule for name, rule in policy.watched.items()
    }
    return replace(
        policy,
        watched=watched,
        requires_fullscreen=policy.requires_fullscreen and "fullscreen" not in waived,
        requires_javascript=policy.requires_javascript and "javascript" not in waived,
        browsers=() if "browser" in waived else policy.browsers,
        seb_mode=_at_most_optional(policy.seb_mode) if "seb" in waived else policy.seb_mode,
    )


def _at_most_optional(mode: seb.Mode) -> seb.Mode:
    return seb.Mode.OPTIONAL if mode is seb.Mode.REQUIRED else mode


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
        "cut_attempt": Rule(Action.WARN),
        "paste_attempt": Rule(Action.LOG),
        "print_attempt": Rule(Action.WARN),
        "screen_extended": Rule(Action.WARN),
        "keyboard_shortcut": Rule(Action.LOG, 1, Rule(Action.WARN, 3)),
    },
    requires_javascript=True,
    requires_fullscreen=True,
)
READY_MADE = (OPEN_PRACTICE, SUPERVISED_EXAM)
