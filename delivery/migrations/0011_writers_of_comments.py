"""A comment knows its page and number, as an answer does; a server of before leaves them out."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0010_fewer_indexes")]

    operations = [
        migrations.AddField(
            model_name="candidatecomment",
            name="client_seq",
            field=models.PositiveBigIntegerField(db_default=0, default=0),
        ),
        migrations.AddField(
            model_name="candidatecomment",
            name="writer",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
    ]
