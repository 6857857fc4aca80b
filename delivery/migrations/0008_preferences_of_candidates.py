"""What candidates need beside time, as their AfA PNP profiles say."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0007_receipts_and_erasing")]

    operations = [
        migrations.AddField(
            model_name="candidate",
            name="preferences",
            field=models.JSONField(blank=True, default=dict, verbose_name="preferences"),
        ),
    ]
