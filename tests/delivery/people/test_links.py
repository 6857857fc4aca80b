import pytest

from delivery.people import links
from delivery.rules.refusals import Reason, Refusal
from tests import factories
from tests.factories import NOON, after

pytestmark = pytest.mark.django_db


def test_a_launch_link_works_once() -> None:
    enrolment = factories.enrolment()
    token = links.issue_launch_link(enrolment, after(600), by="user:1", at=NOON)
    assert links.redeem(token, after(1)) == enrolment
    with pytest.raises(Refusal) as refusal:
        links.redeem(token, after(2))
    assert refusal.value.reason == Reason.LINK_USED


@pytest.mark.parametrize("seconds", [600, 6000])
def test_a_launch_link_expires(seconds: int) -> None:
    enrolment = factories.enrolment()
    token = links.issue_launch_link(enrolment, after(600), by="user:1", at=NOON)
    with pytest.raises(Refusal) as refusal:
        links.redeem(token, after(seconds))
    assert refusal.value.reason == Reason.LINK_EXPIRED


def test_an_invented_token_opens_nothing() -> None:
    with pytest.raises(Refusal) as refusal:
        links.redeem("invented", NOON)
    assert refusal.value.reason == Reason.LINK_EXPIRED
