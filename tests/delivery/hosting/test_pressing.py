"""Pressed templates say what Django's own would say."""

import pytest
from django.template import Context, Engine
from django.template.loader_tags import ExtendsNode
from django.utils import translation

from delivery.hosting import pressing

TEMPLATES = {
    "base.html": "{% load i18n %}<h1>{% block title %}{% translate 'Yes' %}{% endblock %}</h1>"
    "{% blocktranslate %}No{% endblocktranslate %} 100 %",
    "child.html": "{% extends 'base.html' %}{% load i18n %}{% block title %}{{ block.super }},"
    " {{ name }}{% if name %}: {% translate 'Yes' %} & {% include 'icon.html' with sign='<' only %}"
    "{% else %}{% translate name %}{% endif %}{% endblock %}",
    "icon.html": "<i>{% if sign == '<' %}{{ sign }}{% else %}{{ name }}{% endif %}</i>",
    "loop.html": "{% load i18n %}{% for n in numbers %}{% translate 'Yes' as yes %}{{ yes }}{{ n }}"
    "{% empty %}{% translate 'No' %}{% endfor %}{% translate 'Yes'|lower %}",
}
LIBRARIES = {"i18n": "django.templatetags.i18n", "static": "django.templatetags.static"}


def engine(loader: str) -> Engine:
    inner = [("django.template.loaders.locmem.Loader", TEMPLATES)]
    return Engine(loaders=[(loader, inner)], libraries=LIBRARIES)


PLAIN = engine("django.template.loaders.cached.Loader")
PRESSED = engine("delivery.hosting.pressing.Loader")


@pytest.mark.parametrize("language", ["en", "de", "fr"])
@pytest.mark.parametrize("context", [{"name": "A & B"}, {"numbers": [1, 2]}, {}])
@pytest.mark.parametrize("name", TEMPLATES)
def test_pressed_template_says_the_same(
    name: str, context: dict[str, object], language: str
) -> None:
    with translation.override(language):
        expected = PLAIN.get_template(name).render(Context(context))
        for _again in range(2):
            assert PRESSED.get_template(name).render(Context(context)) == expected


def test_run_that_never_varies_is_one_node() -> None:
    base = PRESSED.get_template("base.html")
    assert [type(node).__name__ for node in base.nodelist] == ["Pressed", "BlockNode", "Pressed"]
    (extends,) = PRESSED.get_template("child.html").nodelist.get_nodes_by_type(ExtendsNode)
    assert isinstance(extends, ExtendsNode)
    pressed = extends.nodelist.get_nodes_by_type(pressing.Pressed)
    assert [len(node.nodes) for node in pressed if isinstance(node, pressing.Pressed)][-1] == 4
