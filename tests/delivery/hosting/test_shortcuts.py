"""Shorter ways in templates lead where Django's own lead."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.template import Context, Engine, Template
from django.urls import NoReverseMatch
from django.utils import timezone, translation

KEY = uuid4()
LIBRARIES = {"i18n": "django.templatetags.i18n", "tz": "django.templatetags.tz"}
PLAIN = Engine(loaders=["django.template.loaders.locmem.Loader"], libraries=LIBRARIES)
NAMES = (
    "{% url 'candidate:item' pk key %}",
    "{% url 'candidate:item' pk 'Q1' %}",
    "{% url 'candidate:save' pk %}",
    "{% url 'candidate:start' number %}",
    "{% url 'candidate:handed_in' pk key digest %}?show=1",
    "{% url 'candidate:worker' %}",
    "{% url name pk %}",
    "{% url 'candidate:save' session_id=pk %}",
    "{% url 'candidate:save' pk as address %}[{{ address }}]",
    "{% url 'candidate:asset' pk key path %}",
)
GIVEN: tuple[dict[str, object], ...] = (
    {"pk": KEY, "key": "Q-1_a", "number": 7, "digest": "abc", "path": "a/b c.png"},
    {"pk": uuid4(), "key": "a & b/c?", "number": 12345, "digest": "é", "path": "x"},
    {"pk": str(KEY), "key": "Q1", "number": "7", "digest": "0", "path": "{0}"},
)


def pressed(text: str) -> Template:
    inner = [("django.template.loaders.locmem.Loader", {"one.html": text})]
    loaders = [("delivery.hosting.pressing.Loader", inner)]
    return Engine(loaders=loaders, libraries=LIBRARIES).get_template("one.html")


def outcome(template: Template, given: dict[str, object]) -> str:
    try:
        return template.render(Context({**given, "name": "candidate:save"}))
    except NoReverseMatch as error:
        return f"no address: {error}"


@pytest.mark.parametrize("text", NAMES)
def test_address_is_what_django_writes(text: str) -> None:
    template = pressed(text)
    for given in (*GIVEN, *GIVEN):
        assert outcome(template, given) == outcome(PLAIN.from_string(text), given)


def test_address_is_taken_apart_once() -> None:
    template = pressed("{% url 'candidate:item' pk key %}")
    for number in range(3):
        key = UUID(int=number)
        told = template.render(Context({"pk": key, "key": f"Q{number}"}))
        assert told == f"/sessions/{key}/items/Q{number}/"


def test_name_that_is_no_view_is_told_as_ever() -> None:
    template = pressed("{% url 'candidate:nowhere' pk %}")
    with pytest.raises(NoReverseMatch, match="nowhere"):
        template.render(Context({"pk": KEY}))


def test_text_is_escaped_where_the_page_escapes() -> None:
    template = pressed("{{ name }}{% autoescape off %}{{ name }}{% endautoescape %}")
    assert template.render(Context({"name": "<&>"})) == "&lt;&amp;&gt;<&>"


def test_whole_numbers_are_grouped_where_the_settings_say_so(settings: Any) -> None:
    settings.USE_THOUSAND_SEPARATOR = True
    given, text = Context({"name": 1_234_567}), "{{ name }}"
    assert pressed(text).render(given) == PLAIN.from_string(text).render(given) == "1,234,567"


SAVED = datetime(2026, 3, 1, 9, 5, 7, 987_654, UTC)
TIMES = "{{ at|date:'H:i:s' }} {{ at|date:'H:i' }} {{ at|date:'j M' }} {{ none|date:'H:i' }}"


@pytest.mark.parametrize("given", [SAVED, SAVED.replace(tzinfo=None), SAVED.time(), "", None])
@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/New_York"])
def test_time_of_day_is_what_django_writes(given: object, zone: str) -> None:
    with timezone.override(zone):
        for text in (TIMES, "{% load tz %}{% localtime off %}" + TIMES + "{% endlocaltime %}"):
            context = Context({"at": given, "page": {"at": given}})
            expected = PLAIN.from_string(text.replace(" at|", " page.at|")).render(context)
            assert pressed(text.replace(" at|", " page.at|")).render(context) == expected


SENTENCES = (
    "{% blocktranslate with a=name b=at|date:'H:i' %}{{ a }} 100 % {{ b }}{% endblocktranslate %}",
    "{% blocktranslate %}{{ name }}, {{ number }}, {{ missing }}{% endblocktranslate %}",
    "{% blocktranslate trimmed with a=deep %}\n  {{ a }}\n  and\n{% endblocktranslate %}",
    "{% blocktranslate with name=missing %}[{{ name }}]{% endblocktranslate %}{{ name }}",
    "{% blocktranslate count n=number %}{{ n }} one{% plural %}{{ n }} many{% endblocktranslate %}",
    "{% autoescape off %}{% blocktranslate %}{{ name }}{% endblocktranslate %}{% endautoescape %}",
)


@pytest.mark.parametrize("text", SENTENCES)
@pytest.mark.parametrize("language", ["en", "de"])
def test_sentence_with_values_is_what_django_writes(text: str, language: str) -> None:
    text = "{% load i18n %}" + text
    given = {"name": "<A & B>", "number": 1_234, "at": SAVED, "deep": [1.5, None]}
    with translation.override(language):
        expected = PLAIN.from_string(text).render(Context(given))
        assert pressed(text).render(Context(given)) == expected


def test_now_is_what_django_writes() -> None:
    text = "{% now 'O' %}|{% now 'e' as zone %}{{ zone }}"
    for zone in ("UTC", "Asia/Kolkata", "UTC"):
        with timezone.override(zone):
            context = Context()
            assert pressed(text).render(context) == PLAIN.from_string(text).render(context)
