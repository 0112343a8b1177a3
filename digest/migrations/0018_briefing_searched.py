from django.db import migrations, models


def fill(apps, schema_editor):
    """A second for some 5,000 briefings."""
    from digest.searching import folded

    briefings = apps.get_model("digest", "Briefing").objects
    last = 0
    while batch := list(briefings.filter(pk__gt=last).order_by("pk")[:500]):
        for one in batch:
            sources = [source["name"] for source in one.sources]
            said = [one.headline, one.short_headline, one.slug, one.tag, one.status, *sources]
            one.searched = folded([*said, one.summary, one.key_takeaway, one.body])
        briefings.bulk_update(batch, ["searched"])
        last = batch[-1].pk


class Migration(migrations.Migration):
    dependencies = [
        ("digest", "0017_partner_and_testers"),
    ]

    operations = [
        migrations.AddField(
            model_name="briefing",
            name="searched",
            field=models.TextField(
                blank=True, default="", help_text="Its words folded, as searching.py makes them."
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
