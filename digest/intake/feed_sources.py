"""A person's hand on a topic's feeds: added, paused, asked for now, taken away."""

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from digest.audit import audit
from digest.errors import NotFound, Refused
from digest.feeds import Feed
from digest.intake.addresses import NoSuchSite, NotFetched, checked, parts_of, spelled_out
from digest.models import Topic

MINUTES = (5, 10_080)
"""Between two looks: not so often that a site minds, and once a week at least."""


@transaction.atomic
def add(topic: Topic, url: str, *, minutes: int, hold: bool, by: str) -> Feed:
    """Make an address a source of the topic; it is read within a second where workers run."""
    address = url.strip()
    if address.split()[1:] or not address.isprintable():
        raise Refused(
            f"{address[:100]!r} has a space or a character that no address has; nothing was "
            "added. Paste it as the browser shows it."
        )
    try:
        # A name is looked up when it is asked for; what can be told at once is told at once.
        checked(parts_of(address), spelled_out, settings.FETCH_NETWORKS, seconds=1)
    except NoSuchSite:
        pass
    except NotFetched as problem:
        raise Refused(f"“{address[:100]}” {problem}; nothing was added.") from None
    if len(address) > 2000:
        raise Refused("The address has more than 2,000 characters; nothing was added.")
    _check_minutes(minutes)
    feed, made = Feed.objects.get_or_create(
        topic=topic, url=address, defaults={"minutes": minutes, "hold": hold}
    )
    if not made:
        raise Refused(f"{address} is a source of {topic} already; nothing was changed.")
    audit(by, "added feed", topic.slug, url=address, minutes=minutes, hold=hold)
    return feed


def find(topic: Topic, url: str) -> Feed:
    """The topic's feed at this address; NotFound says which there are."""
    feed = topic.feeds.filter(url=url.strip()).first()
    if feed is None:
        known = ", ".join(topic.feeds.values_list("url", flat=True)[:5])
        raise NotFound(
            f"{url} is no source of {topic}; nothing was changed. "
            + (f"Its sources are: {known}" if known else "It has none yet.")
        )
    return feed


@transaction.atomic
def change(feed: Feed, *, minutes: int, hold: bool, by: str) -> None:
    """How often it is read, and whether what it brings waits for a look."""
    _check_minutes(minutes)
    feed.minutes, feed.hold = minutes, hold
    feed.save(update_fields=["minutes", "hold"])
    audit(by, "changed feed", feed.topic.slug, url=feed.url, minutes=minutes, hold=hold)


@transaction.atomic
def remove(feed: Feed, by: str) -> None:
    """Ask it no more; the briefings that it brought stay."""
    audit(by, "removed feed", feed.topic.slug, url=feed.url)
    feed.delete()


@transaction.atomic
def pause(feed: Feed, by: str) -> None:
    """Leave it alone until somebody says otherwise."""
    Feed.objects.filter(pk=feed.pk).update(paused_at=timezone.now())
    audit(by, "paused feed", feed.topic.slug, url=feed.url)


@transaction.atomic
def ask_now(feed: Feed, by: str) -> None:
    """Make it due now, though it was paused, or said to be gone."""
    Feed.objects.filter(pk=feed.pk).update(paused_at=None, gone_at=None, next_at=timezone.now())
    audit(by, "asked for feed", feed.topic.slug, url=feed.url)


def _check_minutes(minutes: int) -> None:
    if not MINUTES[0] <= minutes <= MINUTES[1]:
        raise Refused("A feed is read every 5 to 10,080 minutes; nothing was changed.")
