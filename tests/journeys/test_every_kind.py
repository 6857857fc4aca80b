"""Every interaction answered three ways: by mouse, by keyboard alone, and without JavaScript."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.live_server_helper import LiveServer

from assembly import bank
from assembly.qti import item_session, values
from delivery.candidate import backend
from delivery.models import AssessmentSession, ItemSession
from tests import factories, kinds
from tests.factories import Part
from tests.journeys import answering

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HELD_FILE = "data:text/plain;name=notes.txt;base64,bXkgbm90ZXM="
WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 390, "height": 844}


@pytest.fixture
def static_sources() -> Iterator[None]:
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        yield


@pytest.fixture
def sit(
    static_sources: None, live_server: LiveServer, new_context: Callable[..., BrowserContext]
) -> Callable[..., tuple[Page, AssessmentSession]]:
    def begin(**options: Any) -> tuple[Page, AssessmentSession]:
        versions = {name: kinds.version(name) for name in kinds.KINDS}
        last = {"last": factories.item_version("last")}
        test = factories.published(Part(items=(*versions, "last")), items=versions | last)
        sitting = factories.sitting(test, opens_at=None, closes_at=None)
        session = factories.session(sitting, at=timezone.now())
        client = Client()
        client.force_login(session.candidate.user, backend=backend.PATH)
        context = new_context(**options)
        cookie = {"name": settings.SESSION_COOKIE_NAME, "url": live_server.url}
        value = client.cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{**cookie, "value": value}])  # type: ignore[typeddict-item]
        page = context.new_page()
        # Watched from the start: a watch that begins with the key races it to a busy page, whose
        # browser then opens its own chooser, which nobody hears of.
        page.on("filechooser", lambda chooser: None)
        page.goto(f"{live_server.url}/sessions/{session.pk}/items/choice/")
        return page, session

    return begin


def stays_narrow(page: Page, kind: str) -> None:
    """At 320 px, which is 1280 at 400 %, and at the width that the page has."""
    size = page.viewport_size
    assert size is not None
    for width in (320, size["width"]):
        page.set_viewport_size({"width": width, "height": size["height"]})
        over = page.evaluate("document.scrollingElement.scrollWidth - innerWidth")
        assert over <= 0, f"{kind} scrolls sideways at {width} px"


def walk(page: Page, act_of: Callable[[str], answering.Act | None]) -> None:
    """Answers item by item with Next in between; a page never scrolls sideways."""
    names = [*kinds.KINDS, "last"]
    for kind, following in itertools.pairwise(names):
        page.wait_for_url(f"**/items/{kind}/")
        if kind != names[0]:
            # The page that has come by itself gives its number the focus at last.
            expect(page.locator("#item-title")).to_be_focused()
        stays_narrow(page, kind)
        act = act_of(kind)
        if act is not None:
            act(page)
        page.locator("#next").click()
        page.wait_for_url(f"**/items/{following}/")


def answers(session: AssessmentSession) -> dict[str, Any]:
    rows = ItemSession.objects.filter(session=session).exclude(key="last")
    return {row.key: row.response.get("RESPONSE") for row in rows}


def check(session: AssessmentSession, **others: Any) -> None:
    """Every answer is the right one, or the one that was given where none is right."""
    given = answers(session)
    for kind, known in kinds.KINDS.items():
        expected = others.get(kind, known.right)
        held = given[kind]
        if callable(expected):
            assert expected(held), (kind, held)
        elif expected is None or held is None:
            assert held == expected, kind
        else:
            item = bank.item(ItemSession.objects.get(session=session, key=kind).item_version_id)
            one = item_session.bind(item, {"RESPONSE": held})["RESPONSE"]
            other = item_session.bind(item, {"RESPONSE": expected})["RESPONSE"]
            assert one is not None and other is not None  # noqa: PT018
            assert values.same(one, other), (kind, held)


def _near(x: float, y: float) -> Callable[[str], bool]:
    def is_near(held: str) -> bool:
        across, down = map(float, held.split())
        return abs(across - x) <= 2 and abs(down - y) <= 2

    return is_near


Sit = Callable[..., tuple[Page, AssessmentSession]]


def test_every_interaction_is_answered_by_mouse(sit: Sit) -> None:
    page, session = sit(viewport=WIDE)
    walk(page, lambda kind: answering.BY_MOUSE.get(kind) or answering.without_script(kind))
    check(
        session,
        extended_text=answering.WORDS,
        select_point=_near(50, 40),
        position_object=_near(60, 30),
        drawing=lambda held: held.startswith("data:image/png"),
        media="1",
        upload=HELD_FILE,
        portable="2",
    )


def test_every_interaction_is_answered_by_keyboard_alone_on_a_phone(sit: Sit) -> None:
    page, session = sit(viewport=NARROW)
    walk(page, answering.BY_KEYBOARD.get)
    check(
        session,
        extended_text=answering.WORDS,
        select_point="50 40",
        position_object="60 30",
        drawing=HELD_FILE,
        media="1",
        upload=HELD_FILE,
        portable="2",
    )


def test_every_interaction_is_answered_without_javascript_on_a_phone(sit: Sit) -> None:
    page, session = sit(viewport=NARROW, java_script_enabled=False)
    names = [*kinds.KINDS, "last"]
    for kind, following in itertools.pairwise(names):
        act = answering.without_script(kind)
        if act is not None:
            act(page)
        page.locator("#next").click()
        page.wait_for_url(f"**/items/{following}/")
    check(
        session,
        extended_text=answering.WORDS,
        select_point="50 40",
        position_object="60 30",
        drawing=HELD_FILE,
        media="1",
        upload=HELD_FILE,
        portable=None,
    )
