"""What people do in a journey, in the words of the pages, and what the database then says."""

import json
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from typing import Any

from playwright.sync_api import Locator, Page, expect

from delivery.demo import cast
from tests.serving import Serving

EXAM = "Autumn examination: Earth science and mathematics"
PLACEMENT = "Number sense: adaptive placement"
TO_START, WITH_EXTRA, RUNNING, ENDED = "AMBER-2026", "BIRCH-2026", "CEDAR-2026", "FJORD-2026"
UNLIMITED, PAUSED, ADAPTIVE, PRACTISING = "DELTA-2026", "EMBER-2026", "GROVE-2026", "HAZEL-2026"
SAVED = re.compile(r"Saved \d\d:\d\d:\d\d")
KINDS = ("radio", "checkbox")
TICKING = re.compile(r"(\d+:)?\d+:\d\d")


def secret(server: Serving, name: str) -> str:
    """The password of one of the demo's three desks."""
    doors = json.loads((server.folder / "var" / "demo.json").read_text(encoding="utf-8"))
    return str(next(door["secret"] for door in doors if door["name"] == name))


def person(code: str) -> int:
    return next(role.person for role in cast.roles() if role.code == code)


def sign_in(page: Page, server: Serving, code: str) -> None:
    page.goto(f"{server.url}/signin/")
    page.get_by_label("Access code").fill(code)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="Hello").wait_for()


def sign_in_staff(page: Page, server: Serving, name: str, path: str) -> None:
    page.goto(f"{server.url}{path}")
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(secret(server, name))
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{server.url}{path}")


def start(page: Page, title: str) -> None:
    """Open a sitting from the list, tick the consent, start."""
    page.get_by_role("link", name=_card("Open", title)).click()
    page.get_by_role("checkbox", name="I have read this page").check()
    page.get_by_role("button", name="Start the test").click()
    page.locator("#desk").wait_for()


def resume(page: Page, title: str) -> None:
    """Go on with a test; where another page was here a moment ago, take over from it."""
    page.get_by_role("link", name=_card("Continue", title)).click()
    page.locator("#desk, #takeover").wait_for()
    take_over(page)


def take_over(page: Page) -> None:
    """Take the right to write from a page that was here a moment ago, if there was one."""
    page.locator(".clock-time", has_text=TICKING).or_(page.locator("#takeover")).wait_for()
    button = page.get_by_role("button", name="Take over here")
    if button.is_visible():
        button.click()
    page.locator(".clock-time", has_text=TICKING).wait_for()


def _card(act: str, title: str) -> re.Pattern[str]:
    return re.compile(rf"{act}\s*: {re.escape(title)}")


def item_key(page: Page) -> str:
    return str(page.locator("#desk").get_attribute("data-key"))


def next_item(page: Page) -> None:
    """Press Next (or Review), and confirm once where there is no way back."""
    page.locator("#next").click()


def answer(page: Page) -> None:
    """Answer every control of the item in the simplest way; an order is taken as it stands."""
    form = page.locator("#item-form")
    boxes = _each(form.locator("[data-interaction] select:visible"))
    for box in boxes:
        box.select_option(index=1)
    lines = _each(form.locator("[data-interaction] input[type=text]:visible"))
    for line in lines:
        line.fill("12")
    texts = _each(form.locator("[data-interaction] textarea:visible"))
    for text in texts:
        text.fill("It was warmer, because the sun stood higher.")
    orders = _each(form.locator("[data-interaction] [data-keep]:visible"))
    for order in orders:
        order.click()
    groups = [form.locator(f"[data-interaction] input[type={kind}]") for kind in KINDS]
    firsts = [group.first for group in groups if group.count()]
    for first in firsts:
        first.check(force=True)
    assert [*boxes, *lines, *texts, *orders, *firsts], "nothing here can be answered"


def _each(found: Locator) -> list[Locator]:
    return found.all()


def seconds_left(page: Page) -> int:
    """The time left as the page shows it; its script is at work then."""
    face = page.locator("#clock .clock-time")
    expect(face).to_have_text(TICKING)
    parts = [int(part) for part in face.inner_text().split(":")]
    return sum(part * 60**place for place, part in enumerate(reversed(parts)))


def left(page: Page, key: str) -> None:
    """Wait until the page shows another item, or none."""
    expect(page.locator(f"#desk[data-key='{key}']")).to_have_count(0)


def rows(server: Serving, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Read the server's own database beside it."""
    with closing(sqlite3.connect(server.folder / "db.sqlite3", timeout=10)) as database:
        return database.execute(sql, values).fetchall()


def write(server: Serving, sql: str, *values: object) -> None:
    """Change the server's own database beside it."""
    with closing(sqlite3.connect(server.folder / "db.sqlite3", timeout=10)) as database:
        database.execute(sql, values)
        database.commit()


def facts(server: Serving, session: str, kind: str) -> list[dict[str, Any]]:
    """The payloads of one kind in a session's ledger stream, oldest first."""
    found = rows(
        server,
        "SELECT payload FROM integrity_ledgerentry entry"
        " JOIN integrity_ledgerstream stream ON stream.id = entry.stream_id"
        " WHERE stream.name = ? AND entry.kind = ? ORDER BY entry.seq",
        f"session:{session}",
        kind,
    )
    return [json.loads(payload) for (payload,) in found]


def reasons(server: Serving, session: str) -> list[str]:
    """What staff wrote as reasons, beside a session's entries, oldest first."""
    found = rows(
        server,
        "SELECT text FROM integrity_ledgerwords WHERE stream = ? ORDER BY seq",
        f"session:{session}",
    )
    return [text for (text,) in found]


def session_of(page: Page) -> str:
    """The id of the session whose page this is."""
    return page.url.split("/sessions/")[1].split("/")[0]


def column(server: Serving, session: str, name: str) -> Any:
    """One column of the session's row."""
    found = rows(
        server,
        f"SELECT {name} FROM delivery_assessmentsession WHERE id = ?",
        session.replace("-", ""),
    )
    return found[0][0]


def response_of(server: Serving, session: str, item: str) -> list[str]:
    """The values that an item's answer has now."""
    found = rows(
        server,
        "SELECT response FROM delivery_itemsession WHERE session_id = ? AND key = ?",
        session.replace("-", ""),
        item,
    )
    return [str(value) for value in json.loads(found[0][0]).values()]


def eventually(ask: Callable[[], bool], page: Page, seconds: float = 30.0) -> bool:
    """Whether the question becomes true in time; the page's own events go on meanwhile."""
    for _ in range(round(seconds / 0.1)):
        if ask():
            return True
        page.wait_for_timeout(100)
    return ask()
