"""AfA PNP 3.0: what a candidate needs and prefers, read from a profile or a file of records."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from lxml import etree

from assembly.qti import xml
from assembly.qti.errors import ReadingError

NAMESPACE = "http://www.imsglobal.org/xsd/qti/qtiv3p0/imsafa3p0pnp_v1p0"
MOST_RECORDS = 50_000
TIME = "additional-testing-time"
SUPPORTS = tuple(
    """
linguistic-guidance keyword-emphasis keyword-translation simplified-language-portions
simplified-graphics item-translation sign-language encouragement additional-testing-time
line-reader invert-display-polarity magnification spoken tactile braille answer-masking
keyboard-directions additional-directions long-description captions environment transcript
alternative-text audio-description high-contrast layout-single-column text-appearance
calculator-on-screen dictionary-on-screen glossary-on-screen thesaurus-on-screen
homophone-checker-on-screen note-taking-on-screen visual-organizer-on-screen outliner-on-screen
peer-interaction-on-screen spell-checker-on-screen
""".split()  # noqa: SIM905 - forty quoted lines would say no more
)
REQUIREMENTS = ("hazard-avoidance", "input-requirements", "language-of-interface")
SETS = {
    "activate-at-initialization-set": "initial",
    "activate-as-option-set": "option",
    "prohibit-set": "",
}
LANGUAGE = "[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*"
_SENTENCES = {
    "wrong_root": "The file holds no profile: it begins with {0}.",
    "unknown": "{0} is not a support of AfA PNP 3.0.",
    "time": "Additional time needs one of time-multiplier, fixed-minutes and unlimited.",
    "time_value": "“{0}” is not an additional time that can be given.",
    "no_person": "A record names no person.",
    "twice": "The profile of {0} stands there twice.",
    "many": "The file holds more than {0} records.",
    "language": "{0} is not a language.",
}


@dataclass(frozen=True, slots=True)
class ExtraTime:
    """At most one of the three says something."""

    multiplier: Decimal | None = None
    fixed_minutes: int | None = None
    unlimited: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """Supports with their settings by name, when each is on, and what is not allowed.

    `activation` is "initial" or "option"; what is prohibited is among no supports.
    """

    supports: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    activation: Mapping[str, str] = field(default_factory=dict)
    prohibited: frozenset[str] = frozenset()
    requirements: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    time: ExtraTime = field(default_factory=ExtraTime)


@dataclass(frozen=True, slots=True)
class Record:
    """A profile with the person it is of; `appointments` are the sittings it is meant for."""

    person: str
    profile: Profile
    system: str = ""
    appointments: tuple[str, ...] = ()
    line: int | None = None


def read(source: bytes) -> tuple[Record, ...]:
    """The records of a file, or its only profile, whose person is then empty.

    Raises ReadingError, with the line, for what AfA PNP does not know or cannot mean.
    """
    root = xml.parse_xml(source, limit=50_000_000)
    name = xml.name(root)
    if name == "access-for-all-pnp":
        return (Record("", _profile(root), line=xml.line(root)),)
    if name != "access-for-all-pnp-records":
        raise _refusal("wrong_root", root, name[:80])
    found: dict[str, Record] = {}
    for element in xml.children(root, "access-for-all-pnp-record"):
        record = _record(element)
        if record.person in found:
            raise _refusal("twice", element, record.person[:80])
        found[record.person] = record
        if len(found) > MOST_RECORDS:
            raise _refusal("many", element, str(MOST_RECORDS))
    return tuple(found.values())


def _refusal(code: str, element: etree._Element, *facts: str) -> ReadingError:
    return ReadingError(_SENTENCES[code].format(*facts), reason=code, line=xml.line(element))


def _record(element: etree._Element) -> Record:
    person, profile = (
        xml.child(element, "person-sourced-id"),
        xml.child(element, "access-for-all-pnp"),
    )
    named = "" if person is None else " ".join(xml.text(person).split())
    if person is None or not named or profile is None:
        raise _refusal("no_person", element)
    return Record(
        named,
        _profile(profile),
        str(person.get("source-system") or ""),
        tuple(" ".join(xml.text(one).split()) for one in xml.children(element, "appointment-id")),
        xml.line(element),
    )


def _profile(root: etree._Element) -> Profile:
    supports: dict[str, Mapping[str, str]] = {}
    activation: dict[str, tuple[str, ...]] = {}
    requirements: dict[str, tuple[str, ...]] = {}
    time = ExtraTime()
    for element in _own(root):
        name = xml.name(element)
        if name in SETS:
            activation[name] = tuple(_features(element))
        elif name in REQUIREMENTS:
            requirements[name] = (*requirements.get(name, ()), _requirement(element))
        elif name in SUPPORTS:
            supports[name] = dict(_settings(element))
            time = _extra_time(element) if name == TIME else time
        else:
            raise _refusal("unknown", element, name[:80])
    prohibited = frozenset(activation.pop("prohibit-set", ()))
    return Profile(
        {name: given for name, given in supports.items() if name not in prohibited},
        {
            one: SETS[name]
            for name, each in activation.items()
            for one in each
            if one not in prohibited
        },
        prohibited,
        requirements,
        ExtraTime() if TIME in prohibited else time,
    )


def _own(root: etree._Element) -> Iterator[etree._Element]:
    """The children of PNP's own namespace: extensions stand in another."""
    for element in xml.children(root):
        if etree.QName(element).namespace in (NAMESPACE, None):
            yield element


def _features(element: etree._Element) -> Iterator[str]:
    for feature in _own(element):
        name = xml.name(feature)
        if name not in SUPPORTS:
            raise _refusal("unknown", feature, name[:80])
        yield name


def _requirement(element: etree._Element) -> str:
    return _language(element) or " ".join(xml.text(element).split())


def _language(element: etree._Element) -> str:
    found = xml.language(element)
    if found and not re.fullmatch(LANGUAGE, found):
        raise _refusal("language", element, found[:40])
    return found


def _settings(element: etree._Element) -> Iterator[tuple[str, str]]:
    """Attributes, and child elements with their text; a language as `language`.

    What a child holds goes by both names: `all-content/zoom-amount`.
    """
    language = _language(element)
    if language:
        yield "language", language
    for key, value in element.attrib.items():
        if not str(key).startswith("{"):
            yield str(key), str(value)[:500]
    for child in _own(element):
        name = xml.name(child)
        yield name, " ".join(xml.text(child).split())[:500]
        for key, value in child.attrib.items():
            if not str(key).startswith("{"):
                yield f"{name}/{key!s}", str(value)[:500]
        for inner in _own(child):
            yield f"{name}/{xml.name(inner)}", " ".join(xml.text(inner).split())[:500]


def _extra_time(element: etree._Element) -> ExtraTime:
    given = list(_own(element))
    if len(given) != 1:
        raise _refusal("time", element)
    name, text = xml.name(given[0]), " ".join(xml.text(given[0]).split())
    try:
        if name == "time-multiplier":
            return ExtraTime(multiplier=_multiplier(text))
        if name == "fixed-minutes" and 0 <= int(text) <= 10_000:
            return ExtraTime(fixed_minutes=int(text))
    except (InvalidOperation, ValueError):
        name = ""
    if name == "unlimited":
        return ExtraTime(unlimited=True)
    raise _refusal("time_value", given[0], text[:40])


def _multiplier(text: str) -> Decimal:
    """A factor from 1 to 99, to two decimal places."""
    if not 1 <= float(text) < 100 or not math.isfinite(float(text)):
        raise ValueError(text)
    return Decimal(text).quantize(Decimal("0.01"))
