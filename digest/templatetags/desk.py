"""Fields of the desk's forms, and what stands above a topic's pages."""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from digest.desk import strip
from digest.desk.briefing_form import BriefingForm
from digest.desk.topic_form import TopicForm
from digest.differences import Change, Piece, shortened
from digest.models import Item, Kind, Topic

register = template.Library()


@register.inclusion_tag("parts/field.html")
def part(
    form: BriefingForm | TopicForm,
    name: str,
    label: str,
    *,
    kind: str = "text",
    hint: str = "",
    lines: int = 0,
    choices: str = "",
    required: bool = False,
) -> dict[str, object]:
    """One text of a form; ``lines`` makes it a text area, ``choices`` names a list."""
    return {
        "name": name,
        "label": label,
        "kind": kind,
        "hint": hint,
        "lines": lines,
        "choices": choices,
        "required": required,
        "value": form.texts[name],
        "error": form.errors.get(name, ""),
    }


@register.inclusion_tag("parts/cell.html")
def cell(
    form: BriefingForm,
    rows: str,
    index: int,
    key: str,
    label: str,
    *,
    kind: str = "text",
    lines: int = 0,
    choices: str = "",
) -> dict[str, object]:
    """One text of a repeated row."""
    return {
        "name": f"{rows}.{key}",
        "id": f"{rows}.{index}.{key}",
        "label": label,
        "kind": kind,
        "lines": lines,
        "choices": choices,
        "value": form.shown_rows(rows)[index][key],
        "error": form.errors.get(f"{rows}.{index}.{key}", ""),
    }


@register.filter
def shown_rows(form: BriefingForm, name: str) -> list[dict[str, str]]:
    """The rows of a part, filled and empty."""
    return form.shown_rows(name)


@register.inclusion_tag("desk/strip.html")
def topic_strip(topic: Topic, here: str) -> dict[str, object]:
    """Where one is, the topic's other pages, and the other topics; ``here`` is of strip.PLACES."""
    return {
        "topic": topic,
        "here": here,
        "places": strip.places(topic),
        "others": strip.others(),
    }


@register.filter
def is_ours(url: str) -> str:
    """The path of a picture that we serve ourselves; empty for any other address."""
    own = f"{settings.BASE_URL}/pictures/"
    return url.removeprefix(settings.BASE_URL) if url.startswith(own) else ""


@register.filter
def clock(moment: dt.datetime, zone: str) -> str:
    """The time of day, with the day where that is another than today."""
    local, now = moment.astimezone(ZoneInfo(zone)), timezone.now().astimezone(ZoneInfo(zone))
    day = "" if local.date() == now.date() else f"{local.day} {local:%B} "
    return f"{day}{local:%H:%M}"


@register.filter
def shorter(pieces: Sequence[Piece]) -> list[Piece]:
    """A difference without what lies far from every change."""
    return shortened(pieces)


_TOLD = {Change.OUT: ("del", "taken out"), Change.IN: ("ins", "put in")}


@register.filter
def marked(pieces: Iterable[Piece]) -> SafeString:
    """A difference: what went out is struck, what came in underlined, both also in words."""
    return format_html_join("", "{}", ((_marked(*piece),) for piece in pieces))


def _marked(change: Change, text: str) -> str | SafeString:
    if change not in _TOLD:
        return text
    tag, word = _TOLD[change]
    aside = '<span class="visually-hidden">{}</span>'
    opened, closed = format_html(aside, f"[{word}: "), format_html(aside, "]")
    return format_html(f"<{tag}>{{}}{{}}{{}}</{tag}>", opened, text, closed)


@register.filter
def why_beside(item: Item) -> str:
    """Why an item is in, where its kind stands before it: "New" need not be said again."""
    return item.why.removeprefix(f"{Kind.NEW.label}. ")


@register.filter
def person(who: str) -> str:
    """Who did something, as one speaks of them: "ann.lee@example.org" is "Ann Lee"."""
    name, at, _ = who.partition("@")
    if not at:
        return f"The {who}" if who in {"schedule", "command line", "workers"} else who
    return " ".join(part.capitalize() for part in re.split(r"[._+-]+", name) if part) or who


@register.filter
def initials(who: str) -> str:
    """Two letters at most, for a picture of nobody."""
    words = [word for word in person(who).split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "?"
