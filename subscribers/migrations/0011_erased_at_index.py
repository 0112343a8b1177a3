"""An index of the erased, whose mails are looked through once a minute.

It holds few people; making it reads the table once, a second for a million.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0010_people_search")]
    operations = [
        migrations.AddIndex(
            "subscriber",
            models.Index(
                fields=["erased_at"],
                condition=models.Q(erased_at__isnull=False),
                name="subscriber_erased",
            ),
        ),
    ]
