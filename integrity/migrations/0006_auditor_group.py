"""The group whose members see the auditor's pages."""

from django.conf import settings
from django.db import migrations


def create(apps, schema_editor):
    apps.get_model("auth", "Group").objects.get_or_create(name="Auditor")


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("integrity", "0005_anchors"),
    ]

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
