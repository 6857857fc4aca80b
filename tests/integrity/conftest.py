from collections.abc import Iterator

import pytest
from django.db import connection
from django.test import TransactionTestCase

from integrity import triggers


@pytest.fixture(scope="session", autouse=True)
def _flush_may_empty_the_ledger() -> Iterator[None]:
    """A transactional test ends by emptying every table, which the triggers refuse."""
    empty = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]

    def empty_unprotected(case: TransactionTestCase) -> None:
        with triggers.lifted(connection):
            empty(case)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TransactionTestCase, "_fixture_teardown", empty_unprotected)
        yield
