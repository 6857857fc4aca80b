"""Shorter ways in templates lead where Django's own lead."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.template import Context, Engine, Template
from django.urls import NoReverseMatch

KEY = uuid4()
PLAIN = Engine(loaders=["django.template.loaders.locmem.Loader"])
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
    return Engine(loaders=loaders).get_template("one.html")


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
