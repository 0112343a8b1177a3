"""digest show: an update as it stands, and as it stood when it was approved."""

import pytest
from click.testing import CliRunner

from config.cli import main
from digest import approval, drafting
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
