"""A batch's one statement writes what the models have, and all of it."""

import pytest
from django.db import connection

from delivery.models import AssessmentSession, ItemSession, ResponseRevision
from delivery.queries import answers
from delivery.saving import batches
from integrity import ledger

KINDS = {"text": "varchar", "timestamptz": "timestamp with time zone"}


def test_a_revision_gets_every_column_that_its_model_has() -> None:
    fields = ResponseRevision._meta.concrete_fields
    columns = {field.column for field in fields if not field.primary_key}
    assert columns == {*answers.ANSWER, "ledger_seq", "ledger_head"}


@pytest.mark.skipif(connection.vendor != "postgresql", reason="the kinds are PostgreSQL's")
def test_the_kinds_are_those_of_the_columns() -> None:
    for field in ResponseRevision._meta.concrete_fields:
        kind = answers.ANSWER.get(field.column or "")
        if kind is not None:
            written = (field.rel_db_type(connection) or "").partition("(")[0]
            assert (field.column, written) == (field.column, KINDS.get(kind, kind))


def test_what_an_answer_changes_is_the_same_on_each_way() -> None:
    statements = " ".join(
        text for name, text in vars(answers).items() if name in ("_MOVE_SESSIONS", "_MOVE_ITEMS")
    )
    changed = {*batches.SESSION_CHANGES, *batches.ROW_CHANGES}
    assert {name for name in changed if f" {name} = new." not in statements} == set()
    models = (AssessmentSession, ItemSession)
    assert all(f"UPDATE {model._meta.db_table} " in statements for model in models)


def test_each_value_is_sent_once() -> None:
    assert len(answers.COLUMNS) == len(set(answers.COLUMNS)) == len(answers.KINDS)
    assert set(ledger.COLUMNS) <= set(answers.COLUMNS)
