from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("assembly", "0002_itemversion_metadata"),
    ]

    operations = [
        migrations.AddField(
            model_name="testform",
            name="secret",
            field=models.BinaryField(default=b""),
            preserve_default=False,
        ),
    ]
