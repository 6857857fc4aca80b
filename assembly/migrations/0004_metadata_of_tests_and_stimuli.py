"""What manifests tell of tests, packages and stimuli; where an edited test came from."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("assembly", "0003_testform_secret")]

    operations = [
        migrations.AddField(
            model_name="assessmenttest",
            name="metadata",
            field=models.TextField(blank=True, default="", editable=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="assessmenttest",
            name="origin",
            field=models.TextField(blank=True, default="", editable=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="assessmenttest",
            name="package_metadata",
            field=models.TextField(blank=True, default="", editable=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="assessmenttestversion",
            name="metadata",
            field=models.TextField(blank=True, default="", editable=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="assessmenttestversion",
            name="package_metadata",
            field=models.TextField(blank=True, default="", editable=False),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="itemversionasset",
            name="metadata",
            field=models.TextField(blank=True, default="", editable=False),
            preserve_default=False,
        ),
    ]
