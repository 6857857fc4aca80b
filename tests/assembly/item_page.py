"""An item in a page of a real browser, and what its form then holds."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.utils.datastructures import MultiValueDict
from playwright.sync_api import BrowserContext, Page, Route

from assembly import rendering
from assembly.qti import item_session, stylesheets
from assembly.qti.item import AssessmentItem
from assembly.qti.values import Raw

ADDRESS = "http://item.test/"


STATIC = Path(__file__).parents[2] / "static"


MAP = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100">'
    '<rect width="200" height="100" fill="#def"/></svg>'
)


STYLES = ("base", "qti", "qti-vocabulary")
# As strict as the server's own: nothing inline, nothing from elsewhere.
POLICY = "default-src 'self'; img-src 'self' data: blob:; object-src 'none'"

TYPES = {".css": "text/css", ".js": "text/javascript"}


Open = Callable[..., Page]


class Unshuffled:
    def below(self, n: int, label: str) -> int:
        return 0

    def permutation(self, n: int, label: str) -> list[int]:
        return list(range(n))


def document(found: AssessmentItem, responses: dict[str, Raw], shown: dict[str, Any]) -> str:
    session = item_session.begin(found, Unshuffled())
    rendered = rendering.render_item(
        found,
        session,
        responses,
        asset_url=lambda href: href,
        style_url=lambda href: href,
        **shown,
    )
    scripts = "".join(f'<script src="static/{name}" defer></script>' for name in rendered.scripts)
    styles = "".join(f'<link rel="stylesheet" href="static/css/{name}.css">' for name in STYLES)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Item</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'{styles}{scripts}</head><body><main id="main"><h1>Item 1</h1>'
        '<button type="button" class="button" data-elimination-toggle aria-pressed="false" hidden>'
        f'Cross out</button><form id="item-form" novalidate>{rendered.body}</form></main></body>'
        "</html>"
    )


def opened(context: BrowserContext, found: AssessmentItem, raw: Raw = None, **shown: Any) -> Page:
    """The item's page in the context, with nothing but our own files and a map on the wire."""

    def answer(route: Route) -> None:
        path = route.request.url.removeprefix(ADDRESS)
        file = STATIC / path.removeprefix("static/")
        if not path:
            route.fulfill(
                body=document(found, {"R": raw}, shown),
                content_type="text/html",
                headers={"Content-Security-Policy": POLICY},
            )
        elif path.startswith("static/") and file.is_file():
            route.fulfill(body=file.read_text(), content_type=TYPES[file.suffix])
        elif path == "item.css":
            sheet = stylesheets.scoped("p, h1 { color: rgb(1, 2, 3); }")
            route.fulfill(body=sheet, content_type="text/css")
        elif path.endswith(".png"):
            route.fulfill(body=MAP, content_type="image/svg+xml")
        else:
            route.abort()

    context.route("**/*", answer)
    page = context.new_page()
    page.goto(ADDRESS)
    page.evaluate("""() => {
        window.changes = 0;
        const count = () => { window.changes += 1; };
        document.querySelector('#item-form').addEventListener('change', count);
    }""")
    return page


def answered(found: AssessmentItem, page: Page) -> Raw:
    entries: list[list[str]] = page.evaluate(
        "() => [...new FormData(document.querySelector('#item-form')).entries()]"
        ".filter(([, value]) => typeof value === 'string')"
    )
    sent: MultiValueDict[str, str] = MultiValueDict()
    for name, value in entries:
        sent.appendlist(name, value)
    return rendering.posted_responses(found, sent)["R"]


def changes(page: Page) -> int:
    return int(page.evaluate("() => window.changes"))


def is_wider_than_its_window(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
