"""The clock told again without being read again, and to every page in its turn."""

from datetime import timedelta

import pytest

from delivery.candidate import clocks, frames
from delivery.candidate.clocks import Standing
from delivery.models import AssessmentSession
from delivery.session import desk, sessions
from tests import factories
from tests.factories import after

pytestmark = pytest.mark.django_db


def standing(session: AssessmentSession) -> Standing:
    return Standing.of(desk.read(session.pk))


@pytest.mark.parametrize("seconds", [3600, None])
def test_a_clock_written_again_is_the_clock_read_anew(seconds: int | None) -> None:
    session = factories.session(factories.sitting(factories.published(seconds=seconds)))
    known = standing(session)
    for passed in (64, 128.5, 4096):
        found = desk.read(session.pk)
        assert known.timer(after(passed)) == frames.timer(found, after(passed))


def test_a_clock_that_stands_is_read_each_time() -> None:
    session = factories.session(factories.sitting(leaving=True))
    sessions.pause(session.pk, paused_by="candidate", reason="", by="candidate:1", at=after(64))
    known, found = standing(session), desk.read(session.pk)
    for passed in (128, 256):
        assert known.timer(after(passed)) == frames.timer(found, after(passed))
    assert known.timer(after(128)) != known.timer(after(256))


def test_a_round_takes_no_longer_than_the_page_may_wait() -> None:
    assert timedelta(seconds=clocks.STEPS * clocks.STEP_SECONDS) < timedelta(seconds=30)
