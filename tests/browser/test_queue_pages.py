"""The queue's pages as somebody sees them: on a phone, light and dark, with nasty words in them."""

import datetime as dt

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth.models import User
from django.utils import timezone

from digest.models import Topic
from tests.browser.windows import Window
from tests.queueing import a_crew, a_mailing, an_update
from workers.brake.models import Braking, Postmaster, ProviderShare
from workers.doctor import kept
from workers.doctor.finding import Finding, bad, unknown, well
from workers.doctor.finding import look as to_look_at
from workers.models import Mailing, Worker
from workers.queue.models import AtDomain, Sample
from workers.routes.models import DomainLimit, Route, RouteDay
from workers.routes.sealing import seal

NASTY = '550 5.1.1 <script>alert(1)</script><img src=x onerror="alert(1)">'


@pytest.fixture
def at_work(pivot: Topic) -> Mailing:
    """A mailing with everything in it, others in other states, and a worker that was killed."""
    now = timezone.now()
    a_crew()
    Worker.objects.create(
        name="wharf:9",
        host="wharf-1a2b",
        pid=4711,
        queues="bulk",
        seen_at=now - dt.timedelta(0, 99),
    )
    mailing = a_mailing(
        pivot, update=an_update(pivot, 2), accepted=9, queued=5, deferred=2, failed=3, excluded=1,
        uncertain=7, leased=True, rate=500, answer=NASTY,
    )  # fmt: skip
    mailing.deliveries.filter(state="failed").update(name=NASTY, outcome="bounced")
    AtDomain.objects.create(mailing=mailing, domain=f"{'long-' * 12}example.com", accepted=9)
    for n in range(9):
        at = now - dt.timedelta(seconds=90 - 10 * n)
        slot = int(at.timestamp()) // 10
        Sample.objects.create(mailing=mailing, slot=slot, at=at, accepted=n)
    a_mailing(pivot, update=an_update(pivot, 3), queued=3, state="paused", why="Paused by otto.")
    a_mailing(pivot, update=an_update(pivot, 4), queued=3, state="held", why="Too late.")
    a_mailing(
        pivot, update=an_update(pivot, 1), accepted=2, excluded=3, state="cancelled",
        finished_at=now,
    )  # fmt: skip
    return mailing


def findings() -> list[Finding]:
    """Of every grade, one of them with words that are too long for a phone."""
    return [
        bad(f"DKIM at s1._domainkey.{'long-' * 9}example.com", NASTY, f"Add: p={'A' * 390}"),
        to_look_at("Setting SMPT_URL", "Nothing of this name is known.", "Write SMTP_URL."),
        unknown("Clock", "The time server does not answer.", "timedatectl"),
        well("Disk", "There is room."),
    ]


def some_routes() -> list[Route]:
    """One that failed and says nasty words, and one with all that a route may have."""
    now = timezone.now()
    failed = Route.objects.create(
        name="failed", failures=3, aside_until=now, trouble=NASTY, heard=[[now.isoformat(), NASTY]]
    )
    full = Route.objects.create(
        name="a-name-as-long-as-a-route-of-ours-may-be", rate=70, cap=100, warmup=[50, 90],
        warmup_from=now.date(), kinds=["test"],
        sealed=seal("mailgun+https://k@news.example.com?region=eu"), by_api=True,
    )  # fmt: skip
    DomainLimit.objects.create(
        route=full, domain=f"{'long-' * 12}example.com", rate=2, held=17, held_at=now
    )
    RouteDay.objects.create(route=full, day=now.date(), taken=40, accepted=38, refused=2)
    return [failed, full]


def braked(topic: Topic) -> Mailing:
    """A mailing that the brake holds, beside a provider that refuses us at length."""
    made = a_mailing(topic, state="held", queued=2, failed=1, why=NASTY)
    Braking.objects.create(mailing=made, level="braked", words=NASTY, held=True)
    ProviderShare.objects.create(
        mailing=made, provider=f"{'long-' * 12}example.com", standing="held", words=NASTY
    )
    Postmaster.objects.create(
        provider="Gmail", day=timezone.now().date(), complaints=0.1, words=NASTY, by="otto"
    )
    return made


@pytest.mark.parametrize("look", ["light", "dark"])
def test_the_queue_fits_a_phone_has_no_finding_of_axe_and_runs_nobody_s_script(
    window: Window, at_work: Mailing, look: str
) -> None:
    cancelled, routes = Mailing.objects.get(state="cancelled"), some_routes()
    held = braked(at_work.topic)
    kept.keep(findings(), "otto@example.org")
    User.objects.filter(pk=window.user.pk).update(is_superuser=True)  # who may do all
    for path in [
        "/queue/",
        f"/queue/{at_work.id}/",
        f"/queue/{at_work.id}/?state=failed",
        f"/queue/{at_work.id}/cancel/",
        f"/queue/{at_work.id}/rate/",
        f"/queue/{cancelled.id}/",
        f"/queue/{cancelled.id}/resend/",
        "/queue/deliveries/",
        "/queue/deliveries/?q=nobody@example.org",
        f"/queue/deliveries/?mailing={at_work.id}&state=failed",
        "/queue/brake/",
        f"/queue/{held.id}/",
        "/queue/workers/",
        "/queue/routes/",
        "/queue/routes/add/",
        f"/queue/routes/{routes[1].id}/",
        "/queue/doctor/",
    ]:
        window.open(path, 320, look)
        assert window.page.evaluate("document.documentElement.scrollWidth") <= 320, path
        found = Axe().run(window.page).response["violations"]
        assert not [(one["id"], one["nodes"][0]["target"]) for one in found], path
    assert not window.seen.dialogs
    assert not window.seen.errors
    assert not window.seen.elsewhere
