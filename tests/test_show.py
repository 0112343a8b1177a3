"""digest show: an update as it stands, and as it stood when it was approved."""

import re

import pytest
from click.testing import CliRunner

from config.cli import main
from digest import approval, arranging, drafting
from digest.models import Topic
from tests.briefings import keep_briefing

pytestmark = pytest.mark.django_db


def shown(ref: str) -> str:
    result = CliRunner().invoke(main, ["show", ref])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_an_approved_update_is_shown_as_it_was_approved(pivot: Topic) -> None:
    keep_briefing(pivot, "story", headline="Ferry firm buys paper")
    draft = drafting.draft(pivot)
    keep_briefing(pivot, "story", headline="Ferry firm shuts paper")
    assert "Ferry firm shuts paper" in shown("medias-ai-pivot/draft")
    approval.approve(draft, by="pia")
    keep_briefing(pivot, "story", headline="Ferry firm sells paper")
    assert "Ferry firm shuts paper" in shown("medias-ai-pivot/1")


def test_items_are_counted_without_gaps_after_one_was_left_out(pivot: Topic) -> None:
    for slug in ("pier", "quay", "tide"):
        keep_briefing(pivot, slug, headline=f"The {slug} reopens")
    draft = drafting.draft(pivot)
    middle = draft.items.select_related("briefing")[1].briefing.slug
    arranging.drop(draft, middle, by="edda")
    places = re.findall(r"^ *(\d)\. The", shown("medias-ai-pivot/draft"), re.MULTILINE)
    assert places == ["1", "2"]


def test_nobody_is_told_to_approve_a_draft_without_items(pivot: Topic) -> None:
    drafting.draft(pivot)
    said = shown("medias-ai-pivot/draft")
    assert "Load some" in said
    assert "digest approve" not in said
