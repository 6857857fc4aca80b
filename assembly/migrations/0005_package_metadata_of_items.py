"""What the manifest of a package of items tells of the package itself."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("assembly", "0004_metadata_of_tests_and_stimuli")]

    operations = [
        migrations.AddField(
            model_name="itemversion",
            name="package_metadata",
            field=models.TextField(blank=True, default="", editable=False),
            preserve_default=False,
        ),
    ]
