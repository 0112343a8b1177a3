"""The queue's page of alerts: what is wrong, since when, what to do; and who is at it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from digest.audit import audit
from workers.queue.seen_by import acts, looks, may_act
from workers.watch import telling
from workers.watch.advice import ADVICE
from workers.watch.alert import Alert, AlertKind, Watch, open_alerts

PAST = 20
"""Alerts that are over, on the page."""


@looks
def alerts(request: HttpRequest) -> HttpResponse:
    """What is wrong now, the newest first, and what was lately."""
    raised = Alert.objects.exclude(raised_at=None)
    watch = Watch.objects.filter(id=1).first()
    page = {
        "alerts": [
            (one, ADVICE[AlertKind(one.kind)].mend) for one in open_alerts().order_by("-raised_at")
        ],
        "past": raised.filter(resolved_at__isnull=False).order_by("-resolved_at")[:PAST],
        "channels": [(one.name, one.is_set()) for one in telling.CHANNELS],
        "trouble": watch.trouble if watch else "",
        "looked": watch is not None,
        "may_act": may_act(request),
    }
    return render(request, "queue/alerts.html", page)


@acts
def acknowledge(request: HttpRequest, number: int) -> HttpResponseBase:
    """Say that somebody is at it: colleagues see by whom, and that is all it changes."""
    alert = get_object_or_404(Alert.objects.exclude(raised_at=None), id=min(number, 2**63 - 1))
    who = request.user.get_username()
    mine = Alert.objects.filter(id=alert.id, acknowledged_at=None, resolved_at=None)
    if mine.update(acknowledged_at=timezone.now(), acknowledged_by=who):
        audit(who, "acknowledged alert", str(alert))
        messages.success(request, f"{alert.label}: colleagues see that you are at it.")
    else:
        messages.info(request, f"{alert.label}: it is over, or somebody is at it already.")
    return redirect("/queue/alerts/")


@acts
def test(request: HttpRequest) -> HttpResponseBase:
    """Send a test by each way that is set, and say what became of it."""
    who = request.user.get_username()
    for channel in filter(lambda one: one.is_set(), telling.CHANNELS):
        if trouble := telling.send_by(channel, [telling.a_test(who)]):
            messages.error(request, trouble)
        else:
            messages.success(request, f"A test was handed over by {channel.name}. See it arrive.")
    audit(who, "tested alerts", "alerts")
    return redirect("/queue/alerts/")
