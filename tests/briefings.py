"""Makes briefings for tests, by the door that intake uses."""

import datetime as dt

from django.utils import timezone

from digest.briefings import Briefing
from digest.intake import store
from digest.models import Topic
from digest.parts import BriefingData

BODY = "The first paragraph says what happened.[^1] The second thing follows.\n\n[^1]: A source."


def keep_briefing(topic: Topic, slug: str, **said: object) -> Briefing:
    """A briefing of an hour ago, or the same with something else said."""
    known = Briefing.objects.filter(topic=topic, slug=slug).first()
    base = (
        known.data.model_dump()
        if known
        else {
            "slug": slug,
            "topic": topic.slug,
            "headline": f"Headline of {slug}",
            "short_headline": f"Short of {slug}",
            "status": "Developing",
            "tag": "Industry",
            "published_at": timezone.now() - dt.timedelta(hours=1),
            "summary": f"What {slug} is about, in a sentence.",
            "key_takeaway": f"Why {slug} matters to those who read it.",
            "body": BODY,
            "sources": [
                {"name": "Example Wire", "date": "2026-05-17", "url": "https://wire.example.org/a"}
            ],
        }
    )
    store.keep(BriefingData.model_validate({**base, **said}), topic, by="a test")
    return Briefing.objects.get(topic=topic, slug=slug)
