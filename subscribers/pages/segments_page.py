"""The staff's pages of segments: the list, the form that makes one, and counts while one types."""

import json
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from digest.depths import Depths
from digest.errors import DigestError, Refused
from digest.models import Topic
from digest.staff import APPROVERS, WRITERS, has_role, role_required
from subscribers import builder, glance, rule_words, rules, saved_segments, suppression
from subscribers.models import Segment, Subscriber, SubscriberTag, SubscriptionState
from subscribers.pages.people import SEES_PEOPLE
from subscribers.selection import selected

SUGGESTED = 200
"""Tags, sources and the like that are offered at most."""
LOOKED_THROUGH = 2000
"""People whose attributes are looked at for names to offer."""


@require_safe
@role_required(*SEES_PEOPLE)
def listed(request: HttpRequest) -> HttpResponse:
    """The segments, how many people each one selects now, and which updates go to it."""
    rows = [
        {
            "segment": one,
            "words": rule_words.shown(one.rule),
            "glance": _quick(one.rule),
            "waiting": saved_segments.waiting_for(one.name),
        }
        for one in Segment.objects.all()
    ]
    may_edit = has_role(request.user, *APPROVERS)
    return render(request, "people/segments.html", {"rows": rows, "may_edit": may_edit})


@require_safe
@role_required(*WRITERS)
def choices(request: HttpRequest) -> HttpResponse:
    """A fragment for the approval form: a box for each segment, with whom it reaches."""
    topic = get_object_or_404(Topic, slug=request.GET.get("topic", "").replace("\0", ""))
    stops = suppression.stops() if glance.are_few() else None
    shown = {
        "rows": [
            (one, rule_words.shown(one.rule), _reached(topic, [one.rule], stops))
            for one in Segment.objects.all()
        ],
        "everybody": _reached(topic, [], stops),
    }
    return render(request, "people/choices.html", shown)


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*APPROVERS)
def edit(request: HttpRequest, number: int | None = None) -> HttpResponseBase:
    """The form of a new segment, or of one that is there; a POST saves, counts or adds rows."""
    segment = get_object_or_404(Segment, id=number) if number else None
    if request.method != "POST":
        return _form(request, segment, _kept(segment, as_json=request.GET.get("as") == "json"))
    sent = {key: str(value).replace("\0", "") for key, value in request.POST.items()}
    page: dict[str, Any] = {
        "name": sent.get("name", ""),
        "variant": sent.get("variant", ""),
        "form": None if "rule" in sent else builder.typed(sent),
        "rule": sent.get("rule", ""),
    }
    try:
        match sent.get("do"):
            case "row" | "group":
                _grow(page["form"], sent["do"])
            case "count":
                page["glance"] = glance.quick(_typed(sent))
            case _:
                _save(request, segment, sent)
                return redirect("/people/segments/")
    except DigestError as problem:
        page["problem"] = _told(problem, page["form"])
    return _form(request, segment, page)


@require_POST
@role_required(*APPROVERS)
def counted(request: HttpRequest) -> HttpResponse:
    """How many people the rule in the form selects, and twenty of them; at once, then exactly."""
    sent = {key: str(value).replace("\0", "") for key, value in request.POST.items()}
    try:
        rule = _typed(sent)
        found = glance.exact(rule) if "exact" in request.GET else glance.quick(rule)
    except Refused as problem:
        form = None if "rule" in sent else builder.typed(sent)
        return render(request, "people/count.html", {"problem": _told(problem, form)})
    return render(request, "people/count.html", {"glance": found})


@require_safe
@role_required(*SEES_PEOPLE)
def overlap(request: HttpRequest, number: int) -> HttpResponse:
    """How many of a segment's people each of the others selects too."""
    segment = get_object_or_404(Segment, id=number)
    rows = [
        (other, _quick({"all": [segment.rule, other.rule]}))
        for other in Segment.objects.exclude(id=number)[:20]
    ]
    return render(request, "people/overlap.html", {"rows": [row for row in rows if row[1]]})


@require_POST
@role_required(*APPROVERS)
def delete(request: HttpRequest, number: int) -> HttpResponseBase:
    """Delete a segment, unless an approved update waits to go to it."""
    segment = get_object_or_404(Segment, id=number)
    try:
        saved_segments.delete(segment.name, by=request.user.get_username())
        messages.success(request, f"Segment {segment.name} is deleted. What went to it stays sent.")
    except DigestError as problem:
        messages.error(request, str(problem))
    return redirect("/people/segments/")


def _kept(segment: Segment | None, *, as_json: bool) -> dict[str, Any]:
    """The form of a segment as it is kept; as JSON where rows can't say it."""
    if segment is None:
        form = None if as_json else builder.Form(groups=[builder.Group()])
        return {"variant": Depths.ARRANGED, "form": form, "rule": ""}
    written = json.dumps(segment.rule, ensure_ascii=False, indent=1)
    form = None if as_json else builder.form(segment.rule)
    return {"name": segment.name, "variant": segment.variant, "form": form, "rule": written}


def _form(request: HttpRequest, segment: Segment | None, page: dict[str, Any]) -> HttpResponse:
    form = page["form"]
    if form is not None:
        for group in form.groups or [builder.Group()]:
            group.rows = [*(row for row in group.rows if not row.is_blank), builder.Row()]
    shown = page | {
        "segment": segment,
        "words": builder.WORDS,
        "parts": builder.PARTS,
        "depths": Depths.choices,
        "suggested": _suggested(),
        "waiting": saved_segments.waiting_for(segment.name) if segment else [],
        "sent": saved_segments.sent_to(segment.name)[:10] if segment else [],
        "is_deep": segment is not None and form is None and builder.form(segment.rule) is None,
    }
    return render(request, "people/segment.html", shown, status=422 if "problem" in page else 200)


def _grow(form: builder.Form | None, what: str) -> None:
    """One more group; one more row is there anyway."""
    if form is not None and what == "group" and len(form.groups) < builder.MOST_GROUPS:
        form.groups.append(builder.Group("any"))


def _typed(sent: dict[str, str]) -> Any:
    """The rule that was sent, by rows or as JSON. Raises Refused."""
    if "rule" in sent:
        return rules.parse(sent["rule"])
    form = builder.typed(sent)
    if form.is_blank:
        raise Refused("There is no condition yet: name a field, and what it should be.")
    return builder.rule(form)


def _told(problem: DigestError, form: builder.Form | None) -> str:
    """What is wrong, for the top of the page: by row where there are rows, else by its place."""
    if isinstance(problem, rules.Mistake) and form is None:
        return f"{rule_words.place(problem.place).capitalize()}: {problem.why}"
    if form is None:
        return str(problem)
    wrong = builder.faults(form)
    if not wrong and isinstance(problem, rules.Mistake) and not form.is_blank:
        wrong = builder.blame(form, problem)
    return _wrong_rows(form) if wrong else str(problem)


def _wrong_rows(form: builder.Form) -> str:
    """Each row that can't be, by its number and with the reason."""
    told = [
        f"{f'Group {g}, condition' if g else 'Condition'} {r}: {row.problem}"
        for g, group in enumerate(form.groups)
        for r, row in enumerate(filter(lambda row: not row.is_blank, group.rows), 1)
        if row.problem
    ]
    return " ".join([*told, *filter(None, [form.part_problem])])


def _save(request: HttpRequest, segment: Segment | None, sent: dict[str, str]) -> None:
    rule = _typed(sent)
    by = request.user.get_username()
    saved_segments.keep(segment, sent.get("name", ""), rule, sent.get("variant", ""), by)
    messages.success(request, f"Segment {sent['name'].strip()} is kept.")


def _suggested() -> dict[str, list[tuple[str, str]]]:
    """What may be written as fields and as values: (text, what it is)."""
    people = Subscriber.objects.order_by("-id").values_list("attributes", flat=True)
    names = sorted({name for attributes in people[:LOOKED_THROUGH] for name in attributes})
    fields = [(name, "") for name in rules.OPERATORS if name not in rules.NAMED]
    return {
        "fields": [*fields, *((f"attribute.{name}", "attribute") for name in names[:SUGGESTED])],
        "values": [
            *((topic.slug, f"topic {topic.name}") for topic in Topic.objects.all()[:SUGGESTED]),
            *_counted_tags(),
            *((state.value, "status") for state in SubscriptionState),
        ],
    }


def _counted_tags() -> list[tuple[str, str]]:
    tags = SubscriberTag.objects.values("tag").annotate(people=Count("id")).order_by("-people")
    return [(one["tag"], f"tag, {one['people']:,} people") for one in tags[:SUGGESTED]]


def _quick(rule: Any) -> glance.Glance | None:
    """How many people; None where that depends on the mailing's topic."""
    try:
        return glance.quick(rule)
    except Refused:
        return None


def _reached(topic: Topic, rules: list[Any], stops: Q | None) -> dict[str, Any] | None:
    """How many people, and how many of them are stopped; None where a rule can't be read.

    Among very many (``stops`` is None) a look tells how many: see reach_page.py for the rest.
    """
    try:
        people = selected(topic, rules)
    except Refused:
        return None
    if stops is None:
        return {"about": glance.among(people)}
    return people.aggregate(people=Count("pk"), stopped=Count("pk", filter=stops))
