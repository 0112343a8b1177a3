"""A topic made, and its settings: seen by all who write, changed by publishers.

While they are typed the page asks for their ``look``: whether the accent can be read, what is
wrong with the sender, and the mail itself in light and dark.
"""

from collections.abc import Mapping
from urllib.parse import urlencode
from zoneinfo import available_timezones

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from digest import closing, editions, ending, pictures, topics, voiding
from digest.checks import Finding, Level, alignment, sender
from digest.depths import Depths
from digest.desk import preview, specimen, topic_form
from digest.desk.look import wanted
from digest.desk.posts import typed
from digest.desk.topic_form import TopicForm
from digest.errors import DigestError, Refused
from digest.intake.slugs import slug_from
from digest.models import Topic, from_address
from digest.rendering import colour
from digest.signing_in import wrong_password
from digest.staff import APPROVERS, WRITERS, Role, has_role, role_required

LANGUAGES = {"en": "English", "de": "German", "ar": "Arabic"}
"""Those that mails have words of their own in; any other may be named."""

_SHOWN = (*topic_form.TEXTS, "depth", "logo")


@require_http_methods(["GET", "HEAD", "POST"])
@role_required(*APPROVERS)
def new(request: HttpRequest) -> HttpResponseBase:
    """A form for a new topic; a POST makes it and leads to its settings."""
    texts = {"name": "", "slug": "", "description": "", "language": "en", "zone": "UTC"}
    errors: dict[str, str] = {}
    if request.method == "POST":
        texts = {name: typed(request, name) for name in texts}
        made = _made(texts, errors, request.user.get_username())
        if made:
            said = f"Made. {made} has its address; now give it its look."
            messages.success(request, said, extra_tags="new topic")
            return redirect(f"/desk/{made.slug}/settings/")
    page = {
        "form": TopicForm(texts, {}, errors=errors),
        "zones": sorted(available_timezones()),
        "languages": LANGUAGES,
    }
    return render(request, "desk/topics/new.html", page, status=422 if errors else 200)


def _made(texts: dict[str, str], errors: dict[str, str], by: str) -> Topic | None:
    slug = texts["slug"] or slug_from(texts["name"])
    given = {name: text for name, text in texts.items() if name != "slug"}
    tried = topic_form.tried_on(Topic(slug=slug), given)
    errors |= topic_form.settled(tried)
    fault = topics.slug_fault(slug)
    try:
        if not (fault or errors):
            return topics.add(slug, given, by)
    except Refused as taken:
        fault = str(taken)
    if fault:
        errors["slug"] = fault.partition("Change it with")[0].strip()
    return None


@require_safe
@role_required(*WRITERS)
def settings(request: HttpRequest, topic: str) -> HttpResponse:
    """Everything that can be set of a topic, with its mail beside it."""
    found = get_object_or_404(Topic, slug=topic)
    return _page(request, found, topic_form.of_topic(found), found)


@sensitive_post_parameters("password")
@require_POST
@role_required(*APPROVERS)
def save(request: HttpRequest, topic: str) -> HttpResponseBase:
    """Keep what was typed, once nothing of it is wrong; a new sender wants the password."""
    found = get_object_or_404(Topic, slug=topic)
    form = topic_form.of_typed(found, _typed(request))
    _take_logo(request, form)
    given = form.read(found)
    _refuse(request, found, form, given)
    if not form.errors and _kept(request, found, form, given):
        return redirect(f"/desk/{topic}/settings/")
    return _page(request, found, form, _as_typed(found, form, given))


@require_POST
@role_required(*APPROVERS)
def end(request: HttpRequest, topic: str) -> HttpResponseBase:
    """End the topic, or have it go on: what ``do`` says."""
    found, by = get_object_or_404(Topic, slug=topic), request.user.get_username()
    try:
        if request.POST.get("do") == "reopen":
            ending.reopen(found, by)
            messages.success(request, f"{found} goes on: its schedule from its next time.")
        else:
            ending.end(found, by)
            messages.success(request, f"{found} has ended. Nobody was written to.")
    except Refused as problem:
        messages.error(request, str(problem))
    return redirect(f"/desk/{topic}/settings/#end")


def _kept(request: HttpRequest, topic: Topic, form: TopicForm, given: Mapping[str, object]) -> bool:
    """Keep it, unless somebody else has changed the topic since the form was opened."""
    with transaction.atomic():
        locked = Topic.objects.select_for_update(no_key=True).get(pk=topic.pk)
        if request.POST.get("seen") != topic_form.mark(locked):
            form.errors["whole"] = (
                "Somebody else has changed these settings since you opened them. Your words are "
                "below; saving again puts them over theirs."
            )
            return False
        changed = topics.change(locked, given, request.user.get_username())
    messages.success(request, _said(changed.fields), extra_tags=f"settings {topic.pk}")
    for update in changed.voided:
        messages.warning(request, voiding.told(update))
    return True


@require_safe
@role_required(*WRITERS)
def look(request: HttpRequest, topic: str) -> HttpResponse:
    """What the fields that are being typed come to; nothing is kept."""
    found = get_object_or_404(Topic, slug=topic)
    form = topic_form.of_typed(found, request.GET.dict())
    tried = _as_typed(found, form, form.read(found))
    return render(request, "desk/topics/look.html", _looks(found, form, tried))


@require_POST
@role_required(*APPROVERS)
def logo(request: HttpRequest, topic: str) -> HttpResponse:
    """Take in a logo that was chosen, to be looked at; saving the settings makes it the topic's."""
    found = get_object_or_404(Topic, slug=topic)
    form = topic_form.of_typed(found, _typed(request))
    _take_logo(request, form)
    tried = _as_typed(found, form, form.read(found))
    return render(request, "desk/topics/look.html", _looks(found, form, tried))


@require_safe
@role_required(*WRITERS)
@xframe_options_sameorigin
def mail(request: HttpRequest, topic: str) -> HttpResponse:
    """The topic's mail with the fields of the address, in a frame that can do nothing."""
    found = get_object_or_404(Topic, slug=topic)
    form = topic_form.of_typed(found, request.GET.dict())
    tried = _as_typed(found, form, form.read(found))
    try:
        email = editions.rendered(specimen.view(tried))
    except DigestError as problem:
        return preview.framed(preview.as_page(str(problem)), tried)
    page = preview.shown(wanted(request)[0], email.html, email.text, email.nonce)
    return preview.framed(page, tried)


# ---- what was typed ----------------------------------------------------------------------------


def _typed(request: HttpRequest) -> dict[str, str]:
    return {name: typed(request, name) for name in request.POST}


def _take_logo(request: HttpRequest, form: TopicForm) -> None:
    """The file that was chosen, where one was; what is wrong with it is said at its field."""
    file = request.FILES.get("logo_file")
    if file is not None:
        try:
            form.logo = pictures.kept(file.read(pictures.WEIGHT + 1), (file.name or "It")[:80])
        except Refused as fault:
            form.errors["logo"] = str(fault)


def _refuse(
    request: HttpRequest, topic: Topic, form: TopicForm, given: Mapping[str, object]
) -> None:
    """What the fields themselves can't tell: whether this person may change them."""
    moved = "from_address" not in form.errors and given["from_address"] != topic.from_address
    if moved and (wrong := wrong_password(request)):
        form.errors["password"] = wrong
    if topic.two_people and not given["two_people"] and not has_role(request.user, Role.ADMIN):
        form.errors["two_people"] = (
            "Only an admin can take the second person away, or one alone could."
        )


def _as_typed(topic: Topic, form: TopicForm, given: Mapping[str, object]) -> Topic:
    """The topic with those fields that are right; the others as they stand."""
    right = {name: value for name, value in given.items() if name not in form.errors}
    return topic_form.tried_on(topic, right)


# ---- what is shown -----------------------------------------------------------------------------


def _page(request: HttpRequest, topic: Topic, form: TopicForm, tried: Topic) -> HttpResponse:
    page = {
        **_looks(topic, form, tried),
        "zones": sorted(available_timezones()),
        "languages": LANGUAGES,
        "depths": Depths,
        "seen": topic_form.mark(topic),
        "usual": ", ".join(closing.USUAL[:4]),
        "house_sender": from_address(Topic()),
        "may_change": has_role(request.user, *APPROVERS),
    }
    return render(request, "desk/topics/settings.html", page, status=422 if form.errors else 200)


def _looks(topic: Topic, form: TopicForm, tried: Topic) -> dict[str, object]:
    """What the page shows of the fields: the mail's address, the colours, the sender's faults."""
    asked = {name: form.texts[name] for name in _SHOWN if name in form.texts}
    asked |= {name: "on" for name, on in form.flags.items() if on}
    asked["logo"] = mark = topic_form.logo_mark(topic, form.logo)
    update = specimen.newest(topic)
    return {
        "topic": topic,
        "form": form,
        "logo_mark": mark,
        "query": urlencode(asked),
        "colours": _colours(tried.accent),
        "findings": _findings(tried),
        "of": update.label if update else "",
        "moved": tried.from_address != topic.from_address,
    }


def _colours(accent: str) -> list[dict[str, object]]:
    """The accent and what is derived from it, each with the ground that it is read on."""
    made = colour.palette(accent)
    pairs = [
        ("on white", made.accent, "#ffffff"),
        ("on its tint", made.accent, made.tint),
        ("on dark", made.dark_accent, "#1e1c19"),
        ("on the dark tint", made.dark_accent, made.dark_tint),
    ]
    return [
        {"name": name, "ink": ink, "ground": ground, "contrast": colour.contrast(ink, ground)}
        for name, ink, ground in pairs
    ]


def _findings(topic: Topic) -> list[Finding]:
    """What the checks say of the sender, worst first."""
    try:
        view = specimen.view(topic)
        email = editions.rendered(view)
    except DigestError as problem:
        return [Finding("mail", Level.BLOCK, str(problem))]
    context = editions.sender_context(topic)
    found = [*sender.check(view, email, context), *alignment.check(view, email, context)]
    worst = [Level.BLOCK, Level.WARN, Level.OK]
    return sorted(found, key=lambda one: worst.index(one.level))


def _said(changed: Mapping[str, object]) -> str:
    if not changed:
        return "Nothing had changed."
    names = [name.replace("_", " ").removesuffix(" budget") for name in changed]
    return f"Saved: {', '.join(names)}."
