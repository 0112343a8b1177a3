import uuid

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('workers', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Pulse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('database', models.UUIDField(default=uuid.uuid4, help_text='Tells this database from others that a machine works with.')),
                ('at', models.DateTimeField()),
            ],
        ),
    ]
