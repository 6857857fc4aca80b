"""Entries are no longer checked against their stream one by one, which cost a third of an answer.

A stream can be neither removed nor renamed (its own triggers), entries are written under its lock,
and `verify` names an entry without a stream as orphaned.
"""

import django.db.models.deletion
from django.db import migrations, models


def remove_check(apps, schema_editor):
    connection = schema_editor.connection
    # SQLite checks for next to nothing, and would have to copy the table.
    if connection.vendor != "postgresql":
        return
    table = apps.get_model("integrity", "LedgerEntry")._meta.db_table
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table)
    for name, constraint in found.items():
        if constraint["foreign_key"] and constraint["columns"] == ["stream_id"]:
            schema_editor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')


class Migration(migrations.Migration):
    dependencies = [("integrity", "0010_words_beside_digests")]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="ledgerentry",
                    name="stream",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="integrity.ledgerstream",
                        verbose_name="stream",
                    ),
                ),
            ],
            database_operations=[migrations.RunPython(remove_check, migrations.RunPython.noop)],
        ),
    ]
