from django.db import migrations, models


def as_they_are_now(apps, schema_editor):
    """Editions made before this are from whoever their topics' mails are from."""
    from django.conf import settings

    Edition = apps.get_model("digest", "Edition")
    for edition in Edition.objects.select_related("topic").only("id", "topic"):
        edition.sender = edition.topic.from_address or str(settings.FROM_ADDRESS)
        edition.save(update_fields=["sender"])


class Migration(migrations.Migration):
    dependencies = [("digest", "0002_installation")]

    operations = [
        migrations.AddField(
            "Edition",
            "sender",
            models.TextField(default="", help_text="Who it is from, as it was when this was made."),
            preserve_default=False,
        ),
        migrations.RunPython(as_they_are_now, migrations.RunPython.noop),
    ]
