"""The server keeps the time: it runs out on an open page and on a closed laptop alike."""

from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import Page, expect

from tests.journeys import acts
from tests.journeys.acts import EXAM
from tests.serving import Serving

SHORT = 15


def shorten(server: Serving, seconds: int = SHORT) -> None:
    """Give the exam's sitting a duration that a test can wait for."""
    server.manage(
        "shell",
        "-c",
        "from delivery.models import Sitting;"
        f"Sitting.objects.filter(title='{EXAM}').update(duration_seconds={seconds})",
    )


def moment(server: Serving, session: str, name: str) -> datetime:
    value: Any = acts.column(server, session, name)
    return datetime.fromisoformat(value)


def ended_in_time(server: Serving, session: str) -> bool:
    """The session ended at its deadline to the millisecond, not when that was noticed."""
    started, finished = (moment(server, session, name) for name in ("started_at", "finished_at"))
    return finished - started == timedelta(seconds=SHORT)


def test_time_runs_out_on_an_open_page(server: Serving, page: Page) -> None:
    shorten(server)
    acts.sign_in(page, server, acts.TO_START)
    acts.start(page, EXAM)
    session = acts.session_of(page)
    page.locator("input[type=radio]").nth(1).check(force=True)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    page.wait_for_url("**/receipt/", timeout=40_000)
    assert page.get_by_text("Your time is up and your test has ended.").is_visible()
    assert acts.column(server, session, "state") == "expired"
    assert ended_in_time(server, session)
    assert acts.column(server, session, "answered") == 1
    assert acts.eventually(lambda: acts.column(server, session, "score") is not None, page)


def test_time_runs_out_on_a_closed_laptop(server: Serving, page: Page) -> None:
    shorten(server)
    acts.sign_in(page, server, acts.TO_START)
    acts.start(page, EXAM)
    session = acts.session_of(page)
    page.locator("input[type=radio]").nth(1).check(force=True)
    expect(page.locator("#save-state")).to_have_text(acts.SAVED)
    page.goto("about:blank")
    ended = acts.eventually(
        lambda: acts.column(server, session, "state") == "expired", page, seconds=45
    )
    assert ended
    assert ended_in_time(server, session)
    assert acts.column(server, session, "answered") == 1
    assert acts.eventually(lambda: acts.column(server, session, "score") is not None, page)


def test_a_wrong_device_clock_changes_nothing(server: Serving, page: Page) -> None:
    page.clock.install(time=datetime(2031, 1, 1, tzinfo=UTC))
    acts.sign_in(page, server, acts.TO_START)
    acts.start(page, EXAM)
    page.clock.resume()
    expect(page.locator("#clock .clock-time")).to_have_text(acts.TICKING)
    assert 5390 < acts.seconds_left(page) <= 5400
