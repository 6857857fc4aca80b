"""Sets of rows reach both databases whole, whatever their columns hold."""

import pytest

from integrity import rowsets

pytestmark = pytest.mark.django_db


def test_rows_come_as_they_were_given() -> None:
    rows = [(1, 'ä \\ " %s {}', True, 2**40), (2, "", False, -1)]
    kinds = ("bigint", "text", "boolean", "bigint")
    new, values = rowsets.source(("id", "text", "flag", "count"), kinds, rows)
    with rowsets.cursor() as cursor:
        cursor.execute(f"{new} SELECT * FROM new ORDER BY id", values)
        assert [tuple(row) for row in cursor.fetchall()] == rows


def test_condition_names_any_of_the_values() -> None:
    new, values = rowsets.source(("id",), ("bigint",), [(1,), (2,), (3,)])
    which, wanted = rowsets.any_of("id", [3, 1, 9], "bigint")
    with rowsets.cursor() as cursor:
        cursor.execute(f"{new} SELECT id FROM new WHERE {which} ORDER BY id", [*values, *wanted])
        assert [row[0] for row in cursor.fetchall()] == [1, 3]
