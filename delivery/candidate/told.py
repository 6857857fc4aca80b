"""Test feedback as HTML: what the test says of the candidate's outcomes, when it is due."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.urls import reverse
from django.utils.safestring import SafeString

from assembly import addresses
from assembly.rendering.nodes import RenderContext, Writer
from delivery.session import results
from delivery.session.desk import Desk
from delivery.session.results import Told


@dataclass(frozen=True, slots=True)
class Feedback:
    """One piece of feedback under its own title."""

    title: str
    content: SafeString


def test_asset_url(at_desk: Desk) -> Callable[[str], str]:
    """Return where the files of the test's own words are served to this candidate."""

    def url(href: str) -> str:
        args = [at_desk.session.pk, addresses.in_address(href)]
        return reverse("candidate:test_asset", args=args)

    return url


def during(at_desk: Desk, key: str) -> list[Feedback]:
    """Return what the test and the item's part say while they are taken."""
    return _written(at_desk, results.feedback(at_desk, "during", [at_desk.planned(key).part]))


def after_part(at_desk: Desk, part: str) -> list[Feedback]:
    """Return what is said at the end of a part: the part's last words, and the test's for now."""
    last = results.feedback(at_desk, "atEnd", [part], of_test=False)
    return _written(at_desk, last) + _written(at_desk, results.feedback(at_desk, "during", [part]))


def after_test(at_desk: Desk) -> list[Feedback]:
    return _written(at_desk, results.feedback(at_desk, "atEnd"))


def _written(at_desk: Desk, told: Told) -> list[Feedback]:
    if not told.feedback:
        return []
    writer = Writer(RenderContext(asset_url=test_asset_url(at_desk), outcomes=told.outcomes))
    return list(_pieces(writer, told))


def _pieces(writer: Writer, told: Told) -> Iterable[Feedback]:
    return (Feedback(one.title, writer.html(one.content)) for one in told.feedback)
