import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("delivery", "0004_comments_and_looking_back"),
    ]

    operations = [
        migrations.AddField(
            model_name="assessmentsession",
            name="lease_device",
            field=models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="assessmentsession",
            name="writer_left_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="assessmentsession",
            name="takeover",
            field=models.JSONField(default=dict),
        ),
        migrations.AddField(
            model_name="sitting",
            name="offline_pages",
            field=models.BooleanField(
                default=False,
                verbose_name=(
                    "pages of the current part are kept ready for when the network is down"
                ),
            ),
        ),
        migrations.AddField(
            model_name="quarantine",
            name="refused_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="quarantine",
            name="refused_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="quarantine",
            name="refusal_grounds",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="quarantine",
            name="settled_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="quarantine",
            name="written_at",
            field=models.DateTimeField(null=True),
        ),
    ]
