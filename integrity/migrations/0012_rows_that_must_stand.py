"""A statement that writes what was decided without locks can refuse what has moved meanwhile.

Outside a transaction only an error takes back what the other parts of a statement have written.
"""

from django.db import migrations

CREATE = """
CREATE OR REPLACE FUNCTION integrity_must_stand(stands boolean) RETURNS boolean LANGUAGE plpgsql
AS $$
BEGIN
    IF stands THEN
        RETURN true;
    END IF;
    RAISE EXCEPTION 'what this rests on has moved meanwhile; it is decided again, behind locks'
        USING ERRCODE = 'serialization_failure';
END $$
"""
DROP = "DROP FUNCTION integrity_must_stand(boolean)"


def create(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(CREATE)


def drop(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(DROP)


class Migration(migrations.Migration):
    dependencies = [("integrity", "0011_entries_need_no_check")]

    operations = [migrations.RunPython(create, drop, elidable=False)]
