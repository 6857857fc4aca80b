"""What every test of delivery begins with: nothing remembered of another test's rows."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from assembly import bank
from delivery.session import desk


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """Published content is cached by its id for ever, and tests use ids again."""
    cache.clear()
    bank.forget()
    desk.outline_of.cache_clear()
    yield
    bank.forget()
    desk.outline_of.cache_clear()
