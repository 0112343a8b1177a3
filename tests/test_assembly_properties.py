"""Whatever comes in, changes, fails and is taken back, in any order: nothing is lost or told twice.

Each briefing is new in exactly one sent update, numbers have no gaps, and each window begins where
the last one ended.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from unittest import mock

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from digest import approval, arranging, drafting, editions, withdrawal
from digest.briefings import Briefing
from digest.models import Fold, Item, Kind, Stage, Topic, Update
from digest.rendering.rendered import RenderedEmail
from tests.briefings import keep_briefing

BEGIN = dt.datetime(2026, 5, 4, 9, tzinfo=dt.UTC)
STORIES = [
    ("Cracks close Orsin bridge", "Port Aldwyn closed the Orsin bridge after cracks were found."),
    ("Orsin bridge closed by cracks", "Port Aldwyn closed the Orsin bridge: cracks were found."),
    ("Buses turn round at Orsin", "No bus crosses the Orsin bridge, said Port Aldwyn."),
    ("Pellbury buys a studio", "Pellbury Press bought Harbour Films for $90 million."),
    ("A pier reopens", "The pier opened again."),
]


class Clock:
    """Time that goes on when a test says so."""

    def __init__(self) -> None:
        self.time = BEGIN

    def __call__(self) -> dt.datetime:
        self.time += dt.timedelta(microseconds=1)
        return self.time


class Crash(Exception):
    """The process died here."""


class Newsroom(RuleBasedStateMachine):
    """One topic, its editors, and everything that can happen to them."""

    @initialize()
    def open(self) -> None:
        self.clock = Clock()
        self.patched = [
            mock.patch("django.utils.timezone.now", self.clock),
            # Rows ask the clock by a reference of their own.
            mock.patch.object(Briefing._meta.get_field("received_at"), "_get_default", self.clock),
            mock.patch.object(editions, "rendered", _unrendered),
        ]
        for patch in self.patched:
            patch.start()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.topic = Topic.objects.create(slug="pivot", name="Pivot", items_budget=2)
        self.count = 0

    def teardown(self) -> None:
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)
            for patch in self.patched:
                patch.stop()

    # ---- what may happen ---------------------------------------------------------------------

    @rule(told=st.sampled_from(STORIES), hours=st.integers(-3, 72))
    def arrives(self, told: tuple[str, str], hours: int) -> None:
        """Fresh, late, or with a date that lies ahead."""
        self.count += 1
        keep_briefing(
            self.topic,
            f"s{self.count}",
            headline=told[0],
            summary=told[1],
            key_takeaway="",
            body="",
            sources=[{"name": f"House {self.count}", "url": f"https://h{self.count}.example.com/"}],
            published_at=self.clock.time - dt.timedelta(hours=hours),
        )

    @rule(hours=st.integers(1, 100))
    def time_passes(self, hours: int) -> None:
        self.clock.time += dt.timedelta(hours=hours)

    @precondition(lambda self: self.count)
    @rule(at=st.integers(0, 99), status=st.sampled_from(["Confirmed", "Denied", "Developing"]))
    def is_edited(self, at: int, status: str) -> None:
        keep_briefing(self.topic, self._slug(at), status=status)

    @precondition(lambda self: self.count)
    @rule(at=st.integers(0, 99), back=st.booleans())
    def is_withdrawn_or_put_back(self, at: int, back: bool) -> None:
        briefing = self.topic.briefings.get(slug=self._slug(at))
        (withdrawal.put_back if back else withdrawal.withdraw)(briefing, "edda")

    @rule()
    def is_assembled(self) -> None:
        drafting.draft(self.topic)

    @rule()
    def dies_in_mid_assembly(self) -> None:
        with (
            mock.patch.object(drafting, "word", side_effect=Crash),
            pytest.raises(Crash),
            transaction.atomic(),
        ):
            drafting.draft(self.topic)

    @rule(dies=st.booleans())
    def is_approved(self, dies: bool) -> None:
        draft = self._draft()
        assume(draft and draft.items.exists())
        assert draft
        assume(not _gone(draft))
        if not dies:
            approval.approve(draft, by="pia")
            return
        with (
            mock.patch.object(editions, "keep", side_effect=Crash),
            pytest.raises(Crash),
            transaction.atomic(),
        ):
            approval.approve(draft, by="pia")

    @rule()
    def is_sent(self) -> None:
        approved = self.topic.updates.filter(stage=Stage.APPROVED).first()
        assume(approved)
        assert approved
        approval.mark_sent(approved)

    @rule()
    def is_unapproved(self) -> None:
        last = drafting.last_approved(self.topic)
        assume(last and last.stage == Stage.APPROVED and not self._draft())
        assert last
        approval.unapprove(last, by="pia")

    @rule()
    def is_discarded(self) -> None:
        draft = self._draft()
        assume(draft and draft.number is None)
        assert draft
        drafting.discard(draft)

    @rule(one=st.integers(0, 9), into=st.integers(0, 9))
    def is_folded(self, one: int, into: int) -> None:
        draft = self._draft()
        items = list(draft.items.select_related("briefing")) if draft else []
        assume(len(items) > 1 and one % len(items) != into % len(items))
        assert draft
        slugs = [item.briefing.slug for item in items]
        arranging.fold(draft, slugs[one % len(items)], slugs[into % len(items)], by="edda")

    @rule()
    def is_split(self) -> None:
        draft = self._draft()
        fold = draft.shown_folds().first() if draft else None
        assume(fold)
        assert draft
        assert fold
        arranging.split(draft, fold.briefing.slug, by="edda")

    # ---- what must hold ----------------------------------------------------------------------

    @invariant()
    def numbers_have_no_gaps_and_windows_tile_time(self) -> None:
        if not hasattr(self, "topic"):
            return
        numbered = list(self.topic.updates.exclude(number=None).order_by("number"))
        assert [one.number for one in numbered] == list(range(1, len(numbered) + 1))
        out = [one for one in numbered if one.stage in {Stage.APPROVED, Stage.SENT}]
        for before, after in pairwise(out):
            assert after.since == before.until

    @invariant()
    def nothing_is_new_twice_or_told_by_two(self) -> None:
        if not hasattr(self, "topic"):
            return
        out = [Stage.APPROVED, Stage.SENT]
        items = Item.objects.filter(update__stage__in=out)
        new = Counter(items.filter(kind=Kind.NEW).values_list("briefing", flat=True))
        assert not new or max(new.values()) == 1
        both = Counter(
            [
                *items.values_list("update", "briefing"),
                *Fold.objects.filter(update__stage__in=out).values_list("update", "briefing"),
            ]
        )
        assert not both or max(both.values()) == 1

    def check_nothing_is_lost(self) -> None:
        """Everything that is not withdrawn has its place after as many updates as it takes."""
        self.clock.time += dt.timedelta(days=5)
        for _ in range(self.count + 2):
            if approved := self.topic.updates.filter(stage=Stage.APPROVED).first():
                approval.mark_sent(approved)
            self.clock.time += dt.timedelta(hours=1)
            draft = drafting.draft(self.topic)
            if not draft.items.exists():
                break
            approval.approve(draft, by="pia")
        told = set(Item.objects.filter(update__stage=Stage.SENT).values_list("briefing", flat=True))
        folded = Fold.objects.filter(update__stage__in=[Stage.SENT, Stage.DRAFT])
        waiting = set(
            self.topic.briefings.filter(withdrawn_at=None)
            .exclude(pk__in=told)
            .exclude(pk__in=folded.values("briefing"))
            .values_list("slug", flat=True)
        )
        assert waiting == set()

    def _slug(self, at: int) -> str:
        return f"s{at % self.count + 1}"

    def _draft(self) -> Update | None:
        return self.topic.updates.select_related("topic").filter(stage=Stage.DRAFT).first()


def _gone(draft: Update) -> bool:
    folded = draft.shown_folds().filter(briefing__withdrawn_at__isnull=False)
    return draft.items.filter(briefing__withdrawn_at__isnull=False).exists() or folded.exists()


def _unrendered(_view: object) -> RenderedEmail:
    """The mail's looks are nothing to what goes into it, and take their time."""
    return RenderedEmail(
        subject="S", preheader="", html="<p>x</p>", text="x", mjml="", nonce="n" * 16
    )


class Checked(Newsroom):
    """And at the end of each story nothing is missing."""

    def teardown(self) -> None:
        try:
            if hasattr(self, "topic") and self.count:
                self.check_nothing_is_lost()
        finally:
            super().teardown()


@pytest.fixture(autouse=True)
def _checks_pass() -> Iterator[None]:
    from digest import checks

    with mock.patch.object(checks, "run", return_value=checks.Report(())):
        yield


@pytest.mark.django_db
@pytest.mark.parametrize("examples", [3, pytest.param(10, marks=pytest.mark.long)])
def test_in_any_order_of_events_nothing_is_lost_and_nothing_told_twice(examples: int) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Checked,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
