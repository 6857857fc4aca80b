"""The remembered ways through a template say what the template says."""

import random
from itertools import product
from typing import Any

import pytest
from django.template import Context, Engine, Template

from delivery.hosting import tracks
from delivery.hosting.pressing import Pressed
from delivery.hosting.tracks import Track

LIBRARIES = {"i18n": "django.templatetags.i18n"}
PLAIN = Engine(libraries=LIBRARIES)
TEXT = (
    "{% load i18n %}<{% if a %}A{% elif b and not c %}B{{ word }}{% else %}neither{% endif %}"
    "{% if a or b %}either{% if c %}, c{% endif %}{% endif %}"
    "{% for row in rows %}[{{ row }}{% if row == word %}!{% endif %}{% if a %}a{% endif %}]"
    "{% empty %}no rows{% if a %}, a{% endif %}{% endfor %}"
    "{% with a=c %}{% if a %}with{% endif %}{{ a }}{% endwith %}{% if a %}still{% endif %}"
    "{% if word|length > 2 and word in words %}long{% endif %}"
    "{% if not missing.one %}none{% endif %}"
    "{% translate 'Yes' as a %}{% if a %}now{% endif %}{% if word == 'x' %}{{ word }}{% endif %}>"
)


def pressed(text: str) -> Template:
    inner = [("django.template.loaders.locmem.Loader", {"one.html": text})]
    loaders = [("delivery.hosting.pressing.Loader", inner)]
    return Engine(loaders=loaders, libraries=LIBRARIES).get_template("one.html")


def pages() -> list[dict[str, Any]]:
    found = [
        {"a": a, "b": b, "c": c, "word": word, "rows": rows, "words": words}
        for a, b, c, word, rows, words in product(
            (True, False), (1, ""), ("c", None), ("x", "long"), ([], ["x", 1], None), (["long"], 7)
        )
    ]
    random.Random(1).shuffle(found)
    return found


def test_page_says_the_same_whichever_way_was_gone_before() -> None:
    template, plain = pressed(TEXT), PLAIN.from_string(TEXT)
    for page in pages() + pages():
        assert template.render(Context(dict(page))) == plain.render(Context(dict(page))), page


def test_ways_are_forgotten_where_they_become_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracks, "MOST_STEPS", 7)
    template, plain = pressed(TEXT), PLAIN.from_string(TEXT)
    for page in pages():
        assert template.render(Context(dict(page))) == plain.render(Context(dict(page)))
    assert isinstance(template.nodelist, Pressed)
    (track,) = template.nodelist.known.values()
    assert isinstance(track, Track)
    assert track._steps < 7 + 40


class Broken:
    @property
    def no(self) -> bool:
        raise ValueError("broken")


@pytest.mark.parametrize(
    "text", ["{% if page.no %}a{% endif %}", "{% if not page.no %}a{% endif %}"]
)
def test_condition_that_breaks_does_as_django_does(text: str) -> None:
    def told(template: Template) -> str:
        try:
            return str(template.render(Context({"page": Broken()})))
        except ValueError as error:
            return repr(error)

    assert told(pressed(text)) == told(PLAIN.from_string(text))


def test_rows_that_are_asked_of_the_database_are_asked_once() -> None:
    asked = []

    def rows() -> list[int]:
        asked.append(1)
        return [1, 2]

    page = Context({"rows": rows})
    assert pressed("{% for row in rows %}{{ row }}{% endfor %}").render(page) == "12"
    assert len(asked) == 1
