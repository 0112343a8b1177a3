"""Every page and every form of the desk, as they are: what no look changes, no address reaches
and no odd word upsets."""

import datetime as dt
import itertools
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import ERROR, get_messages
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.utils import timezone

from digest import approval, arranging, asking, drafting, editions, ordering, partnering, unsaved
from digest.briefings import Briefing
from digest.feeds import Feed
from digest.intake import store
from digest.models import Topic, Update
from digest.partnering import Partner
from digest.rendering.view import content_hash
from digest.teamwork import Version
from digest.unsaved import UnsavedBriefing
from tests import newsroom
from tests.test_permissions import TABLE
from tests.walking import Database, Form, Sent, everything, forms

pytestmark = pytest.mark.django_db
T = "/desk/medias-ai-pivot"
EDDA = "edda@example.org"
SECRET = "Kumquat"
"""A word that stands in the other topic's things alone."""
FLEETING = frozenset({"django_session", "digest_presence"})
"""Tables that tell of visitors, not of what is said."""


@pytest.fixture
def full(pivot: Topic, retail: Topic, stories: list[Briefing]) -> Update:
    """A draft with something in each of its corners; another topic with an approved update."""
    now = timezone.now()
    sent = newsroom.update(pivot, 1, newsroom.briefing(pivot, "Sent story"))
    Update.objects.filter(pk=sent.pk).update(until=now - dt.timedelta(days=3))
    whole = newsroom.whole(pivot, published_at=now - dt.timedelta(hours=3), updated_at=None)
    newsroom.briefing(pivot, "Held one", published_at=now)
    Briefing.objects.filter(slug="held-one").update(held_at=now)
    newsroom.briefing(pivot, "Late one", published_at=now + dt.timedelta(hours=5))
    draft = drafting.draft(pivot, by=EDDA)
    arranging.drop(draft, "third-story", by=EDDA)
    arranging.fold(draft, "second-story", "first-story", by=EDDA)
    ordering.to_section(draft, "first-story", "Harbour", by=EDDA)
    said = Partner("Partner", "Harbour Films", "We rent.", "https://films.example.org/", "first")
    partnering.set_partner(draft, said, by=EDDA)
    asking.ask(draft, EDDA, content_hash(editions.view_of(draft)), "Look at the pier.")
    store.keep(whole.data.model_copy(update={"summary": "Said anew."}), pivot, by=EDDA)
    _with_secrets(retail, now)
    for topic, url in ((pivot, "https://feeds.example.com/a"), (retail, f"https://{SECRET}.test")):
        Feed.objects.create(topic=topic, url=url)
    unsaved.keep(pivot, None, "ada@example.org", _typed("Begun"))
    return Update.objects.select_related("topic").get(pk=draft.pk)


def _with_secrets(retail: Topic, now: dt.datetime) -> None:
    """Two updates, of which the first topic has but one number; and unsaved work of Ada's."""
    one = newsroom.briefing(retail, f"{SECRET} one", published_at=now)
    newsroom.update(retail, 1, one, title=SECRET)
    two = newsroom.briefing(retail, f"{SECRET} two", published_at=now - dt.timedelta(hours=1))
    store.keep(two.data.model_copy(update={"summary": SECRET}), retail, by=EDDA)
    Update.objects.filter(topic=retail).update(until=now - dt.timedelta(days=2))
    drafted = drafting.draft(retail, by=EDDA)
    approval.approve(drafted, by="pia@example.org", at=now + dt.timedelta(days=2))
    unsaved.keep(retail, None, "ada@example.org", _typed(SECRET))
    unsaved.keep(retail, two, "ada@example.org", _typed(SECRET), seen=two.content_hash)


def _typed(headline: str) -> dict[str, Any]:
    return {"texts": {"headline": headline, "summary": headline, "body": ""}, "rows": {}}


def _routes(method: str) -> list[str]:
    return [
        route for route, (methods, _) in TABLE.items()
        if route.startswith("desk/") and method in methods
    ]  # fmt: skip


def _whole() -> Briefing:
    return Briefing.objects.get(headline=newsroom.WHOLE["headline"])


# ---- looking -----------------------------------------------------------------------------------


def test_no_look_at_the_desk_changes_anything(
    full: Update, ada: User, signed_in: type[Client]
) -> None:
    who = signed_in(ada)  # type: ignore[call-arg]
    begun = UnsavedBriefing.objects.get(topic__slug="medias-ai-pivot")
    before, seen = everything(FLEETING), 0
    for route in _routes("GET"):
        number = begun.pk if "unsaved" in route or "write" in route else 1
        url = f"/{route}".replace("<slug:topic>", "medias-ai-pivot")
        url = url.replace("<slug:slug>", _whole().slug).replace("<int:number>", str(number))
        answer = who.get(url)
        seen += answer.status_code == 200
        after = everything(FLEETING)
        assert after == before, (url, [table for table in after if after[table] != before[table]])
    assert seen > 25, "most of them are there to be looked at"


# ---- another topic's things --------------------------------------------------------------------


def _others(route: str, retail: Topic) -> Iterator[str]:
    """What could stand in the address for the other topic's things."""
    two = retail.briefings.get(headline=f"{SECRET} two")
    kinds = [UnsavedBriefing.objects.filter(topic=retail), retail.feeds, retail.updates]
    numbers = [key for rows in kinds for key in rows.values_list("pk", flat=True)] + [2]
    versions = [*Version.objects.filter(update__topic=retail).values_list("pk", flat=True)]
    for number in numbers if "<int:number>" in route else [0]:
        for version in versions[:2] if "<int:version>" in route else [0]:
            url = f"/{route}".replace("<slug:topic>", "medias-ai-pivot")
            url = url.replace("<slug:slug>", two.slug).replace("<int:number>", str(number))
            yield url.replace("<int:version>", str(version))


ACTS = ("up", "pin", "drop", "include", "fold", "split", "apart", "reword", "remove", "pause")


def test_no_address_of_a_topic_reaches_another_topics_things(
    full: Update, retail: Topic, ada: User, signed_in: type[Client]
) -> None:
    who = signed_in(ada)  # type: ignore[call-arg]
    own = {*UnsavedBriefing.objects.filter(topic=full.topic).values_list("pk", flat=True)}
    own |= {*full.topic.feeds.values_list("pk", flat=True), 1}
    before = everything(FLEETING)
    for route in TABLE:
        if not (route.startswith("desk/") and re.search(r"<(slug:slug|int:\w+)>", route)):
            continue
        for url in _others(route, retail):
            if {int(part) for part in re.findall(r"/(\d+)/", url)} & own:
                continue  # a number that this topic has, too
            for said in [{"do": act, "into": "first-story"} for act in ACTS]:
                if "/items/" in url or "/sources/" in url or said["do"] == ACTS[0]:
                    answers = [who.get(url)] if "GET" in TABLE[route][0] else []
                    answers += [who.post(url, said)] if "POST" in TABLE[route][0] else []
                    for answer in answers:
                        _shows_nothing(answer, url)
                    who.cookies.pop("messages", None)
    assert everything(FLEETING) == before


def _shows_nothing(answer: HttpResponseBase, url: str) -> None:
    assert answer.status_code in {302, 404} or url.endswith("/preview/"), (url, answer.status_code)
    assert SECRET.encode() not in getattr(answer, "content", b""), url


def test_no_query_or_field_reaches_another_topics_things(
    full: Update, retail: Topic, ada: User, signed_in: type[Client]
) -> None:
    who = signed_in(ada)  # type: ignore[call-arg]
    before = everything(FLEETING)
    version = Version.objects.filter(update__topic=retail).latest("pk").pk
    said = retail.briefings.get(headline=f"{SECRET} two").versions.get().pk
    begun, theirs = UnsavedBriefing.objects.filter(topic=retail).values_list("pk", flat=True)
    own = _whole().slug
    for look in (
        f"write/?unsaved={begun}", f"briefings/{own}/?theirs={theirs}", "briefings/?q=Kumquat",
        f"briefings/{own}/versions/?of={said}&since={said}", f"draft/?out={SECRET}",
        f"draft/history/?since={version}",
    ):  # fmt: skip
        shown = who.get(f"{T}/{look}").content.replace(f'value="{SECRET}"'.encode(), b"")
        assert f"{SECRET} ".encode() not in shown, look
    two = f"{T}/draft/history/?old={version}&new={full.versions.latest('pk').pk}"
    assert who.get(two).status_code == 404
    for place, posted in (
        (f"briefings/{own}/restore/", {"version": said}),
        ("draft/presence/", {"update": retail.updates.get(number=2).pk}),
        ("draft/items/first-story/", {"do": "fold", "into": "kumquat-two"}),
        ("draft/items/kumquat-two/", {"do": "include"}),
        ("write/", {"unsaved": begun, "headline": ""}),
    ):
        answer = who.post(f"{T}/{place}", posted)
        assert f"{SECRET} ".encode() not in answer.content, place
        who.cookies.pop("messages", None)
    assert everything(FLEETING) == before


# ---- odd words ---------------------------------------------------------------------------------

ODD: dict[str, tuple[str, ...]] = {
    "missing": (),
    "twice": ("twice", "twice"),
    "long": ("x" * 20_000,),
    "broken": ("a\ud800\0\x01\x1b[31m\u202e\u2028\r\nBcc: z",),
    "deep": ("> - " * 10_000 + "*_" * 10_000 + "[" * 10_000,),
    "huge number": ("9" * 5_000,),
    "very long": ("x" * 1_000_000,),
    "nothing": ("",),
    "spaces": ("   ",),
    "below zero": ("-1",),
    "no number": ("nan",),
    "fraction": ("1e309",),
    "64 bits": (str(2**63),),
    "another script's figure": ("٣²",),
    "the first year": ("0001-01-01T00:00",),
    "the last year": ("9999-12-31T23:59:59",),
    "no year": ("10000-01-01T00:00",),
    "no day": ("2026-02-30T25:00",),
    "no address": ("http://[::1",),
    "two addresses": ('"a\n"@example.org, x <q@r.s>@e.f',),
    "another's": ("kumquat-two",),
    "markup": ("<script>alert(1)</script>\"'{{7*7}}{% x %}",),
    "many": (",".join(map(str, range(5_000))),),
}
"""Labels and what is sent for a field under each."""


def _pages() -> list[str]:
    begun = UnsavedBriefing.objects.get(topic__slug="medias-ai-pivot")
    places = (
        "", "write/", f"write/?unsaved={begun.pk}", f"unsaved/{begun.pk}/", "briefings/",
        "briefings/?show=held", f"briefings/{_whole().slug}/", "briefings/sent-story/",
        f"briefings/{_whole().slug}/versions/", "updates/", "settings/", "sources/", "draft/",
        "draft/compare/", "draft/history/", "draft/review/", "1/", "1/history/", "schedule/",
    )  # fmt: skip
    return ["/desk/", "/desk/new/", *(f"{T}/{place}" for place in places), "/desk/retail/2/"]


def _forms(who: Client) -> Iterator[Form]:
    """Each form once, whichever item or button of the same name it is for."""
    seen = set()
    for page in _pages():
        for form in forms(who, page):
            names = tuple(name.partition(".")[0] for name in form.names)  # without an item's slug
            kind = (re.sub(r"items/[^/]+/", "", form.action), form.is_post, names, form.pressed)
            if kind not in seen and "/logout/" not in form.action:
                seen.add(kind)
                yield form


def _try(who: Client, form: Form, said: Sent, about: str, before: Database) -> None:
    """No failure, no hang; and what is refused has changed nothing."""
    began = time.process_time()
    with transaction.atomic():
        answer = form.send(who, said)
        took = time.process_time() - began
        assert answer.status_code < 500, about
        assert took < 5, f"{about}: {took:.1f} s"
        told = list(get_messages(answer.wsgi_request)) if form.is_post else []  # type: ignore[attr-defined]
        refused = answer.status_code >= 400 or any(one.level >= ERROR for one in told)
        if refused or not form.is_post:
            assert everything(FLEETING) == before, f"{about}: {[str(one) for one in told]}"
        transaction.set_rollback(True)
    who.cookies.pop("messages", None)


@pytest.mark.long
def test_no_odd_word_in_any_field_of_the_desk_upsets_it_or_is_half_kept(
    full: Update, ada: User, signed_in: type[Client]
) -> None:
    """The words go round: each field gets one of them, or is missing, or is there twice. The other
    buttons of a form that was swept so get them in all its fields at once, several times over."""
    who = signed_in(ada)  # type: ignore[call-arg]
    turns, before = itertools.cycle(ODD.items()), everything(FLEETING)
    met, swept = list(_forms(who)), set[tuple[str, str, tuple[str, ...]]]()
    assert len(met) > 40, "the walk finds the forms"
    for form in met:
        fields = (form.page, form.action, form.names)
        if fields not in swept:
            swept.add(fields)
            for name, (label, values) in zip(form.names, turns, strict=False):
                about = f"{form.page} {form.action} {name} {label}"
                _try(who, form, form.said(name, *values), about, before)
        else:
            for turn in range(AT_ONCE):
                about = f"{form.page} {form.action} {form.pressed}, all at once, {turn}"
                _try(who, form, _all_at_once(form, turn), about, before)


AT_ONCE = 6
"""Times that all fields of a form get odd words at once, each time others."""


def _all_at_once(form: Form, turn: int) -> Sent:
    """An odd word in each field, but for the button's own."""
    words = list(ODD.values())
    step = turn * len(words) // AT_ONCE
    odd = {name: words[(at + step) % len(words)] for at, name in enumerate(form.names)}
    button = form.fields[-1:] if form.pressed else ()
    said = [(name, value) for name, values in odd.items() for value in values]
    return [*(one for one in said if one[0] not in dict(button)), *button]
