"""What staff should know of a sitting before its candidates find out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from assembly.models import VersionState
from delivery.models import Enrolment, Sitting
from delivery.rules import clock
from delivery.session import desk
from integrity.policy.lockdown import Action

# Three heartbeats of a page.
SHORT_SILENCE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing to look at: a machine word and a sentence."""

    code: str
    sentence: str


def doubts(sitting: Sitting, at: datetime) -> list[Doubt]:
    """Return what is doubtful about a sitting, saved or about to be; none of it forbids saving."""
    found = [*_of_the_clock(sitting), *_of_the_window(sitting, at), *_of_the_policy(sitting)]
    found += _of_silence(sitting)
    return found + (list(_of_the_people(sitting)) if sitting.pk else [])


def _of_the_clock(sitting: Sitting) -> Iterator[Doubt]:
    base = desk.base_ms(desk.outline_of(sitting.test_version_id), sitting)
    window = _window_ms(sitting)
    if base is None and window is None:
        yield Doubt(
            "endless",
            _("Neither the test nor the sitting has a time limit: a session may never end."),
        )
    if base is None or window is None:
        return
    facts = {"window": clock.span_of(window), "time": clock.span_of(base)}
    if window < base:
        yield Doubt(
            "window_too_short",
            _("The window (%(window)s) is shorter than the time for the test (%(time)s).") % facts,
        )
        return
    longest = _longest_ms(sitting, base)
    if window < longest:
        facts["time"] = clock.span_of(longest)
        yield Doubt(
            "window_too_short_for_extra_time",
            _("The window (%(window)s) is shorter than the longest extra time (%(time)s).") % facts,
        )


def _window_ms(sitting: Sitting) -> int | None:
    if sitting.opens_at is None or sitting.closes_at is None:
        return None
    return clock.milliseconds(sitting.closes_at - sitting.opens_at)


def _longest_ms(sitting: Sitting, base: int) -> int:
    """Return the longest time that any enrolled candidate has, by their accommodation."""
    if not sitting.pk:
        return base
    enrolled = Enrolment.objects.filter(sitting=sitting, candidate__unlimited=False)
    found = enrolled.values_list("candidate__time_multiplier", "candidate__fixed_minutes")
    times = [int(base * multiplier) + minutes * 60_000 for multiplier, minutes in found.distinct()]
    return max(times, default=base)


def _of_the_window(sitting: Sitting, at: datetime) -> Iterator[Doubt]:
    if sitting.closes_at is not None and sitting.closes_at <= at:
        yield Doubt("window_over", _("The window is over: nobody can start any more."))
    if sitting.closes_at is None and sitting.release == Sitting.Release.CLOSING:
        yield Doubt(
            "never_closes",
            _("Results are shown when the window closes, but this window never closes."),
        )
    if sitting.test_version.state == VersionState.RETIRED:
        yield Doubt("retired", _("The version of the test is retired."))


def _of_the_policy(sitting: Sitting) -> Iterator[Doubt]:
    named = bool(sitting.pk) and sitting.proctors.exists()
    if named:
        return
    if sitting.admission:
        yield Doubt(
            "nobody_admits",
            _("A proctor has to admit each candidate, but no proctor is named."),
        )
    if sitting.lockdown is not None and _calls_a_proctor(sitting):
        yield Doubt(
            "nobody_comes",
            _("The lockdown policy calls a proctor or pauses, but no proctor is named."),
        )


def _of_silence(sitting: Sitting) -> Iterator[Doubt]:
    """Doubt a policy for lost contact that stops too soon, too late, or for most of the test."""
    seconds = sitting.silence_seconds
    base = desk.base_ms(desk.outline_of(sitting.test_version_id), sitting)
    if seconds is None:
        return
    if seconds < SHORT_SILENCE_SECONDS:
        yield Doubt(
            "silence_short",
            _("Pages are heard every 10 s: %(seconds)s s stop the clock for a slow network, too.")
            % {"seconds": seconds},
        )
    if base is None:
        yield Doubt(
            "silence_untimed",
            _("The clock stops without contact, but there is no time limit that it could spare."),
        )
        return
    if seconds * 1000 >= base:
        yield Doubt("silence_late", _("The test is over before the clock stops without contact."))
    if sitting.silence_minutes * 60_000 > base // 2:
        yield Doubt(
            "silence_long",
            _("Without contact, the clock may stand for more than half of the time for the test."),
        )


def _calls_a_proctor(sitting: Sitting) -> bool:
    assert sitting.lockdown is not None
    rules = sitting.lockdown.policy().watched.values()
    calling = {Action.ASK_PROCTOR, Action.PAUSE, Action.TERMINATE}
    return any(step.action in calling for rule in rules for step in rule.steps())


def _of_the_people(sitting: Sitting) -> Iterator[Doubt]:
    enrolled = Enrolment.objects.filter(sitting=sitting)
    if not enrolled.exists():
        yield Doubt("nobody_enrolled", _("Nobody is enrolled yet: import the roster."))
    without = enrolled.filter(candidate__access_code_hmac__isnull=True)
    locked_out = without.annotate(link=Max("launch_links__expires_at")).filter(link=None).count()
    if locked_out:
        yield Doubt(
            "no_way_in",
            ngettext(
                "%(number)s candidate has neither an access code nor a launch link.",
                "%(number)s candidates have neither an access code nor a launch link.",
                locked_out,
            )
            % {"number": locked_out},
        )
