import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("delivery", "0003_access_and_browser"),
    ]

    operations = [
        migrations.AddField(
            model_name="sitting",
            name="looking_back",
            field=models.BooleanField(
                default=True,
                verbose_name=(
                    "with their results, candidates see their items again where the test allows it"
                ),
            ),
        ),
        migrations.CreateModel(
            name="CandidateComment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField()),
                ("salt", models.CharField(max_length=32)),
                ("revision", models.PositiveIntegerField(default=1)),
                ("saved_at", models.DateTimeField()),
                (
                    "item_session",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="candidate_comment",
                        to="delivery.itemsession",
                    ),
                ),
            ],
        ),
    ]
