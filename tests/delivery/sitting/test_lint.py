from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from delivery.models import Sitting
from delivery.people import codes, links
from delivery.sitting import lint
from tests import factories
from tests.factories import NOON, after

pytestmark = pytest.mark.django_db


def doubted(sitting: Sitting, at: datetime = NOON) -> list[str]:
    return [doubt.code for doubt in lint.doubts(sitting, at)]


def with_candidate(**fields: Any) -> Sitting:
    sitting = factories.sitting(**fields)
    enrolment = factories.enrolment(sitting)
    codes.issue_access_code(enrolment.candidate, by="user:1", at=NOON)
    return sitting


def test_a_sitting_in_order_has_no_doubts() -> None:
    assert doubted(with_candidate()) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"opens_at": NOON, "closes_at": after(3599)}, ["window_too_short"]),
        ({"opens_at": NOON, "closes_at": after(3600)}, []),
        ({"opens_at": NOON, "closes_at": after(3600), "duration_seconds": 60}, []),
        ({"closes_at": NOON}, ["window_over"]),
        ({"closes_at": None}, ["never_closes"]),
        ({"closes_at": None, "release": "manual"}, []),
        ({"admission": True}, ["nobody_admits"]),
    ],
)
def test_each_doubt_has_its_cause(fields: dict[str, Any], expected: list[str]) -> None:
    assert doubted(with_candidate(**fields)) == expected


def test_a_test_without_any_limit_is_doubtful() -> None:
    version = factories.published(seconds=None)
    sitting = with_candidate(test_version=version, opens_at=None, closes_at=None, release="manual")
    assert doubted(sitting) == ["endless"]


def test_a_window_too_short_for_extra_time_is_doubtful() -> None:
    sitting = with_candidate(opens_at=NOON, closes_at=after(4000))
    candidate = sitting.enrolments.get().candidate
    candidate.time_multiplier = 2
    candidate.save()
    assert doubted(sitting) == ["window_too_short_for_extra_time"]


def test_candidates_without_a_way_in_are_counted() -> None:
    sitting = factories.sitting()
    assert doubted(sitting) == ["nobody_enrolled"]
    enrolment = factories.enrolment(sitting)
    assert doubted(sitting) == ["no_way_in"]
    links.issue_launch_link(enrolment, after(60), by="user:1", at=NOON)
    assert doubted(sitting) == []
