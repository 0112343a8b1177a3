"""Atom and JSON Feed of a topic."""

import json
from xml.etree import ElementTree as ET

import pytest
from django.conf import settings
from django.test import Client

from digest.models import Topic
from tests import newsroom

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def two_sent(pivot: Topic) -> Topic:
    """Two updates out, the second with a title that could break things."""
    newsroom.update(pivot, 1, newsroom.whole(pivot), title="The first")
    hostile = newsroom.briefing(
        pivot, "Quotes & <b>marks</b>", summary="Ends with ]]> and </script><script>x</script>."
    )
    newsroom.update(
        pivot, 2, hostile, title='A "title" & <more>', preheader="What the title leaves out"
    )
    return pivot


def atom(topic: Topic) -> ET.Element:
    answer = Client().get(f"/t/{topic.slug}/feed.xml")
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    return ET.fromstring(answer.content)


def json_feed(topic: Topic) -> dict[str, object]:
    answer = Client().get(f"/t/{topic.slug}/feed.json")
    assert answer["Content-Type"] == "application/feed+json; charset=utf-8"
    assert b"<" not in answer.content
    feed: dict[str, object] = json.loads(answer.content)
    return feed


def test_atom_has_what_rfc_4287_asks_for(two_sent: Topic) -> None:
    feed = atom(two_sent)
    for name in ("id", "title", "updated"):
        assert feed.findtext(ATOM + name), name
    assert feed.find(f"{ATOM}author/{ATOM}name") is not None
    own = {link.get("rel"): link.get("href") for link in feed.findall(f"{ATOM}link")}
    assert own["self"] == f"{settings.BASE_URL}/t/{two_sent.slug}/feed.xml"
    for entry in feed.findall(f"{ATOM}entry"):
        for name in ("id", "title", "updated", "published", "summary", "content"):
            assert entry.findtext(ATOM + name), name


def test_entries_come_newest_first_with_absolute_links(two_sent: Topic) -> None:
    feed = atom(two_sent)
    titles = [entry.findtext(f"{ATOM}title") for entry in feed.findall(f"{ATOM}entry")]
    assert titles == ['Update #2: A "title" & <more>', "Update #1: The first"]
    ids = [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")]
    assert ids == [f"{settings.BASE_URL}/t/{two_sent.slug}/{n}/" for n in (2, 1)]


def test_json_feed_has_what_version_1_1_asks_for(two_sent: Topic) -> None:
    feed = json_feed(two_sent)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"] == f"{settings.BASE_URL}/t/{two_sent.slug}/feed.json"
    items = feed["items"]
    assert isinstance(items, list)
    assert [item["id"] for item in items] == [
        f"{settings.BASE_URL}/t/{two_sent.slug}/{n}/" for n in (2, 1)
    ]
    assert items[0]["title"] == 'Update #2: A "title" & <more>'
    assert items[0]["date_published"] == "2026-05-29T09:00:00+00:00"


def test_content_in_feeds_is_escaped_html(two_sent: Topic) -> None:
    items = json_feed(two_sent)["items"]
    assert isinstance(items, list)
    content = items[0]["content_html"]
    assert "&lt;script&gt;" in content
    assert "<script" not in content
    entry = atom(two_sent).find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}content") == content


def test_every_link_in_a_feed_is_absolute(two_sent: Topic) -> None:
    items = json_feed(two_sent)["items"]
    assert isinstance(items, list)
    for item in items:
        assert 'href="/' not in item["content_html"]


def test_an_empty_feed_is_still_a_feed(pivot: Topic) -> None:
    assert atom(pivot).findtext(f"{ATOM}title") == pivot.name
    assert json_feed(pivot)["items"] == []


def test_a_feed_holds_the_latest_ten(pivot: Topic) -> None:
    for number in range(1, 13):
        newsroom.update(pivot, number)
    items = json_feed(pivot)["items"]
    assert isinstance(items, list)
    assert len(items) == 10
    assert items[0]["id"].endswith("/12/")


def test_a_reader_that_has_it_all_is_told_so_without_the_feed_being_made(
    two_sent: Topic, django_assert_num_queries: object
) -> None:
    path = f"/t/{two_sent.slug}/feed.xml"
    tag = Client().get(path)["ETag"]
    with django_assert_num_queries(2):  # type: ignore[operator]
        assert Client(headers={"if-none-match": tag}).get(path).status_code == 304
