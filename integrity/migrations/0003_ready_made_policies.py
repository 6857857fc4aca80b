"""Two lockdown policies that a new installation begins with."""

from django.db import migrations

from integrity.policy import lockdown


def create(apps, schema_editor):
    rows = apps.get_model("integrity", "LockdownPolicy").objects
    for policy in lockdown.READY_MADE:
        rows.get_or_create(
            name=policy.name,
            version=policy.version,
            defaults={
                "rules": lockdown.write_rules(policy.watched),
                "requires_javascript": policy.requires_javascript,
                "requires_fullscreen": policy.requires_fullscreen,
            },
        )


class Migration(migrations.Migration):
    dependencies = [("integrity", "0002_append_only")]

    operations = [migrations.RunPython(create, migrations.RunPython.noop)]
