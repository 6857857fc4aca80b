import pytest

from delivery.people import codes
from tests import factories
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def test_an_access_code_finds_its_candidate_however_it_is_typed() -> None:
    alice = factories.candidate()
    code = codes.issue_access_code(alice, by="user:1", at=NOON)
    for written in (code, code.lower(), code.replace("-", ""), f"  {code.replace('-', ' ')} "):
        assert codes.candidate_for_code(written) == alice


def test_a_code_is_kept_as_a_digest_only() -> None:
    alice = factories.candidate()
    code = codes.issue_access_code(alice, by="user:1", at=NOON)
    alice.refresh_from_db()
    assert alice.access_code_hmac is not None
    assert code.replace("-", "") not in alice.access_code_hmac


def test_a_new_code_replaces_the_old_one() -> None:
    alice = factories.candidate()
    old = codes.issue_access_code(alice, by="user:1", at=NOON)
    new = codes.issue_access_code(alice, by="user:1", at=NOON)
    assert codes.candidate_for_code(old) is None
    assert codes.candidate_for_code(new) == alice


def test_no_code_at_all_is_nobody() -> None:
    factories.candidate()
    assert codes.candidate_for_code("") is None
