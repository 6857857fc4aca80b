from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from delivery.people import codes, links
from tests import factories

pytestmark = pytest.mark.django_db


def test_a_new_secret_key_voids_neither_codes_nor_links(settings: Any) -> None:
    at = timezone.now()
    enrolment = factories.enrolment()
    candidate = enrolment.candidate
    code = codes.issue_access_code(candidate, by="user:1", at=at)
    token = links.issue_launch_link(enrolment, at + timedelta(hours=1), by="user:1", at=at)
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key, long enough to be one"
    before = candidate.access_code_hmac
    assert codes.candidate_for_code(code) == candidate
    candidate.refresh_from_db()
    assert candidate.access_code_hmac != before
    assert links.find_link(token, at).enrolment == enrolment
    settings.SECRET_KEY_FALLBACKS = []
    assert codes.candidate_for_code(code) == candidate


def test_a_key_that_nobody_names_any_more_voids_what_it_made(settings: Any) -> None:
    candidate = factories.candidate()
    code = codes.issue_access_code(candidate, by="user:1", at=timezone.now())
    settings.SECRET_KEY = "another key, long enough to be one"
    assert codes.candidate_for_code(code) is None
