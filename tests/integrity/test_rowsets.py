"""Sets of rows reach both databases whole, whatever their columns hold."""

import json
from contextlib import closing, nullcontext
from datetime import UTC

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from integrity import rowsets

pytestmark = pytest.mark.django_db
MARK = "UPDATE integrity_ledgerstream SET head = 'x' WHERE name = %s"


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


KINDS = {
    "bigint": st.integers(-(2**63), 2**63 - 1),
    "double precision": st.floats(allow_nan=False),
    "boolean": st.booleans(),
    "uuid": st.uuids(),
    "timestamptz": st.datetimes(timezones=st.just(UTC)),
    "text": st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    "jsonb": st.recursive(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])) | st.booleans(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    ),
}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="others get no arrays")
@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_column_of_any_values_is_read_as_it_was_given(kind: str, data: st.DataObject) -> None:
    sent = data.draw(st.lists(st.none() | KINDS[kind], min_size=1, max_size=5))
    new, values = rowsets.source(("n", "v"), ("integer", kind), list(enumerate(sent)))
    with rowsets.cursor() as cursor:
        cursor.execute(f"{new} SELECT v FROM new ORDER BY n", values)
        found = [json.loads(one) if kind == "jsonb" and one else one for (one,) in cursor]
    assert found == sent


@pytest.mark.skipif(connection.vendor != "postgresql", reason="others get no arrays")
def test_a_text_that_the_database_cannot_hold_takes_no_others_place() -> None:
    assert rowsets.array(["a", "b\0c"], "text") == '{"a","b\0c"}'


def streams() -> list[tuple[str, str]]:
    with rowsets.cursor() as cursor:
        cursor.execute("SELECT name, head FROM integrity_ledgerstream ORDER BY name")
        return [tuple(row) for row in cursor.fetchall()]


def add(name: str) -> None:
    new, values = rowsets.source(("name",), ("text",), [(name,)])
    insert = " INSERT INTO integrity_ledgerstream (name, head, length) SELECT name, '', 0 FROM new"
    rowsets.write(new + insert, values)


def rename(head: str) -> None:
    new, values = rowsets.source(("head",), ("text",), [(head,)])
    rowsets.write(f"{new} UPDATE integrity_ledgerstream SET head = new.head FROM new", values)


def test_what_is_written_as_one_is_all_written() -> None:
    add("before")
    with transaction.atomic(), rowsets.as_one():
        add("first")
        add("second")
    assert streams() == [("before", ""), ("first", ""), ("second", "")]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite gets each write at once")
def test_what_is_written_as_one_sees_nothing_of_each_other() -> None:
    add("before")
    with transaction.atomic(), rowsets.as_one():
        add("beside")
        rename("x")
    assert streams() == [("before", "x"), ("beside", "")]


def test_one_write_as_one_is_itself() -> None:
    with transaction.atomic(), rowsets.as_one():
        add("alone")
    with transaction.atomic(), rowsets.as_one():
        pass
    assert streams() == [("alone", "")]


def test_what_fails_among_the_writes_fails_the_block_and_leaves_nothing() -> None:
    def fail() -> None:
        with transaction.atomic(), rowsets.as_one():
            add("first")
            rowsets.write("UPDATE nowhere SET nothing = 1", [])

    with pytest.raises(DatabaseError):
        fail()
    assert streams() == []


def test_an_error_before_the_end_sends_nothing() -> None:
    def stop() -> None:
        with transaction.atomic(), rowsets.as_one():
            add("first")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        stop()
    add("after")
    assert streams() == [("after", "")]


def test_condition_names_any_of_the_values() -> None:
    new, values = rowsets.source(("id",), ("bigint",), [(1,), (2,), (3,)])
    which, wanted = rowsets.any_of("id", [3, 1, 9], "bigint")
    with rowsets.cursor() as cursor:
        cursor.execute(f"{new} SELECT id FROM new WHERE {which} ORDER BY id", [*values, *wanted])
        assert [row[0] for row in cursor.fetchall()] == [1, 3]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
@pytest.mark.parametrize("gathered", [True, False])
def test_a_write_that_must_find_its_rows_leaves_nothing_where_it_does_not(gathered: bool) -> None:
    add("there")

    def write() -> None:
        with transaction.atomic(), rowsets.as_one() if gathered else nullcontext():
            add("beside")
            rowsets.write(MARK, ["there"], must=1)
            rowsets.write(MARK, ["missing"], must=1)

    with pytest.raises(rowsets.MovedError):
        write()
    assert streams() == [("there", "")]


def test_a_write_that_finds_its_rows_is_written() -> None:
    add("there")
    with transaction.atomic(), rowsets.as_one():
        rowsets.write(MARK, ["there"], must=1)
        add("beside")
    assert streams() == [("beside", ""), ("there", "x")]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite gets each write at once")
@pytest.mark.django_db(transaction=True)
def test_what_comes_afterwards_sees_what_was_written() -> None:
    seen: list[list[tuple[str, str]]] = []
    with rowsets.as_one():
        rowsets.afterwards(lambda: seen.append(streams()))
        add("first")
        add("second")
    assert seen == [[("first", ""), ("second", "")]]


@pytest.mark.django_db(transaction=True)
def test_nothing_comes_after_what_was_not_written() -> None:
    seen: list[int] = []

    def fail() -> None:
        with transaction.atomic(), rowsets.as_one():
            rowsets.afterwards(lambda: seen.append(1))
            rowsets.write("UPDATE nowhere SET nothing = 1", [])

    with pytest.raises(DatabaseError):
        fail()
    assert seen == []


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite prepares nothing")
@pytest.mark.django_db(transaction=True)
def test_a_write_says_what_the_database_says_and_is_prepared_once() -> None:
    add("once")
    with pytest.raises(IntegrityError, match="integrity_ledgerstream_name_key"):
        add("once")
    with pytest.raises(rowsets.MovedError):
        rowsets.write(MARK, ["missing"], must=1)
    rowsets.write(MARK, ["once"], must=1)
    with CaptureQueriesContext(connection) as asked:
        rowsets.write(MARK, ["once"], must=1)
    assert len(asked) == 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE name LIKE 'invigil%'")
        assert len(cursor.fetchall()) == 2
    assert streams() == [("once", "x")]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no server")
@pytest.mark.django_db(transaction=True)
def test_a_write_after_the_server_let_the_connection_go_is_an_error_and_the_next_is_not() -> None:
    add("before")
    with closing(psycopg.connect(**connection.get_connection_params())) as other:
        other.execute("SELECT pg_terminate_backend(%s)", [connection.connection.info.backend_pid])
    with pytest.raises(OperationalError):
        add("lost")
    connection.close()
    add("after")
    assert [name for name, _ in streams()] == ["after", "before"]


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite prepares nothing")
@pytest.mark.django_db(transaction=True)
def test_a_write_after_a_rollback_is_prepared_anew() -> None:
    add("before")
    rowsets.write(MARK, ["before"])
    with pytest.raises(rowsets.MovedError), transaction.atomic():
        rowsets.write(MARK, ["missing"], must=1)
    with rowsets.cursor() as cursor:
        cursor.execute("SELECT 1", [])
    add("after")
    rowsets.write(MARK, ["after"], must=1)
    assert streams() == [("after", "x"), ("before", "x")]
