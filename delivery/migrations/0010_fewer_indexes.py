"""Two foreign keys are found by the index of a constraint that begins with them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("delivery", "0009_files_of_answers")]

    operations = [
        migrations.AlterField(
            model_name="itemsession",
            name="session",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="item_sessions",
                to="delivery.assessmentsession",
            ),
        ),
        migrations.AlterField(
            model_name="responserevision",
            name="item_session",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="revisions",
                to="delivery.itemsession",
            ),
        ),
    ]
