"""Sets of rows reach both databases whole, whatever their columns hold."""

import pytest
from django.db import DatabaseError, transaction

from integrity import rowsets

pytestmark = pytest.mark.django_db


def test_rows_come_as_they_were_given() -> None:
    rows = [(1, 'ä \\ " %s {}', True, 2**40), (2, "", False, -1)]
    kinds = ("bigint", "text", "boolean", "bigint")
    new, values = rowsets.source(("id", "text", "flag", "count"), kinds, rows)
    with rowsets.cursor() as cursor:
        cursor.execute(f"{new} SELECT * FROM new ORDER BY id", values)
        assert [tuple(row) for row in cursor.fetchall()] == rows


def test_values_may_be_missing_and_text_may_look_like_anything() -> None:
    rows = [(1, "NULL", None), (2, 'a","b', '{"c": "\\\\"}'), (3, "{}", "x"), (4, "", None)]
    new, values = rowsets.source(("id", "text", "other"), ("bigint", "text", "text"), rows)
    with rowsets.cursor() as cursor:
        cursor.execute(f"{new} SELECT * FROM new ORDER BY id", values)
        assert [tuple(row) for row in cursor.fetchall()] == rows


def test_statements_sent_together_see_each_other_and_keep_their_rows() -> None:
    with transaction.atomic(), rowsets.together():
        first, second = rowsets.cursor(), rowsets.cursor()
        first.execute("INSERT INTO integrity_ledgerstream (name, head, length) VALUES ('t', '', 0)")
        second.execute("SELECT name FROM integrity_ledgerstream WHERE name = %s", ["t"])
        third = rowsets.cursor()
        third.execute("SELECT 1")
    with first, second, third:
        assert (second.fetchall(), third.fetchall()) == ([("t",)], [(1,)])


def test_what_fails_among_statements_sent_together_fails_the_block() -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), rowsets.together():
        rowsets.cursor().execute("SELECT nothing FROM nowhere")
    with rowsets.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchall() == [(1,)]


def test_condition_names_any_of_the_values() -> None:
    new, values = rowsets.source(("id",), ("bigint",), [(1,), (2,), (3,)])
    which, wanted = rowsets.any_of("id", [3, 1, 9], "bigint")
    with rowsets.cursor() as cursor:
        cursor.execute(f"{new} SELECT id FROM new WHERE {which} ORDER BY id", [*values, *wanted])
        assert [row[0] for row in cursor.fetchall()] == [1, 3]
