"""What the checks find, each with its mend."""

import dataclasses
import json
import time

import pytest
from click.testing import CliRunner, Result
from django.utils import timezone

from config.cli import main
from digest import checks, editions
from digest.briefings import Briefing
from digest.checks import Context, Finding, Level, Report
from digest.checks.weight import by_section, by_story
from digest.depths import Depth
from digest.models import Stage, Topic
from digest.parts import Image, Perspective, Source
from digest.rendering import markup, pipeline
from digest.rendering.rendered import RenderedEmail
from digest.rendering.view import EmailView, StoryView
from tests import emails, newsroom

HOUSE = Context(
    from_address="Media Desk <news@daily-press.co.uk>",
    minutes_budget=6,
    items_budget=6,
    dkim_domains=("daily-press.co.uk",),
)


def looked_at(view: EmailView, context: Context = HOUSE) -> Report:
    return checks.run(view, pipeline.render(view), context)


def found(name: str, view: EmailView, context: Context = HOUSE) -> list[Finding]:
    """What the check of this name has against the mail."""
    said = looked_at(view, context).findings
    return [one for one in said if one.name == name and one.level != Level.OK]


def only(name: str, *stories: StoryView, **parts: object) -> Finding:
    (finding,) = found(name, emails.update(*stories, **parts))
    assert finding.mend
    return finding


def without(part: str, of: str) -> Report:
    """The report when ``part`` is taken out of the HTML or the text."""
    view = emails.update()
    email = pipeline.render(view)
    part = part.replace("NONCE", email.nonce)
    assert part in getattr(email, of)
    cut: RenderedEmail = dataclasses.replace(email, **{of: getattr(email, of).replace(part, "")})
    return checks.run(view, cut, HOUSE)


def test_a_good_mail_passes_every_check_and_each_says_so() -> None:
    report = looked_at(emails.update(subject="Studio built, no vendor named"))
    assert report.passed
    assert [one.name for one in report.findings] == [check.NAME for check in checks.CHECKS]
    assert all(one.level == Level.OK and one.message for one in report.findings)


def test_the_report_is_what_the_contract_prints() -> None:
    plain = looked_at(emails.update(title="", subject="")).as_json()
    assert plain["passed"] is False
    assert isinstance(plain["checks"], list)
    assert {"name", "level", "message", "mend"} <= plain["checks"][0].keys()
    assert plain["checks"][1]["level"] == "block"


# ---- weight ---------------------------------------------------------------------------


def test_past_what_gmail_shows_it_blocks_and_names_the_heaviest() -> None:
    heavy = emails.lead(2, slug="heavy", body=markup.render("word " * 18_000, "s2"))
    finding = only("weight", emails.story(1), heavy, emails.story(3))
    assert finding.level == Level.BLOCK
    assert finding.where == "heavy"
    assert "102 KB" in finding.message
    assert "In KB: heavy 9" in finding.message


def test_the_weights_of_the_stories_add_up_to_most_of_the_mail() -> None:
    view = emails.update()
    email = pipeline.render(view)
    sizes = dict(by_story(view, email))
    assert sizes.keys() == {"story-1", "story-2", "story-3", "story-4"}
    assert max(sizes, key=lambda slug: sizes[slug]) == "story-1"
    assert all(500 < size < 6000 for size in sizes.values())


def test_the_sections_are_the_whole_mail_and_perspectives_are_one_of_them() -> None:
    said = Perspective(party="Port & harbour board", text="Wants the tolls back.")
    view = emails.update(perspectives=(said,))
    email = pipeline.render(view)
    sections = by_section(view, email)
    assert [name for name, _ in sections] == [
        "styles", "opening", "story-1", "story-2", "story-3", "story-4", "perspectives", "foot"
    ]  # fmt: skip
    assert sum(size for _, size in sections) == len(email.html.encode())
    assert all(size > 300 for _, size in sections)


# ---- items ------------------------------------------------------------------------------


def test_an_update_without_items_blocks_and_says_how_to_get_some() -> None:
    finding = only("items", stories=())
    assert finding.level == Level.BLOCK
    assert "digest assemble medias-ai-pivot" in finding.mend
    correction = emails.brief(1, kind="correction")
    assert not found("items", emails.update(stories=(), corrections=(correction,)))


def test_an_item_that_was_withdrawn_since_blocks() -> None:
    (finding,) = found("items", emails.update(), dataclasses.replace(HOUSE, withdrawn=("story-2",)))
    assert (finding.level, finding.where) == (Level.BLOCK, "story-2")


# ---- links ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("story", "why"),
    [
        (emails.lead(body=markup.render("See [the list](https://).", "s1")), "unfinished"),
        (emails.lead(body=markup.render("See [the list](/jobs).", "s1")), "no address of the web"),
        (emails.lead(body=markup.render("See [it](https://intranet/x).", "s1")), "unfinished"),
        (emails.lead(body=markup.render("[Write](mailto:).", "s1")), "names no mailbox"),
        (emails.story(summary="It is at https:// and nowhere else."), "stands unfinished"),
        (emails.story(url="https://127.0.0.1/x"), "this machine"),
        (emails.story(url="https://a.example/{{slug}}"), "placeholder"),
        (emails.story(url="https://a.example/%SLUG%"), "placeholder"),
        (emails.story(url="https://a.example/insert-link"), "placeholder"),
        (
            emails.story(sources=(Source.model_construct(name="A", url="https://a b.example/"),)),
            "space",
        ),
        (emails.story(sources=(Source.model_construct(name="A", url="http://[x"),)), "no address"),
    ],
)
def test_a_link_that_can_not_be_followed_blocks_and_says_where(story: StoryView, why: str) -> None:
    finding = only("links", story)
    assert finding.level == Level.BLOCK
    assert why in finding.message
    assert finding.where == "story-1"


def test_two_names_for_one_page_are_worth_a_look() -> None:
    twice = tuple(Source(name=name, url="https://a.example/x") for name in ("Wire", "Gazette"))
    finding = only("links", emails.story(sources=twice))
    assert (finding.level, finding.where) == (Level.WARN, "story-1")
    assert "“Wire” and “Gazette”" in finding.message
    assert not found("links", emails.update(emails.story(sources=(twice[0], twice[0]))))


def test_a_link_that_a_headline_only_speaks_of_is_none() -> None:
    assert not found("links", emails.update(emails.story(headline='<a href="javascript:x()">')))


def test_pages_of_ours_that_readers_can_not_reach_are_told_once() -> None:
    local = "http://127.0.0.1:8000"
    view = emails.update(
        *(emails.story(at, url=f"{local}/t/x/2/{at}/") for at in range(1, 5)),
        imprint=emails.IMPRINT.model_copy(update={"base_url": local}),
        web_url=f"{local}/t/x/2/",
    )
    (finding,) = found("links", view)
    assert "BASE_URL" in finding.message


def test_links_to_this_machine_are_fine_while_mails_stay_on_it() -> None:
    here = dataclasses.replace(HOUSE, relay_on_loopback=True)
    assert not found("links", emails.update(emails.story(url="http://127.0.0.1:8000/t/x/")), here)


def test_a_place_that_is_not_in_the_mail_is_noticed() -> None:
    report = without(' id="s2"', "html")
    assert [one.name for one in report.blocking] == ["links"]
    assert "“#s2”" in report.blocking[0].message


# ---- the parts of the mail ----------------------------------------------------------------


def test_a_picture_without_words_is_worth_a_look() -> None:
    finding = only("alt texts", emails.story(1, image=Image(url="https://a.example/i.png")))
    assert finding.level == Level.WARN
    assert finding.where == "story-1"
    said = Image(url="https://a.example/i.png", alt="A chart")
    assert not found("alt texts", emails.update(emails.story(1, image=said)))


def test_a_story_that_the_text_lacks_blocks() -> None:
    report = without("Serie A streams free on a phone app", "text")
    assert [(one.name, one.where) for one in report.blocking] == [("text part", "story-3")]


@pytest.mark.parametrize("part", ["html", "text"])
def test_a_mail_that_can_not_be_left_blocks(part: str) -> None:
    report = without("__NONCE_UNSUBSCRIBE_URL__", part)
    assert "unsubscribe" in {one.name for one in report.blocking}


# ---- budget and sender -------------------------------------------------------------------


def test_more_than_the_topic_promises_is_worth_a_look() -> None:
    assert "7 min to read" in only("budget", reading_minutes=7).message
    assert "7 items" in only("budget", *map(emails.story, range(1, 8))).message
    unlimited = dataclasses.replace(HOUSE, minutes_budget=0, items_budget=0)
    assert not found("budget", emails.update(reading_minutes=90), unlimited)


def test_an_item_that_outgrows_its_depth_is_worth_a_look() -> None:
    finding = only("budget", emails.story(1, summary="word " * 220))
    assert (finding.level, finding.where) == (Level.WARN, "story-1")
    assert only("budget", emails.brief(1, summary="word " * 70)).message.startswith("7")
    assert not found("budget", emails.update(emails.lead(1, summary="word " * 400)))


@pytest.mark.parametrize(
    ("sender", "domains", "level"),
    [
        ("D <d@daily.example>", ("daily.example",), Level.OK),
        ("D <d@Mail.Daily.example>", ("other.example", "daily.example"), Level.OK),
        ("D <d@notdaily.example>", ("daily.example",), Level.BLOCK),
        ("D <d@daily.example>", ("mail.daily.example",), Level.BLOCK),
        ("", ("daily.example",), Level.BLOCK),
        ("D <d@daily.example>", (), Level.WARN),
    ],
)
def test_a_mail_is_signed_for_the_domain_that_it_is_from(
    sender: str, domains: tuple[str, ...], level: Level
) -> None:
    context = dataclasses.replace(HOUSE, from_address=sender, dkim_domains=domains)
    report = looked_at(emails.update(), context)
    assert [one.level for one in report.findings if one.name == "signature"] == [level]


def test_mails_that_stay_on_this_machine_need_no_signature() -> None:
    here = dataclasses.replace(HOUSE, relay_on_loopback=True, dkim_domains=())
    assert not found("signature", emails.update(), here)


def test_a_mail_that_leaves_the_house_needs_an_address_and_a_true_from() -> None:
    nowhere = emails.update(imprint=emails.IMPRINT.model_copy(update={"postal_address": ""}))
    nobody = dataclasses.replace(HOUSE, from_address="Digest <digest@example.org>")
    assert "POSTAL_ADDRESS" in found("sender", nowhere)[0].mend
    for address in ("a@example.com", "a@news.example.net", "a@x.test", "A <a@b.example>", ""):
        finding = found("sender", emails.update(), dataclasses.replace(HOUSE, from_address=address))
        assert finding[0].level == Level.BLOCK
    at_home = dataclasses.replace(nobody, relay_on_loopback=True)
    assert not found("sender", nowhere, at_home)
    assert not found("sender", emails.update())


def test_checks_of_a_long_hostile_mail_take_little_time() -> None:
    story = emails.story(1, summary="a" * 50_000 + "(" * 40_000 + " ,; " * 9000 + "[" * 40_000)
    view = emails.update(story)
    email = pipeline.render(view)
    begun = time.process_time()
    checks.run(view, email, HOUSE)
    assert time.process_time() - begun < 1


# ---- the command -------------------------------------------------------------------------


def checked(*words: str) -> Result:
    return CliRunner().invoke(main, ["check", *words])


def test_the_command_says_what_to_mend_and_ends_with_1_when_something_blocks(pivot: Topic) -> None:
    story = newsroom.briefing(pivot, body="See [the list](https://).", short_headline="Pier")
    newsroom.update(pivot, None, story, stage=Stage.DRAFT, title="Pier", preheader="And more.")
    ran = checked("medias-ai-pivot/draft")
    assert ran.exit_code == 1
    assert "block links: “https://” is unfinished. (in a-pier-reopens)" in ran.stdout
    assert "Complete the link" in ran.stdout
    assert "medias-ai-pivot/draft: 1 to mend" in ran.stderr


def test_the_command_prints_one_json_object_and_ends_with_0_when_nothing_blocks(
    pivot: Topic,
) -> None:
    newsroom.update(pivot, None, newsroom.whole(pivot), stage=Stage.DRAFT, depth=Depth.STANDARD)
    ran = checked("medias-ai-pivot/draft", "--json")
    assert ran.exit_code == 0
    plain = json.loads(ran.stdout)
    assert plain["passed"] is True
    assert {one["level"] for one in plain["checks"]} <= {"ok", "warn"}


def test_an_empty_draft_is_to_be_mended_before_it_can_be_approved(pivot: Topic) -> None:
    newsroom.update(pivot, None, stage=Stage.DRAFT, title="Nothing yet", preheader="And no more.")
    ran = checked("medias-ai-pivot/draft")
    assert ran.exit_code == 1
    assert "block items: The update has no items." in ran.stdout


def test_the_command_reads_a_real_message_back_and_says_what_is_wrong_with_it(
    pivot: Topic, monkeypatch: pytest.MonkeyPatch
) -> None:
    newsroom.update(pivot, None, newsroom.whole(pivot), stage=Stage.DRAFT, depth=Depth.STANDARD)
    assert "ok    headers: A message of" in checked("medias-ai-pivot/draft").stdout
    Topic.objects.update(from_address="two@example.org, people@example.org")
    ran = checked("medias-ai-pivot/draft")
    assert ran.exit_code == 1
    assert "block headers: From" in ran.stdout


def test_the_context_knows_earlier_subjects_and_what_was_withdrawn(pivot: Topic) -> None:
    first, second = newsroom.briefing(pivot, "A pier reopens"), newsroom.briefing(pivot, "Tolls")
    sent = newsroom.update(pivot, 1, first, subject="The Pier")
    view = editions.view_of(sent)
    editions.keep(view, editions.rendered(view), pivot, sent)
    Briefing.objects.filter(pk=second.pk).update(withdrawn_at=timezone.now())
    draft = newsroom.update(pivot, None, second, stage=Stage.DRAFT, subject="The pier")
    view = editions.view_of(draft)
    said = {one.message for one in editions.checked(draft, view, editions.rendered(view)).findings}
    assert "Update #1 had the same subject; inboxes fold the two into one." in said
    assert "This briefing was withdrawn since the draft was assembled." in said


def test_an_update_that_does_not_exist_ends_with_2(pivot: Topic) -> None:
    ran = checked("medias-ai-pivot/9")
    assert (ran.exit_code, ran.stdout) == (2, "")
