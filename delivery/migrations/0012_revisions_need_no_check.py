"""Revisions are no longer checked against their item session one by one when they are written.

They are written under the lock of the session that the item session was read by. What the check
was worth for, that no item session goes away under its revisions, a trigger does. Rows that every
answer changes find room for it in their own page.
"""

import django.db.models.deletion
from django.db import migrations, models

ROOM = "ALTER TABLE {table} SET (fillfactor = 70)"
CHANGING = ("delivery_assessmentsession", "delivery_itemsession", "integrity_ledgerstream")
FUNCTION = """
CREATE FUNCTION delivery_keep_revised() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM delivery_responserevision WHERE item_session_id = OLD.id) THEN
        RAISE EXCEPTION 'item session % has revisions', OLD.id
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN OLD;
END $$
"""
TRIGGER = """
CREATE TRIGGER itemsession_revised BEFORE DELETE ON delivery_itemsession
    FOR EACH ROW EXECUTE FUNCTION delivery_keep_revised()
"""


def remove_check(apps, schema_editor):
    connection = schema_editor.connection
    # SQLite checks for next to nothing, and would have to copy the table.
    if connection.vendor != "postgresql":
        return
    table = apps.get_model("delivery", "ResponseRevision")._meta.db_table
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, table)
    for name, constraint in found.items():
        if constraint["foreign_key"] and constraint["columns"] == ["item_session_id"]:
            schema_editor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')
    statements = [FUNCTION, TRIGGER, *(ROOM.format(table=changing) for changing in CHANGING)]
    for statement in statements:
        # Without values, a percent sign is one.
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0011_writers_of_comments"),
        ("integrity", "0011_entries_need_no_check"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="responserevision",
                    name="item_session",
                    field=models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="revisions",
                        to="delivery.itemsession",
                    ),
                ),
            ],
            database_operations=[migrations.RunPython(remove_check, migrations.RunPython.noop)],
        ),
    ]
