"""Which briefings go into an update, in which order, and why.  Pure; no database."""

import datetime as dt

from digest.assembly import Assembly, Budget, Hand, LeftOut, assemble
from digest.candidates import Candidate
from digest.depths import Depth, Depths
from digest.models import Kind

UNTIL = dt.datetime(2026, 5, 17, 15, tzinfo=dt.UTC)
SINCE = UNTIL - dt.timedelta(days=7)
HOUR = dt.timedelta(hours=1)


ROOMY, UNTOUCHED = Budget(), Hand()


def story(slug: str, **said: object) -> Candidate:
    said = {"published_at": UNTIL - HOUR, "changed_at": UNTIL - HOUR, **said}
    return Candidate(id=hash(slug), slug=slug, headline=slug.title(), **said)  # type: ignore[arg-type]


def made(*stories: Candidate, budget: Budget = ROOMY, hand: Hand = UNTOUCHED) -> Assembly:
    return assemble(stories, SINCE, UNTIL, budget, hand)


def slugs(assembly: Assembly) -> list[str]:
    return [placed.candidate.slug for placed in assembly.items]


def left(assembly: Assembly) -> dict[str, LeftOut]:
    return {one.candidate.slug: one.code for one in assembly.left_out}


def test_the_cut_off_is_exact_to_the_microsecond() -> None:
    just = dt.timedelta(microseconds=1)
    result = made(
        story("at-the-cut-off", published_at=UNTIL),
        story("just-after", published_at=UNTIL + just),
        story("just-inside", published_at=SINCE + just),
        story("at-the-last-cut-off", published_at=SINCE),
    )
    assert set(slugs(result)) == {"at-the-cut-off", "just-inside"}
    assert left(result) == {
        "just-after": LeftOut.AFTER_CUTOFF,
        "at-the-last-cut-off": LeftOut.BEFORE_WINDOW,
    }


def test_what_comes_after_the_cut_off_is_told_with_its_year() -> None:
    mistyped = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)
    (left_out,) = made(story("mistyped", published_at=mistyped)).left_out
    assert left_out.why == "Published after the cut-off, 1 January 2099, 00:00 UTC."


def test_every_briefing_is_in_or_left_out_with_a_reason() -> None:
    stories = [story(f"s{n}", published_at=UNTIL - n * HOUR * 24) for n in range(-2, 12)]
    result = made(*stories, budget=Budget(items=3))
    assert len(result.items) + len(result.left_out) == len(stories)
    assert all(placed.why for placed in result.items)
    assert all(one.why for one in result.left_out)


def test_importance_comes_first_then_sources_then_recency() -> None:
    result = made(
        story("old", published_at=UNTIL - 5 * HOUR),
        story("fresh"),
        story("well-sourced", sources=3, published_at=UNTIL - 9 * HOUR),
        story("important", importance=2, published_at=UNTIL - 20 * HOUR),
    )
    assert slugs(result) == ["important", "well-sourced", "fresh", "old"]


def test_what_had_no_room_last_time_is_first_in_line_among_its_equals() -> None:
    waiting = story("waiting", waited=1, published_at=SINCE - HOUR)
    result = made(story("fresh"), waiting, story("important", importance=1))
    assert slugs(result) == ["important", "waiting", "fresh"]
    assert "Update #1 had no room" in result.items[1].why


def test_a_carried_briefing_returns_only_when_it_has_changed() -> None:
    result = made(
        story("same", carried_number=1),
        story("moved", carried_number=1, moved_on=True),
        story("moves-later", carried_number=1, moved_on=True, changed_at=UNTIL + HOUR),
    )
    assert [(p.candidate.slug, p.kind) for p in result.items] == [("moved", Kind.CONTINUING)]
    assert left(result) == {"same": LeftOut.UNCHANGED, "moves-later": LeftOut.AFTER_CUTOFF}


def test_a_backdated_briefing_that_arrived_late_goes_into_the_next_update() -> None:
    result = made(story("late", published_at=SINCE - HOUR, late=True))
    assert slugs(result) == ["late"]


def test_the_first_is_a_lead_the_next_five_standard_and_the_rest_brief() -> None:
    result = made(*[story(f"s{n}") for n in range(8)], budget=Budget(items=8, minutes=0))
    depths = [placed.depth for placed in result.items]
    assert depths == [Depth.LEAD, *[Depth.STANDARD] * 5, Depth.BRIEF, Depth.BRIEF]


def test_a_topic_can_ask_for_all_in_full_or_all_short() -> None:
    stories = [story(f"s{n}") for n in range(3)]
    full = made(*stories, budget=Budget(depths=Depths.FULL))
    short = made(*stories, budget=Budget(depths=Depths.SHORT))
    assert {placed.depth for placed in full.items} == {Depth.LEAD}
    assert {placed.depth for placed in short.items} == {Depth.BRIEF}


def test_what_is_over_the_items_is_below_the_line() -> None:
    result = made(*[story(f"s{n}") for n in range(3)], budget=Budget(items=2))
    assert len(result.items) == 2
    assert list(left(result).values()) == [LeftOut.OVER_ITEMS]


def test_what_would_go_past_the_minutes_is_left_out_and_a_shorter_one_still_fits() -> None:
    long, short = 20_000, 300
    result = made(
        story("lead", importance=3, full_characters=6_000),
        story("long", importance=2, short_characters=long),
        story("short", importance=1, short_characters=short),
        budget=Budget(minutes=6),
    )
    assert slugs(result) == ["lead", "short"]
    assert left(result) == {"long": LeftOut.OVER_MINUTES}


def test_one_story_longer_than_the_budget_is_an_update_all_the_same() -> None:
    assert slugs(made(story("epic", full_characters=100_000))) == ["epic"]


def test_a_pinned_story_is_in_whatever_the_budget_says() -> None:
    result = made(
        story("loud", importance=3),
        story("pinned"),
        budget=Budget(items=1),
        hand=Hand(pinned=frozenset({"pinned"})),
    )
    assert slugs(result) == ["pinned"]


def test_an_editors_order_depth_and_drops_are_kept() -> None:
    hand = Hand(order=["c", "a"], dropped=frozenset({"b"}), depths={"a": Depth.BRIEF})
    result = made(story("a"), story("b"), story("c"), story("new", importance=9), hand=hand)
    assert slugs(result) == ["c", "a", "new"]
    assert result.items[1].depth == Depth.BRIEF
    assert left(result) == {"b": LeftOut.DROPPED}


def test_a_withdrawn_briefing_is_out() -> None:
    assert left(made(story("gone", withdrawn=True))) == {"gone": LeftOut.WITHDRAWN}


# ---- ranking, sections, words ------------------------------------------------------------------


def test_each_factor_and_its_points_stand_in_the_reason() -> None:
    result = made(
        story("plain"),
        story("old", published_at=UNTIL - 25 * HOUR),
        story(
            "rich", importance=3, sources=2, tag="Law", carried_number=1, moved_on=True,
            status_changed=True, changed_at=UNTIL - 49 * HOUR,
        ),
    )  # fmt: skip
    assert result.items[0].why == (
        "Changed since Update #1. Importance 3 (+30), 2 independent sources (+3), "
        "status changed (+5), 2 days old (−2): 36 points."
    )
    assert result.items[1].why == "New. Importance 0 (+0), one source: 0 points."
    assert result.items[2].why == "New. Importance 0 (+0), one source, 1 day old (−1): −1 point."


def test_nothing_but_importance_is_worth_a_step_of_it() -> None:
    result = made(
        story("important", importance=1),
        story("sourced", sources=20),
        story("status", carried_number=1, moved_on=True, status_changed=True),
        story("waited", waited=1),
    )
    assert slugs(result)[0] == "important"


def test_of_equal_points_the_newer_comes_first_then_the_alphabet() -> None:
    result = made(story("b"), story("a"), story("newer", published_at=UNTIL - HOUR / 2))
    assert slugs(result) == ["newer", "a", "b"]


def test_diversity_orders_and_leaves_nothing_out_while_there_is_room() -> None:
    result = made(
        *[story(f"law-{n}", tag="Law", sources=2) for n in range(3)], story("money", tag="Money")
    )
    assert slugs(result) == ["law-0", "law-1", "money", "law-2"]
    assert "2 of “Law” before it (−6)" in result.items[3].why


def test_what_is_over_the_words_is_below_the_line() -> None:
    result = made(
        story("lead", importance=3, full_characters=900),
        story("long", importance=2, short_characters=3000),
        budget=Budget(words=300),
    )
    assert left(result) == {"long": LeftOut.OVER_WORDS}
    assert "First in line next time." in result.left_out[0].why


def test_a_topic_with_sections_puts_tags_together_below_the_lead() -> None:
    tags = ["Law", "Money", "Law", "Arts", "Money"]
    stories = [story(f"s{n}", tag=tag, importance=9 - n) for n, tag in enumerate(tags)]
    result = made(*stories, budget=Budget(sections=True))
    assert slugs(result) == ["s0", "s1", "s4", "s2", "s3"]


def test_what_an_editor_put_into_an_order_is_not_put_into_sections() -> None:
    stories = [story(f"s{n}", tag="AB"[n % 2]) for n in range(4)]
    order = [f"s{n}" for n in range(4)]
    assert slugs(made(*stories, budget=Budget(sections=True), hand=Hand(order=order))) == order
