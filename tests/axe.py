"""Accessibility by axe-core, in the page as the browser shows it."""

from functools import cache
from importlib.resources import files
from typing import Any

from playwright.sync_api import Page

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
GRAVE = frozenset({"serious", "critical"})


@cache
def _source() -> str:
    return (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """One line per serious or critical finding: its impact, rule, and the elements it is about."""
    page.evaluate(_source())
    found: list[dict[str, Any]] = page.evaluate(
        "rules => axe.run(document, rules).then(result => result.violations)", RULES
    )
    return [
        f"{one['impact']} {one['id']}: " + "; ".join(node["html"][:120] for node in one["nodes"])
        for one in found
        if one["impact"] in GRAVE
    ]
