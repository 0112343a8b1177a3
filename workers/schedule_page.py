"""A topic's schedule on the desk: set, looked at while it is typed, and held slots decided on.

Served from here, since the desk's own room knows no schedules; its pages ask for the fragments.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import available_timezones

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from digest.errors import DigestError, Refused
from digest.models import Topic
from digest.staff import APPROVERS, WRITERS, Role, has_role, role_required
from workers import rules, run_calendar, schedule, slots
from workers.brake import caring
from workers.models import Schedule, Slot, SlotResult
from workers.rules import Rule, Run
from workers.run_calendar import Day

RUNS = 10
WEEKDAYS = [("1", "Mon"), ("2", "Tue"), ("3", "Wed"), ("4", "Thu"), ("5", "Fri"), ("6", "Sat"),
            ("0", "Sun")]  # fmt: skip
"""As cron numbers them."""

TONES = {
    SlotResult.DUE: "info",
    SlotResult.RUNNING: "info",
    SlotResult.DRAFTED: "warn",
    SlotResult.APPROVED: "ok",
    SlotResult.SKIPPED: "quiet",
    SlotResult.HELD: "bad",
    SlotResult.PASSED: "quiet",
    SlotResult.LET_GO: "quiet",
}


@dataclass
class Form:
    """A schedule as it is typed: what was typed stays, and what is wrong with it is said."""

    texts: dict[str, str]
    auto: bool
    rule: Rule | None = None
    error: str = ""
    runs: list[Run] = field(default_factory=list)
    weeks: list[list[Day]] = field(default_factory=list)

    @property
    def words(self) -> str:
        """The rule as people say it."""
        return rules.in_words(self.texts["cron"]) if self.rule else ""


@require_safe
@role_required(*WRITERS)
def page(request: HttpRequest, topic: str) -> HttpResponse:
    """The schedule with its next runs; ``cron`` and the others try out another."""
    found = _topic(topic)
    return _shown(request, found, _form(request.GET, found))


@require_safe
@role_required(*WRITERS)
def runs(request: HttpRequest, topic: str) -> HttpResponse:
    """The next runs of what is being typed."""
    found = _topic(topic)
    context = {"topic": found, "form": _form(request.GET, found)}
    return render(request, "schedule/runs.html", context)


@require_POST
@role_required(*APPROVERS)
def set_(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Give the topic this schedule."""
    found = _topic(topic)
    form = _form(request.POST, found)
    if form.rule is None:
        return _shown(request, found, form, status=422)
    made = schedule.set_schedule(found, form.rule, form.auto, request.user.get_username())
    messages.success(request, f"Set. {found} goes out {rules.in_words(made.cron).lower()}.")
    return _back(found)


@require_POST
@role_required(*APPROVERS)
def clear(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Take the schedule away."""
    found = _topic(topic)
    try:
        schedule.clear(found, request.user.get_username())
        messages.success(request, "Taken away. Updates are assembled by hand from now on.")
    except DigestError as problem:
        messages.error(request, str(problem))
    return _back(found)


@require_POST
@role_required(*WRITERS, Role.OPS)
def decide(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Assemble a held slot's update now, or let it go."""
    slot = _held(request, topic)
    by, wanted = request.user.get_username(), request.POST.get("do", "")
    try:
        if wanted == "assemble":
            slots.assemble(slot, by)
            messages.success(request, "Assembled. Look at it, then approve it.")
            if has_role(request.user, *WRITERS):
                return redirect(f"/desk/{slot.topic.slug}/draft/")
        elif wanted == "let-go":
            slots.let_go(slot, by)
            messages.success(request, "Let go. What it would have carried waits for the next one.")
        else:
            raise Refused("Say whether to assemble it now or to let it go.")
    except DigestError as problem:
        messages.error(request, str(problem))
    return redirect("/queue/" if request.POST.get("back") == "queue" else "/desk/")


# ---- reading and showing -------------------------------------------------------------------


def _form(typed: Mapping[str, str], topic: Topic) -> Form:
    """What was typed, over what is set, over what most would want."""
    known = getattr(topic, "schedule", None) or Schedule(cron="0 7 * * 1-5", zone=topic.zone)
    texts = {name: str(value) for name, value in known.rule._asdict().items()}
    texts |= {name: typed[name].strip()[:1000] for name in texts if name in typed}
    form = Form(texts, auto="auto" in typed if "cron" in typed else known.auto)
    try:
        form.rule = rules.checked(_rule(texts))
        now = timezone.now()
        form.runs = list(itertools.islice(rules.runs(form.rule, now), RUNS))
        form.weeks = run_calendar.weeks(form.rule, now)
    except Refused as problem:
        form.error = str(problem)
    return form


def _rule(texts: Mapping[str, str]) -> Rule:
    lead = texts["lead"] or "0"
    if not (lead.isascii() and lead.isdigit() and len(lead) < 10):
        raise Refused("A lead is a number of minutes, 0 for none; nothing was changed.")
    if len(texts["cron"]) > 100:
        raise Refused("A rule has at most 100 characters; nothing was changed.")
    return Rule(texts["cron"], texts["zone"], int(lead), texts["blackouts"])


def _shown(request: HttpRequest, topic: Topic, form: Form, status: int = 200) -> HttpResponse:
    last = Slot.objects.filter(topic=topic).select_related("update__topic").order_by("-due_at")
    context = {
        "topic": topic,
        "form": form,
        "schedule": getattr(topic, "schedule", None),
        "presets": rules.PRESETS,
        "weekdays": WEEKDAYS,
        "zones": sorted(available_timezones()),
        "may_set": has_role(request.user, *APPROVERS),
        "held": list(slots.held().filter(topic=topic)),
        "care": caring.of(topic),
        "past": [(one, TONES[SlotResult(one.result)]) for one in last[:RUNS]],
    }
    return render(request, "schedule/page.html", context, status=status)


def _held(request: HttpRequest, topic: str) -> Slot:
    number = request.POST.get("slot", "")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Http404
    return get_object_or_404(Slot.objects.select_related("topic"), topic__slug=topic, id=number)


def _topic(slug: str) -> Topic:
    return get_object_or_404(Topic.objects.select_related("schedule"), slug=slug)


def _back(topic: Topic) -> HttpResponseBase:
    return redirect(f"/desk/{topic.slug}/schedule/")
