"""Template filters that turn a ledger payload's numbers and names into words."""

import re
from datetime import datetime

from django import template
from django.contrib.humanize.templatetags.humanize import ordinal
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from integrity import chain
from integrity.policy import lockdown

register = template.Library()

SECOND, MINUTE, HOUR = 1000, 60_000, 3_600_000
ACTOR = re.compile(r"^(?P<role>[a-z_]+)(?::(?P<number>.+))?$")


@register.filter
def instant(milliseconds: int | str | None) -> datetime | None:
    """Return milliseconds since 1970 as a local time; nothing where it is no number."""
    if not isinstance(milliseconds, int):
        return None
    return timezone.localtime(chain.EPOCH + milliseconds * chain.MILLISECOND)


@register.filter
def span(milliseconds: int | str | None) -> str:
    """Return a length of time: `32 s`, `4:05 min`, `1 h 05 min`."""
    if not isinstance(milliseconds, int):
        return "?"
    sign, length = ("−" if milliseconds < 0 else ""), abs(milliseconds)
    if length < SECOND:
        return gettext("%(n)s ms") % {"n": f"{sign}{length}"}
    if length < MINUTE:
        return gettext("%(n)s s") % {"n": f"{sign}{length // SECOND}"}
    if length < HOUR:
        minutes, rest = divmod(length // SECOND, 60)
        clock = f"{sign}{minutes}:{rest:02}" if rest else f"{sign}{minutes}"
        return gettext("%(n)s min") % {"n": clock}
    hours, rest = divmod(length // MINUTE, 60)
    return gettext("%(hours)s h %(minutes)s min") % {
        "hours": f"{sign}{hours}",
        "minutes": f"{rest:02}",
    }


@register.filter
def seconds_words(milliseconds: int | str | None) -> str:
    """Return a short wait to the hundredth: `0.02 s`; nothing where it is not known."""
    if not isinstance(milliseconds, int):
        return ""
    return gettext("%(n)s s") % {"n": f"{milliseconds / SECOND:.2f}"}


@register.filter
def change_words(revision: int) -> str:
    """Return which change of an answer a revision is: `3rd change` is revision 4."""
    if not isinstance(revision, int):
        return "?"
    return gettext("%(nth)s change") % {"nth": ordinal(revision - 1)}


@register.filter
def actor_words(actor: str) -> str:
    """Return who acted, in words: `candidate:12` is candidate 12, `client` is a claim."""
    found = ACTOR.match(actor)
    if not found:
        return actor
    role = found["role"]
    words = {
        "candidate": gettext("Candidate"),
        "proctor": gettext("Proctor"),
        "staff": gettext("Staff"),
        "user": gettext("User"),
        "client": gettext("Browser"),
        "system": gettext("System"),
        "clock": gettext("Clock"),
    }.get(role, role.replace("_", " ").capitalize())
    return f"{words} {found['number']}" if found["number"] else words


@register.filter
def signal_words(event: str) -> str:
    """Return the title of a client event."""
    signal = lockdown.SIGNALS.get(event)
    return gettext(signal.title) if signal else event


@register.filter
def rule_words(rule: str) -> str:
    """Return the words of what can be waived: a signal's title, or a requirement."""
    words = {
        "seb": gettext("Safe Exam Browser"),
        "fullscreen": gettext("Full screen"),
        "javascript": gettext("JavaScript"),
        "network": gettext("Networks"),
        "device": gettext("One device"),
        "code": gettext("Code of the room"),
        "browser": gettext("Browser"),
    }
    return words.get(rule) or signal_words(rule)


@register.filter
def action_words(action: str) -> str:
    """Return what followed from a rule, as a clause that ends the sentence."""
    words = {
        "log": gettext("it was noted."),
        "warn": gettext("the candidate was reminded."),
        "blur": gettext("the test was covered until a button was pressed."),
        "ask_proctor": gettext("the test was covered and a proctor was called."),
        "pause": gettext("the test and its clock were paused."),
        "terminate": gettext("the test was ended."),
    }
    return words.get(action, action)


@register.filter
def break_words(broken: chain.Break) -> str:
    """Return what is broken as a sentence."""
    return gettext(broken.message) % {"seq": broken.seq}


@register.filter
def break_kind_words(kind: str) -> str:
    words = {
        "edited": gettext("edited"),
        "removed": gettext("removed"),
        "reordered": gettext("reordered"),
        "repeated": gettext("repeated"),
        "link": gettext("does not follow"),
        "truncated tail": gettext("truncated tail"),
        "added": gettext("added"),
        "head": gettext("head replaced"),
        "orphaned": gettext("orphaned"),
        "rewritten": gettext("rewritten"),
        "forged checkpoint": gettext("forged checkpoint"),
        "replaced key": gettext("replaced key"),
        "answer differs": gettext("answer differs"),
        "result differs": gettext("result differs"),
        "session differs": gettext("session differs"),
        "policy differs": gettext("policy differs"),
        "content differs": gettext("content differs"),
    }
    return words[kind]


@register.filter
def reliability_words(reliability: str) -> str:
    words = {"good": gettext("good"), "fair": gettext("fair"), "weak": gettext("weak")}
    return words.get(reliability, reliability)


@register.filter
def signal(event: str) -> lockdown.Signal | None:
    return lockdown.SIGNALS.get(event)


@register.filter
def minutes_words(milliseconds: int) -> str:
    """Return a silence in whole minutes, in words."""
    count = milliseconds // MINUTE
    return ngettext("%(count)s minute", "%(count)s minutes", count) % {"count": count}


@register.filter
def clock_ms(at: datetime) -> str:
    """Return a local time to the millisecond."""
    local = timezone.localtime(at)
    return f"{local:%H:%M:%S}.{local.microsecond // 1000:03}"


@register.filter
def short_hash(value: str) -> str:
    return str(value)[:12]


@register.filter
def key_words(verifier: str) -> str:
    """Return a verifier key's name and id, without the key itself."""
    return " ".join(str(verifier).split("+")[:2])
