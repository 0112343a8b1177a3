from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("workers", "0019_inbox_counts")]

    operations = [
        migrations.AddField(
            model_name="route",
            name="by_api",
            field=models.BooleanField(
                default=False,
                help_text="By HTTPS; told of a removed one too, whose address is not kept.",
            ),
        ),
        migrations.AlterField(
            model_name="route",
            name="sealed",
            field=models.TextField(
                blank=True, help_text="Its address, encrypted; empty: SMTP_URL."
            ),
        ),
    ]
