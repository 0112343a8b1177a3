# Deploy: adds columns with defaults.

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('digest', '0014_topic_postal_address'),
    ]

    operations = [
        migrations.AddField(
            model_name='update',
            name='sectioned',
            field=models.BooleanField(default=False, help_text='An editor set the sections: items name theirs.'),
        ),
        migrations.AddField(
            model_name='item',
            name='section',
            field=models.CharField(blank=True, help_text='Where the update is sectioned: the one it stands in.', max_length=120),
        ),
        migrations.AddField(
            model_name='item',
            name='anyway',
            field=models.TextField(blank=True, help_text='Why an editor took it in past the cut-off, in their words.'),
        ),
    ]
