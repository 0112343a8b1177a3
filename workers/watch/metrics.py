"""``/metrics``, as Prometheus reads it.  Few labels: no address ever, a mailing's only while it
is open and for an hour after."""

import datetime as dt
import hmac
from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.models import Count, Min, Q, Sum
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import GaugeMetricFamily, InfoMetricFamily, Metric

from digest import visitors
from workers import presence, slots
from workers.balance import STATES
from workers.brake import judging, look
from workers.doctor import kept
from workers.inbound import reading, standing
from workers.inbound.models import Sort
from workers.ledger import LIVE
from workers.models import BULK, URGENT, Mailing
from workers.queue.cards import ENDED, OPEN
from workers.queue.crew import asked
from workers.queue.speed import speeds
from workers.watch import readings
from workers.watch.alert import AlertKind, open_alerts
from workers.watch.readings import MOST, QUEUES

STAYS = dt.timedelta(hours=1)
"""How long a mailing that has ended keeps its label, so that its last numbers are read."""


# ---- who may ---------------------------------------------------------------------------


@require_safe
@never_cache
def metrics(request: HttpRequest) -> HttpResponse:
    """For programs on this machine, and for whoever knows METRICS_TOKEN."""
    if not (visitors.came_straight(request) or _knows_the_token(request)):
        told = "Ask from the machine itself, or with METRICS_TOKEN as a bearer token.\n"
        refused = HttpResponse(told, "text/plain; charset=utf-8", status=401)
        refused["WWW-Authenticate"] = "Bearer"
        return refused
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    return HttpResponse(encode(_registry), content_type)


def _knows_the_token(request: HttpRequest) -> bool:
    said = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
    token: str = settings.METRICS_TOKEN
    return bool(token) and hmac.compare_digest(said, f"Bearer {token}".encode())


class _All:
    def collect(self) -> Iterator[Metric]:
        yield from families()


_registry = CollectorRegistry()
_registry.register(_All())


# ---- what is told ----------------------------------------------------------------------


def families() -> Iterator[Metric]:
    """All figures. Where the database is away, what can be told without it."""
    yield InfoMetricFamily(
        "digest_build", "Which program this is.", {"version": readings.our_version()}
    )
    yield from _machine()
    yield from _broker()
    try:
        yield from list(_ledger())
        up = 1
    except DatabaseError:
        connection.close()
        up = 0
    yield _gauge("digest_database_up", "1 while the database answers.", up)


def _gauge(name: str, told: str, value: float | None) -> GaugeMetricFamily:
    """A figure without labels; no sample where it can't be told."""
    return GaugeMetricFamily(name, told, value=value)


def _machine() -> Iterator[Metric]:
    disk = readings.disk()
    yield _gauge("digest_disk_free_bytes", "Free on the disk that holds DATA_DIR.", disk.free)
    yield _gauge("digest_disk_size_bytes", "Size of the disk that holds DATA_DIR.", disk.size)
    yield _gauge(
        "digest_journals_left",
        "Journals of this machine that tell of something and that nobody has settled.",
        readings.journals_left(),
    )


def _broker() -> Iterator[Metric]:
    found = readings.broker()
    yield _gauge("digest_broker_up", "1 while Redis or Valkey answers.", int(found.up))
    waiting = GaugeMetricFamily(
        "digest_queue_messages",
        "Wake-ups in the broker that no worker has taken.",
        labels=["queue"],
    )
    for queue, n in found.waiting.items():
        waiting.add_metric([queue], n)
    yield waiting


def _ledger() -> Iterator[Metric]:
    now = timezone.now()
    yield _gauge("digest_database_size_bytes", "Size of the database.", readings.database_size())
    yield _gauge(
        "digest_tick_age_seconds",
        "Seconds since somebody last looked for what is due.",
        readings.tick_age(now),
    )
    yield from _workers(now)
    yield from _mailings()
    yield from _open_ones(now)
    yield from _waiting(now)
    yield from _intake(now)
    yield _alerts()


def _workers(now: dt.datetime) -> Iterator[Metric]:
    alive = GaugeMetricFamily("digest_workers", "Workers alive, by queue.", labels=["queue"])
    places = GaugeMetricFamily(
        "digest_worker_places", "Tasks that they can do at once, by queue.", labels=["queue"]
    )
    hands = list(presence.alive())
    for queue in QUEUES:
        theirs = [hand for hand in hands if queue in hand.queues.split(",")]
        alive.add_metric([queue], len(theirs))
        places.add_metric([queue], sum(hand.places for hand in theirs))
    yield alive
    yield places
    leases = readings.leases(now)
    yield _gauge("digest_leases", "Batches that workers have on lease.", leases.all)
    yield _gauge(
        "digest_leases_overdue",
        "Of these, whose worker has not been heard of for longer than its lease.",
        leases.overdue,
    )


def _mailings() -> Iterator[Metric]:
    found = GaugeMetricFamily(
        "digest_mailings", "Mailings that are not ended, by state.", labels=["state"]
    )
    by_state = dict(
        Mailing.objects.filter(state__in=OPEN)
        .values_list("state")
        .annotate(n=Count("id"))
        .order_by()
    )
    for state in OPEN:
        found.add_metric([state.value], by_state.get(state, 0))
    yield found
    yield _gauge(
        "digest_uncertain_deliveries",
        "Deliveries of which nothing says whether they arrived, of all mailings.",
        readings.unsettled().aggregate(n=Sum("uncertain", default=0))["n"],
    )
    yield _gauge(
        "digest_mailings_waiting_for_relay",
        "Mailings that go out, but that no relay takes anything of.",
        readings.waiting_for_relay().count(),
    )

    up = GaugeMetricFamily(
        "digest_route_up", "1 while a route is not set aside for its failures.", labels=["route"]
    )
    for route in readings.routes()[:MOST]:
        up.add_metric([route.name], int(not readings.is_down(route)))
    yield up


@dataclass(frozen=True)
class _Told:
    """The families that carry a mailing's label."""

    deliveries: GaugeMetricFamily
    candidates: GaugeMetricFamily
    live: GaugeMetricFamily
    rate: GaugeMetricFamily
    limit: GaugeMetricFamily


def _open_ones(now: dt.datetime) -> Iterator[Metric]:
    names = ["mailing", "topic", "update"]
    told = _Told(
        GaugeMetricFamily(
            "digest_mailing_deliveries", "Deliveries of an open mailing, by state.",
            labels=[*names, "state"],
        ),
        GaugeMetricFamily(
            "digest_mailing_candidates", "What these states must add up to.", labels=names
        ),
        GaugeMetricFamily(
            "digest_mailing_live", "1 while what is queued is to go out.", labels=names
        ),
        GaugeMetricFamily(
            "digest_mailing_rate", "Messages attempted a second, of late.", labels=names
        ),
        GaugeMetricFamily(
            "digest_mailing_rate_limit", "Messages a second that were asked for, where any were.",
            labels=names,
        ),
    )  # fmt: skip
    found = _named(now)
    fast = speeds([one.id for one in found if one.state in LIVE])
    limits = asked(found)
    for one in found:
        labels = [str(one.id), one.topic.slug, str(one.update.number if one.update else "")]
        for state in STATES:
            told.deliveries.add_metric([*labels, state], getattr(one, state))
        told.candidates.add_metric(labels, one.candidates)
        told.live.add_metric(labels, int(one.state in LIVE))
        told.rate.add_metric(labels, fast.get(one.id, 0.0))
        if (limit := limits[one.id]) is not None:
            told.limit.add_metric(labels, limit)
    yield from (told.deliveries, told.candidates, told.live, told.rate, told.limit)
    yield _gauge(
        "digest_mailings_unbalanced",
        "Of these mailings, those whose counters do not add up to their candidates.",
        sum(one.candidates != sum(getattr(one, state) for state in STATES) for one in found),
    )


def _named(now: dt.datetime) -> list[Mailing]:
    """The newest open mailings of updates, and what ended within the last hour."""
    ended = Q(state__in=ENDED, due_at__gte=now - readings.RECENT, finished_at__gte=now - STAYS)
    found = Mailing.objects.filter(Q(state__in=OPEN) | ended, kind__in=BULK)
    told = ["state", "kind", "rate", "candidates", *STATES, "topic__slug", "update__number"]
    return list(found.select_related("topic", "update").only(*told).order_by("-id")[:MOST])


def _waiting(now: dt.datetime) -> Iterator[Metric]:
    small = GaugeMetricFamily(
        "digest_small_mails_waiting",
        "Confirmations, welcomes, letters and tests that are to go out.",
        labels=["kind"],
    )
    oldest = GaugeMetricFamily(
        "digest_oldest_waiting_seconds",
        "How long the mailing that is due longest has had something to send; 0 where none has.",
        labels=["served_by"],
    )
    live = Mailing.objects.filter(state__in=LIVE, due_at__lte=now, queued__gt=0)
    by_kind = {
        kind: (n, since)
        for kind, n, since in live.values_list("kind")
        .annotate(n=Sum("queued"), since=Min("due_at"))
        .order_by()
    }
    for kind in URGENT:
        small.add_metric([kind.value], by_kind.get(kind, (0, now))[0])
    for queue, kinds in (("urgent", URGENT), ("bulk", BULK)):
        since = min((by_kind[kind][1] for kind in kinds if kind in by_kind), default=now)
        oldest.add_metric([queue], (now - since).total_seconds())
    yield small
    yield oldest


def _intake(now: dt.datetime) -> Iterator[Metric]:
    yield _gauge(
        "digest_slots_late",
        "Schedules, slots and approved updates that are due and that nobody took up.",
        len(readings.late(now)),
    )
    yield _gauge(
        "digest_mailings_braked",
        "Mailings that the brake holds, would hold or warns of, and that nobody let go on.",
        judging.warned(now).count(),
    )
    yield _gauge(
        "digest_provider_shares_held",
        "Mailbox providers' shares of mailings that are held back, since they refuse mail from us.",
        look.refusing().count(),
    )
    yield _gauge("digest_slots_held", "Slots that want a person.", slots.held().count())
    yield _gauge(
        "digest_feeds_ailing",
        "Feeds that failed several times in a row, or are gone.",
        readings.ailing().count(),
    )
    yield _gauge(
        "digest_doctor_news",
        "What the doctor's daily look found wrong that was well the day before.",
        len(kept.news()),
    )
    inbox = reading.current()
    yield _gauge(
        "digest_inbox_failures",
        "How often in a row the mailbox of mails that unsubscribe could not be read.",
        inbox.failures if inbox else 0,
    )
    yield _gauge(
        "digest_inbox_silent",
        "1 while nobody listens at the door where mails are handed over.",
        int(standing.is_silent(inbox)),
    )
    mails = GaugeMetricFamily(
        "digest_inbox_mails", "Mails that came in, in all, by what they were.", labels=["sort"]
    )
    for sort in Sort:
        mails.add_metric([sort.value], getattr(inbox, sort.value) if inbox else 0)
    yield mails


def _alerts() -> Metric:
    found = GaugeMetricFamily("digest_alerts", "Alerts that are not over.", labels=["kind"])
    by_kind = dict(open_alerts().values_list("kind").annotate(n=Count("id")).order_by())
    for kind in AlertKind:
        found.add_metric([kind.value], by_kind.get(kind, 0))
    return found
