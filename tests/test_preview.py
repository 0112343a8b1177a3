"""The preview: the very bytes that leave, looked at in many ways, as whoever gets them."""

import html as entities
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from django.conf import settings as configured
from django.http import HttpResponse
from django.test import Client

from digest import approval, editions, partnering, requesting
from digest.audit import AuditEntry
from digest.briefings import Briefing
from digest.depths import Depths
from digest.desk import preview
from digest.desk.look import Way
from digest.models import Stage, Topic, Update
from digest.partnering import Partner
from digest.rendering.tokens import Field, fill_html, fill_text
from digest.requesting import RequestedTest
from subscribers.models import Segment, Subscriber, Subscription, SubscriptionState
from subscribers.pages.preview_page import variant_of
from tests import newsroom
from tests.signing import signed
from tests.test_desk import text
from workers import asked, ledger
from workers.letters import Letters
from workers.models import Mailing

__all__ = ["signed"]  # a fixture

pytestmark = pytest.mark.django_db
T = "/desk/medias-ai-pivot"


def shown(who: Client, path: str, **query: str) -> str:
    return who.get(path, query).content.decode()


# ---- the same bytes ----------------------------------------------------------------------------


def parts(mailing: Mailing) -> tuple[str, str]:
    """HTML and text as they arrive at the mailing's first address."""
    delivery = mailing.deliveries.get()
    row = ledger.one(mailing, delivery.address)
    assert row is not None
    mail = message_from_bytes(Letters(mailing).message(row), policy=policy.default)
    assert isinstance(mail, EmailMessage)
    html, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html
    assert plain
    return html.get_content(), plain.get_content()


def as_they_leave(draft: Update, variant: str) -> tuple[str, str]:
    """What a test of the draft brings, but for what differs by reader."""
    requesting.request_test(draft, ["edda@example.org"], "edda@example.org", variant)
    asked.take_requested_tests()
    mailing = Mailing.objects.select_related("edition", "topic", "update").latest("pk")
    return parts(mailing)


def without_tokens(content: str, address: str) -> str:
    """The same with every reader's links and address alike."""
    links = re.sub(r"/(unsubscribe|preferences)/[A-Za-z0-9_-]+/", r"/\1/…/", content)
    return links.replace(address, "…")


@pytest.mark.parametrize("variant", Depths.values)
def test_what_is_looked_at_is_what_a_test_brings_and_what_leaves(
    desk: Client, draft: Update, variant: str
) -> None:
    html, plain = as_they_leave(draft, variant)
    for way in (Way.PHONE, Way.DESKTOP, Way.DARK, Way.INVERTED, Way.BARE):
        seen = shown(desk, f"{T}/draft/preview/", show=way.key, variant=variant)
        meant = preview.looked_at(way, html.replace("\r\n", "\n"))
        assert (
            without_tokens(seen, "robin@example.org").strip()
            == without_tokens(meant, "edda@example.org").strip()
        )
    seen = entities.unescape(shown(desk, f"{T}/draft/preview/", show="text", variant=variant))
    meant = without_tokens(plain.replace("\r\n", "\n"), "edda@example.org")
    assert meant.strip() in without_tokens(seen, "robin@example.org")


def test_an_approved_update_is_looked_at_as_it_was_frozen(desk: Client, draft: Update) -> None:
    before = shown(desk, f"{T}/draft/preview/")
    approval.approve(draft, by="pia@example.org", despite="a test")
    assert shown(desk, f"{T}/1/preview/") == before
    Update.objects.update(title="Changed behind its back", note="And this")
    assert shown(desk, f"{T}/1/preview/") == before


def test_a_way_changes_nothing_but_how_a_mail_is_looked_at() -> None:
    page = (
        "<html><head><style>@media (prefers-color-scheme: dark) { a { color: red } }</style></head>"
        "<body><p>(min-width: 0px)</p></body></html>"
    )
    for way in Way:
        made = preview.looked_at(way, page)
        assert made.endswith("<body><p>(min-width: 0px)</p></body></html>")
    assert "(min-width: 0px) { a" in preview.looked_at(Way.DARK, page)
    assert "(max-width: 0px) { a" in preview.looked_at(Way.PHONE, page)
    assert "invert(1)" in preview.looked_at(Way.INVERTED, page)


def test_a_preview_fetches_no_picture_where_pictures_are_off(desk: Client, draft: Update) -> None:
    Topic.objects.update(pictures=True)
    for way, allowed in (
        ("phone", "img-src 'self' data: https: http:"),
        ("bare", "img-src 'none'"),
    ):
        policy_ = desk.get(f"{T}/draft/preview/", {"show": way})["Content-Security-Policy"]
        assert allowed in policy_
        assert "sandbox allow-popups" in policy_
        assert "allow-same-origin" not in policy_
        assert "default-src 'none'" in policy_


def test_whether_it_may_be_shown_is_asked_without_rendering(
    desk: Client, draft: Update, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(5):
        answer = desk.head(f"{T}/draft/preview/")
    assert answer.status_code == 200
    assert Client(headers={"hx-request": "true"}).head(f"{T}/draft/preview/").status_code == 401


# ---- how it is looked at -----------------------------------------------------------------------


def test_the_look_that_was_chosen_last_stays(desk: Client, draft: Update) -> None:
    assert "is-phone" in text(desk.get(f"{T}/draft/"))
    assert "is-dark" in text(desk.get(f"{T}/draft/", {"show": "dark", "variant": "short"}))
    page = text(desk.get(f"{T}/draft/"))
    assert "is-dark" in page
    assert f"{T}/draft/preview/?show=dark&variant=short" in page


def test_an_odd_look_is_a_phone_s(desk: Client, draft: Update) -> None:
    page = text(desk.get(f"{T}/draft/", {"show": "<b>", "variant": "x", "reader": "../1"}))
    assert "is-phone" in page
    assert f"{T}/draft/preview/?show=phone&variant=arranged" in page


def test_an_approximation_says_so(desk: Client, draft: Update) -> None:
    assert "Approximate:" in text(desk.get(f"{T}/draft/", {"show": "inverted"}))


def test_the_last_update_stands_beside_the_next(desk: Client, draft: Update) -> None:
    assert "Nothing went out before" in text(desk.get(f"{T}/draft/compare/"))
    approved = approval.approve(draft, by="pia@example.org", despite="a test")
    assert "Nothing went out before" in text(desk.get(f"{T}/1/compare/"))
    Update.objects.filter(pk=approved.pk).update(stage=Stage.SENT)
    newsroom.update(approved.topic, None, newsroom.briefing(approved.topic), stage=Stage.DRAFT)
    page = text(desk.get(f"{T}/draft/compare/", {"show": "dark"}))
    assert f"{T}/1/preview/?show=dark&variant=arranged" in page
    assert f"{T}/draft/preview/?show=dark&variant=arranged" in page


# ---- as a given reader -------------------------------------------------------------------------


def look_as(desk: Client, person: Subscriber) -> Any:
    return desk.post(f"/people/{person.pk}/preview/as/", {"update": "medias-ai-pivot/draft"})


def test_who_looks_as_a_reader_is_written_down_and_nobody_does_by_an_address(
    desk: Client, draft: Update, ann: Subscriber
) -> None:
    of_draft = {"update": "medias-ai-pivot/draft"}
    paths = [
        (f"/people/{ann.pk}/preview/", of_draft),
        ("/people/preview/", of_draft | {"reader": str(ann.pk)}),
        (f"{T}/draft/source/", {"reader": str(ann.pk)}),
    ]
    for path, of in paths:
        assert desk.get(path, of).status_code == 404, path
    assert f"/people/{ann.pk}/" not in text(desk.get(f"{T}/draft/", {"reader": str(ann.pk)}))
    assert not AuditEntry.objects.filter(about=ann.ref).exists()
    look_as(desk, ann)
    for path, of in paths:
        assert desk.get(path, of).status_code == 200, path
    entry = AuditEntry.objects.get(about=ann.ref)
    assert (entry.who, entry.what) == ("edda@example.org", "looked as")
    assert entry.detail == {"update": "medias-ai-pivot/draft"}
    assert "edda@example.org looked as" in text(desk.get(f"/people/{ann.pk}/"))
    assert f"/people/{ann.pk}/preview/" not in text(desk.get(f"{T}/draft/", {"reader": ""}))
    assert desk.get(*paths[0]).status_code == 404, "let go of"


def test_a_reader_is_found_and_the_preview_made_out_to_them(
    desk: Client, draft: Update, ann: Subscriber
) -> None:
    Subscriber.objects.filter(pk=ann.pk).update(depth=Depths.SHORT, language="de")
    found = text(desk.get("/people/preview/", {"update": "medias-ai-pivot/draft", "q": "ann"}))
    assert f'action="/people/{ann.pk}/preview/as/"' in found
    assert look_as(desk, ann)["Location"] == f"{T}/draft/"
    page = text(desk.get(f"{T}/draft/"))
    address = f"/people/{ann.pk}/preview/?update=medias-ai-pivot%2Fdraft&show=phone"
    assert address in page
    seen = shown(desk, f"/people/{ann.pk}/preview/", update="medias-ai-pivot/draft")
    assert "ann@example.org" in seen
    short = editions.rendered(editions.view_of(draft, Depths.SHORT))
    values = {**preview.example_links(), Field.NAME: "Ann Lee", Field.ADDRESS: "ann@example.org"}
    assert seen == preview.looked_at(Way.PHONE, fill_html(short.html, short.nonce, values))
    about = text(
        desk.get("/people/preview/", {"update": "medias-ai-pivot/draft", "reader": str(ann.pk)})
    )
    for said in ("all short", "as they chose", "German", "In no segment"):
        assert said in about


def test_nothing_that_a_preview_leads_to_is_a_reader_s(
    desk: Client, draft: Update, ann: Subscriber
) -> None:
    look_as(desk, ann)
    seen = shown(desk, f"/people/{ann.pk}/preview/", update="medias-ai-pivot/draft")
    source = text(desk.get(f"{T}/draft/source/", {"reader": str(ann.pk)}))
    links = re.findall(r"/(?:unsubscribe|preferences)/[A-Za-z0-9_-]+/", seen + source)
    assert len(set(links)) > 1
    for link in set(links):
        Client().post(link, {"List-Unsubscribe": "One-Click"})
        assert Client().get(link).status_code in {200, 404}
    assert Subscription.objects.get(subscriber=ann).state == SubscriptionState.CONFIRMED


def test_a_reader_gets_what_their_segment_says_and_then_what_they_chose(
    desk: Client, draft: Update, ann: Subscriber
) -> None:
    Segment.objects.create(
        name="Morning", rule={"field": "topic", "is": "medias-ai-pivot"}, variant=Depths.FULL
    )
    assert variant_of(ann, draft, Depths.SHORT) == Depths.SHORT
    draft.segments = ["Gone", "Morning"]
    assert variant_of(ann, draft, Depths.SHORT) == Depths.FULL
    ann.depth = Depths.SHORT
    assert variant_of(ann, draft, Depths.FULL) == Depths.SHORT


def test_who_gets_a_variant_is_told(desk: Client, draft: Update, ann: Subscriber) -> None:
    about = {"topic": "medias-ai-pivot", "variant": "full"}
    assert "Nobody gets it so now" in text(desk.get("/people/segments/variants/", about))
    Segment.objects.create(
        name="Long reads", rule={"field": "tag", "is": "patient"}, variant=Depths.FULL
    )
    Subscriber.objects.filter(pk=ann.pk).update(depth=Depths.FULL)
    told = text(desk.get("/people/segments/variants/", about))
    assert "segment “Long reads”, and 1 reader who chose it" in told


def test_a_test_comes_as_a_reader_gets_it(desk: Client, draft: Update, ann: Subscriber) -> None:
    Subscriber.objects.filter(pk=ann.pk).update(depth=Depths.FULL)
    look_as(desk, ann)
    desk.post(f"/people/{ann.pk}/preview/test/?update=medias-ai-pivot/draft")
    wanted = RequestedTest.objects.get()
    assert (wanted.addresses, wanted.variant) == (["edda@example.org"], Depths.FULL)


@pytest.mark.parametrize("ref", ["", "medias-ai-pivot/9", "nowhere/draft", "../x", "\0"])
def test_a_reader_s_preview_of_what_is_not_there_is_not_there(
    desk: Client, draft: Update, ann: Subscriber, ref: str
) -> None:
    for path in ("/people/preview/", f"/people/{ann.pk}/preview/"):
        assert desk.get(path, {"update": ref}).status_code == 404


# ---- the source --------------------------------------------------------------------------------


def message(answer: HttpResponse) -> EmailMessage:
    mail = message_from_bytes(answer.content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    return mail


@pytest.mark.parametrize("variant", Depths.values)
def test_the_source_is_the_whole_message_as_it_would_leave(
    desk: Client, draft: Update, variant: str
) -> None:
    page = text(desk.get(f"{T}/draft/source/", {"variant": variant}))
    answer = desk.get(f"{T}/draft/source/", {"variant": variant, "file": "eml"})
    assert answer["Content-Type"] == "message/rfc822"
    assert answer["Content-Disposition"] == 'attachment; filename="medias-ai-pivot-draft.eml"'
    mail = message(answer)
    for name in ("List-Unsubscribe", "List-Id", "Message-ID", "Date", "Archived-At"):
        assert mail[name]
        assert name in page
    assert mail["Archived-At"] == f"<{configured.BASE_URL}/t/medias-ai-pivot/1/>"
    email = editions.rendered(editions.view_of(draft, variant))
    plain = mail.get_body(("plain",))
    assert plain
    own = fill_text(email.text, email.nonce, {Field.ADDRESS: "reader@example.org"})
    assert own.partition("\n\nChange what you get")[0] in plain.get_content().replace("\r\n", "\n")


def test_the_source_is_signed_where_mails_are(desk: Client, draft: Update, signed: bytes) -> None:
    page = text(desk.get(f"{T}/draft/source/"))
    assert "DKIM-Signature: v=1; a=rsa-sha256" in page


def test_the_source_says_why_there_is_none(desk: Client, draft: Update) -> None:
    Briefing.objects.filter(topic=draft.topic).update(summary="Long. " * 45_000)
    page = text(desk.get(f"{T}/draft/source/"))
    assert "No message can be made of it" in page
    assert "can't be rendered" in page


def test_a_partner_is_in_every_variant(desk: Client, draft: Update) -> None:
    said = Partner("Partner", "Harbour Films", "We rent.", "https://films.example.org/")
    partnering.set_partner(draft, said, "edda@example.org")
    for variant in Depths.values:
        assert "Harbour Films" in shown(desk, f"{T}/draft/preview/", variant=variant)
