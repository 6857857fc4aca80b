"""Accessibility by axe-core, in the page as the browser shows it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
GRAVE = frozenset({"serious", "critical"})


@cache
def _source() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


@contextmanager
def _unrolled(page: Page) -> Iterator[None]:
    """Shows the whole page at once: what a fixed bar covers can be scrolled to, axe cannot."""
    size = page.viewport_size
    height = page.evaluate("document.documentElement.scrollHeight")
    if size is None or height <= size["height"]:
        yield
        return
    page.set_viewport_size({"width": size["width"], "height": height})
    yield
    page.set_viewport_size(size)


def violations(page: Page) -> list[str]:
    """One line per serious or critical finding: its impact, rule, and the elements it is about."""
    with _unrolled(page):
        page.evaluate(_source())
        found: list[dict[str, Any]] = page.evaluate(
            "rules => axe.run(document, rules).then(result => result.violations)", RULES
        )
    return [
        f"{one['impact']} {one['id']}: " + "; ".join(node["html"][:120] for node in one["nodes"])
        for one in found
        if one["impact"] in GRAVE
    ]
