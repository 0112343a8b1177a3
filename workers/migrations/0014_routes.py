"""Routes, and by which one a batch and a delivery went: columns that may be empty, so that adding them
to a large table takes no time."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('digest', '0019_topic_colleagues_and_end'),
        ('workers', '0013_feedback'),
    ]

    operations = [
        migrations.AddField(
            model_name='batch',
            name='not_before',
            field=models.DateTimeField(blank=True, help_text="It holds what a domain's limit keeps back: others first.", null=True),
        ),
        migrations.AddField(
            model_name='batch',
            name='route',
            field=models.SmallIntegerField(blank=True, help_text='By which it last went.', null=True),
        ),
        migrations.AddField(
            model_name='delivery',
            name='route',
            field=models.SmallIntegerField(blank=True, help_text='Id of the last one tried.', null=True),
        ),
        migrations.AddField(
            model_name='pace',
            name='rate',
            field=models.FloatField(default=0, help_text='At which the last run was reserved.'),
        ),
        migrations.AlterField(
            model_name='pace',
            name='name',
            field=models.CharField(help_text='route:…, mailing:… and so on.', max_length=300, unique=True),
        ),
        migrations.CreateModel(
            name='Route',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=40)),
                ('sealed', models.TextField(blank=True, help_text='Its SMTP URL, encrypted; empty: SMTP_URL.')),
                ('connections', models.PositiveSmallIntegerField(blank=True, help_text='Of each worker process; none: as its URL says.', null=True)),
                ('rate', models.FloatField(blank=True, help_text='Messages a second.', null=True)),
                ('cap', models.PositiveIntegerField(blank=True, help_text='Messages a day.', null=True)),
                ('zone', models.CharField(default='UTC', help_text='Whose midnight ends a day.', max_length=64)),
                ('warmup', models.JSONField(blank=True, default=list, help_text='[50, 100, …]: the cap of each day, from the first on.')),
                ('warmup_from', models.DateField(blank=True, help_text='Its first day.', null=True)),
                ('weight', models.PositiveSmallIntegerField(default=1, help_text='Its share among its equals.')),
                ('place', models.PositiveSmallIntegerField(default=1, help_text='1 goes first; 2 where no route of place 1 can take it, and so on.')),
                ('provider', models.CharField(blank=True, help_text="Whose it is; none: as its host's name tells.", max_length=20)),
                ('kinds', models.JSONField(blank=True, default=list, help_text='MailingKinds that it serves; none: all.')),
                ('paused_at', models.DateTimeField(blank=True, help_text='By a person.', null=True)),
                ('removed_at', models.DateTimeField(blank=True, help_text='Its row stays, for whatever went by it.', null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('failures', models.PositiveSmallIntegerField(default=0, help_text='Since it last took a message.')),
                ('aside_until', models.DateTimeField(blank=True, help_text='Set aside: when it is looked at again.', null=True)),
                ('trouble', models.TextField(blank=True, help_text='Why, in words.')),
                ('heard', models.JSONField(blank=True, default=list, help_text='[[time, words], …]: what it last said, newest first.')),
                ('topics', models.ManyToManyField(blank=True, help_text='That it serves; none: all.', related_name='+', to='digest.topic')),
            ],
        ),
        migrations.CreateModel(
            name='DomainLimit',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(help_text='In lower case.', max_length=255)),
                ('rate', models.FloatField(blank=True, help_text='Messages a second.', null=True)),
                ('connections', models.PositiveSmallIntegerField(blank=True, help_text='Messages under way at once, of each worker process.', null=True)),
                ('held_at', models.DateTimeField(blank=True, help_text='When a worker last held messages back for it.', null=True)),
                ('held', models.PositiveIntegerField(default=0, help_text="How many, of that worker's batch.")),
                ('route', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='limits', to='workers.route')),
            ],
        ),
        migrations.CreateModel(
            name='RouteDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('taken', models.BigIntegerField(default=0, help_text='Messages that workers took from its cap before they sent them.')),
                ('accepted', models.BigIntegerField(default=0)),
                ('refused', models.BigIntegerField(default=0, help_text='Failed or deferred by its answer.')),
                ('uncertain', models.BigIntegerField(default=0)),
                ('route', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='days', to='workers.route')),
            ],
        ),
        migrations.CreateModel(
            name='RouteMoment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('second', models.BigIntegerField(db_index=True, help_text='Since 1970.')),
                ('messages', models.PositiveIntegerField(default=0)),
                ('route', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workers.route')),
            ],
        ),
        migrations.CreateModel(
            name='RouteShare',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('accepted', models.BigIntegerField(default=0)),
                ('refused', models.BigIntegerField(default=0)),
                ('uncertain', models.BigIntegerField(default=0)),
                ('mailing', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='shares', to='workers.mailing')),
                ('route', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='workers.route')),
            ],
        ),
        migrations.AddConstraint(
            model_name='route',
            constraint=models.UniqueConstraint(condition=models.Q(('removed_at', None)), fields=('name',), name='route_name_once'),
        ),
        migrations.AddConstraint(
            model_name='domainlimit',
            constraint=models.UniqueConstraint(fields=('route', 'domain'), name='domain_once'),
        ),
        migrations.AddConstraint(
            model_name='routeday',
            constraint=models.UniqueConstraint(fields=('route', 'day'), name='route_day_once'),
        ),
        migrations.AddConstraint(
            model_name='routemoment',
            constraint=models.UniqueConstraint(fields=('route', 'second'), name='route_moment_once'),
        ),
        migrations.AddConstraint(
            model_name='routeshare',
            constraint=models.UniqueConstraint(fields=('mailing', 'route'), name='route_share_once'),
        ),
    ]
