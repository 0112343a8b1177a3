# Deploy: adds columns and tables, nothing is rewritten but defaults.

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('digest', '0009_closed_and_statements'),
    ]

    operations = [
        migrations.AddField(
            model_name='briefing',
            name='independent_sources',
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='briefing',
            name='signature',
            field=models.JSONField(blank=True, default=dict, help_text='What tells its story from others (same_story/).'),
        ),
        migrations.AddField(
            model_name='briefing',
            name='signature_version',
            field=models.PositiveSmallIntegerField(default=0, help_text='Of the rule that made the signature; 0: there is none.'),
        ),
        migrations.AddField(
            model_name='briefing',
            name='story_keys',
            field=models.BinaryField(default=b'', help_text='By which others like it are found.'),
        ),
        migrations.AddField(
            model_name='topic',
            name='sections',
            field=models.BooleanField(default=False, help_text='Items of one tag stand together, under the tag.'),
        ),
        migrations.AddField(
            model_name='topic',
            name='words_budget',
            field=models.PositiveIntegerField(default=0, help_text='0: no limit.'),
        ),
        migrations.AddField(
            model_name='update',
            name='likely',
            field=models.JSONField(blank=True, default=list, help_text='Pairs to ask an editor about: [{"slug", "into", "why", "differs"}].'),
        ),
        migrations.CreateModel(
            name='Fold',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('why', models.TextField(help_text='What they share, or who folded them.')),
                ('frozen', models.JSONField(blank=True, help_text='BriefingData as approved; null while a draft.', null=True)),
                ('briefing', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='folds', to='digest.briefing')),
                ('into', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='digest.briefing')),
                ('update', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='folds', to='digest.update')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('update', 'briefing'), name='fold_once')],
            },
        ),
        migrations.CreateModel(
            name='StoryRuling',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('ruling', models.CharField(choices=[('same', 'The same story'), ('apart', 'Two stories')], max_length=5)),
                ('by', models.CharField(blank=True, max_length=320)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('briefing', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='digest.briefing')),
                ('other', models.ForeignKey(help_text='The one that is kept.', on_delete=django.db.models.deletion.CASCADE, related_name='+', to='digest.briefing')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('briefing', 'other'), name='ruling_once')],
            },
        ),
    ]
