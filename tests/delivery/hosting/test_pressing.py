"""Pressed templates say what Django's own would say."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.template import Context, Engine, Template, engines
from django.template.base import NodeList, TextNode
from django.utils import translation
from django.utils.safestring import SafeString

from delivery.hosting import pressing
from delivery.hosting.tracks import Track

TEMPLATES = {
    "base.html": "{% load i18n %}<h1>{% block title %}{% translate 'Yes' %}{% endblock %}</h1>"
    "{% blocktranslate %}No{% endblocktranslate %} 100 %",
    "child.html": "{% extends 'base.html' %}{% load i18n %}{% block title %}{{ block.super }},"
    " {{ name }}{% if name %}: {% translate 'Yes' %} & {% include 'icon.html' with sign='<' only %}"
    "{% else %}{% translate name %}{% endif %}{% endblock %}",
    "flat.html": "{% extends 'base.html' %}{% block title %}{{ name }}{% include 'icon.html' %}"
    "{% endblock %}",
    "grandchild.html": "{% extends 'flat.html' %}{% block title %}[{{ block.super }}]"
    "{% endblock %}",
    "given.html": "{% include 'icon.html' with sign=name %}{{ sign }}",
    "left.html": "{% load i18n %}{% include 'sets.html' %}{{ yes }}{% block one %}"
    "{% translate 'Yes' as inside %}{{ inside }}{% endblock %}{{ inside }}",
    "sets.html": "{% load i18n %}{% translate 'No' as yes %}{{ yes }}",
    "nested.html": "{% extends 'outer.html' %}{% block inner %}{{ name }}{% endblock %}",
    "outer.html": "{% block around %}<b>{% block inner %}{% endblock %}</b>{% endblock %}"
    "{% if name %}{% block after %}{{ name|default:'x' }}{{ name.upper }}{% endblock %}{% endif %}",
    "shown.html": "{{ name }}{{ numbers.0 }}{{ numbers|length }}{{ missing.name }}"
    "{{ deep.er.name }}{{ deep.call }}{{ deep.number }}{{ deep.big }}{{ deep.none }}{{ deep.safe }}"
    "{% if deep.er.name == name or missing.name %}same{% elif not deep %}none{% endif %}",
    "tree.html": "<li>{{ one.name }}{% for one in one.inner %}{% include 'tree.html' %}{% endfor %}"
    "</li>",
    "icon.html": "<i>{% if sign == '<' %}{{ sign }}{% else %}{{ name }}{% endif %}</i>",
    "loop.html": "{% load i18n %}{% for n in numbers %}{% translate 'Yes' as yes %}{{ yes }}{{ n }}"
    "{% empty %}{% translate 'No' %}{% endfor %}{% translate 'Yes'|lower %}",
}
DEEP = SimpleNamespace(
    er={"name": "<i>"},
    call=lambda: "called & back",
    number=7,
    big=1_234_567,
    none=None,
    safe=SafeString("<b>safe</b>"),
)
LIBRARIES = {"i18n": "django.templatetags.i18n", "static": "django.templatetags.static"}


def engine(loader: str) -> Engine:
    inner = [("django.template.loaders.locmem.Loader", TEMPLATES)]
    return Engine(loaders=[(loader, inner)], libraries=LIBRARIES)


PLAIN = engine("django.template.loaders.cached.Loader")
PRESSED = engine("delivery.hosting.pressing.Loader")


@pytest.mark.parametrize("language", ["en", "de", "fr"])
@pytest.mark.parametrize("context", [{"name": "A & B"}, {"numbers": [1, 2]}, {"deep": DEEP}, {}])
@pytest.mark.parametrize("name", TEMPLATES)
def test_pressed_template_says_the_same(
    name: str, context: dict[str, object], language: str
) -> None:
    with translation.override(language):
        expected = PLAIN.get_template(name).render(Context(context))
        for _again in range(2):
            assert PRESSED.get_template(name).render(Context(context)) == expected


def test_run_that_never_varies_is_one_text() -> None:
    base = engine("delivery.hosting.pressing.Loader").get_template("base.html")
    assert base.render(Context()) == "<h1>Yes</h1>No 100 %"
    assert [type(node) for node in pressed_nodes(base)] == [TextNode]


def test_parents_and_includes_are_laid_flat() -> None:
    page = engine("delivery.hosting.pressing.Loader").get_template("flat.html")
    assert page.render(Context({"name": "A"})) == "<h1>A<i>A</i></h1>No 100 %"
    kinds = [type(node).__name__ for node in pressed_nodes(page)]
    assert kinds == ["TextNode", "Shown", "TextNode", "IfNode", "TextNode"]


def pressed_nodes(template: Template) -> NodeList:
    found = template.nodelist
    assert isinstance(found, pressing.Pressed)
    (known,) = found.known.values()
    return known.nodes if isinstance(known, Track) else known


def test_what_another_extends_keeps_its_blocks() -> None:
    assert PRESSED.get_template("grandchild.html").render(
        Context({"name": "A"})
    ) == PLAIN.get_template("grandchild.html").render(Context({"name": "A"}))


def test_many_threads_read_a_template_for_the_first_time_at_once() -> None:
    for _again in range(20):
        fresh, barrier = engine("delivery.hosting.pressing.Loader"), Barrier(8)

        def read(name: str, fresh: Engine = fresh, barrier: Barrier = barrier) -> str:
            barrier.wait(30)
            return str(fresh.get_template(name).render(Context({"name": "A"})))

        names = ["grandchild.html", "flat.html"] * 4
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(read, names))
        expected = [PLAIN.get_template(name).render(Context({"name": "A"})) for name in names]
        assert found == expected


@pytest.mark.parametrize("depth", [0, 1, 12])
def test_a_template_may_include_itself(depth: int) -> None:
    one: dict[str, object] = {"name": "leaf"}
    for level in range(depth):
        one = {"name": level, "inner": [one, {"name": "beside"}]}
    context = Context({"one": one})
    expected = PLAIN.get_template("tree.html").render(context)
    assert (
        engine("delivery.hosting.pressing.Loader")
        .get_template("tree.html")
        .render(Context({"one": one}))
        == expected
    )


def test_all_templates_of_the_project_are_read_ahead() -> None:
    folder = Path(settings.BASE_DIR) / "templates"
    assert pressing.read_all() == len(list(folder.rglob("*.html")))
    (loader,) = engines["django"].engine.template_loaders  # type: ignore[attr-defined]
    known = {str(key) for key in loader.get_template_cache}
    assert {"candidate/item.html", "candidate/_message.html", "proctor/board.html"} <= known
