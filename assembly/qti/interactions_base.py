"""What the interactions share: choices, lexical values and the sentences of unmet constraints."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from assembly.qti import body, values
from assembly.qti.body import Nodes, Problem
from assembly.qti.values import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class SimpleChoice:
    """A choice that can be picked; hidden ones are those a template variable takes away."""

    identifier: str
    content: Nodes = ()
    fixed: bool = False
    template_identifier: str | None = None
    show_hide: str = "show"
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssociableChoice(SimpleChoice):
    """A choice that takes part in pairs: ``match_max`` 0 means any number of them."""

    match_max: int = 1
    match_min: int = 0
    match_group: tuple[str, ...] = ()


def lexical(value: Value | None) -> tuple[str, ...]:
    raw = values.raw(value)
    if raw is None:
        return ()
    return (raw,) if isinstance(raw, str) else tuple(raw)


def pairs(value: Value | None) -> tuple[tuple[str, str], ...]:
    split = (text.split() for text in lexical(value))
    return tuple((parts[0], parts[1]) for parts in split if len(parts) == 2)


def _(sentence: str) -> str:
    """Marks a sentence for translation; it is translated where it is shown."""
    return sentence


def ngettext(one: str, many: str) -> tuple[str, str]:
    """Marks a sentence and its plural, as above."""
    return one, many


_AT_LEAST = {
    "area": ngettext("Give at least %(count)d area.", "Give at least %(count)d areas."),
    "choice": ngettext("Give at least %(count)d choice.", "Give at least %(count)d choices."),
    "pair": ngettext("Give at least %(count)d pair.", "Give at least %(count)d pairs."),
    "point": ngettext("Give at least %(count)d point.", "Give at least %(count)d points."),
    "text": ngettext("Give at least %(count)d text.", "Give at least %(count)d texts."),
}
_AT_MOST = {
    "area": ngettext("Give no more than %(count)d area.", "Give no more than %(count)d areas."),
    "choice": ngettext(
        "Give no more than %(count)d choice.", "Give no more than %(count)d choices."
    ),
    "pair": ngettext("Give no more than %(count)d pair.", "Give no more than %(count)d pairs."),
    "point": ngettext("Give no more than %(count)d point.", "Give no more than %(count)d points."),
    "text": ngettext("Give no more than %(count)d text.", "Give no more than %(count)d texts."),
}
_USE_AT_LEAST = ngettext(
    "Use “%(choice)s” at least once.", "Use “%(choice)s” at least %(count)d times."
)
_USE_AT_MOST = ngettext(
    "Use “%(choice)s” no more than once.", "Use “%(choice)s” no more than %(count)d times."
)


def counted(code: str, sentences: tuple[str, str], count: int, **facts: str) -> Problem:
    """A problem whose sentence depends on a count."""
    one, many = sentences
    return Problem(code, one, "", many, (("count", count), *facts.items()))


def unknown(picked: Iterable[str], known: Iterable[str]) -> list[Problem]:
    allowed = set(known)
    strangers = [name for name in picked if name not in allowed]
    message = _("The answer names a choice that is not offered here.")
    return [Problem("unknown_identifier", message)] if strangers else []


def repeated(picked: Sequence[str]) -> list[Problem]:
    twice = any(count > 1 for count in Counter(picked).values())
    return [Problem("repeated", _("Each choice can be used only once."))] if twice else []


def count_problems(
    count: int, low: int, high: int, noun: str, attributes: Mapping[str, str]
) -> list[Problem]:
    """Too few or too many; 0 as the upper bound means no bound. The item's own words win."""
    if low and count < low:
        own = attributes.get("data-min-selections-message")
        return [Problem("too_few", own) if own else counted("too_few", _AT_LEAST[noun], low)]
    if high and count > high:
        own = attributes.get("data-max-selections-message")
        return [Problem("too_many", own) if own else counted("too_many", _AT_MOST[noun], high)]
    return []


def match_problems(used: Sequence[str], choices: Iterable[AssociableChoice]) -> list[Problem]:
    """How often each choice may and must take part."""
    counts = Counter(used)
    found: list[Problem] = []
    for choice in choices:
        count = counts[choice.identifier]
        if choice.match_max and count > choice.match_max:
            found.append(_use("match_max", _USE_AT_MOST, choice, choice.match_max))
        if count < choice.match_min:
            found.append(_use("match_min", _USE_AT_LEAST, choice, choice.match_min))
    return found


def _use(code: str, sentences: tuple[str, str], choice: AssociableChoice, times: int) -> Problem:
    text = body.text_of(choice.content) or choice.identifier
    return counted(code, sentences, times, choice=text[:80])


def fits_groups(first: AssociableChoice, second: AssociableChoice) -> bool:
    """A choice with match groups pairs only with the choices those groups name."""
    return (not first.match_group or second.identifier in first.match_group) and (
        not second.match_group or first.identifier in second.match_group
    )
