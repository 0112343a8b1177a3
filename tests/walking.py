"""The forms of a page as they are rendered, so that a sweep of them leaves nothing out."""

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote_plus, urljoin

from django.db import connection
from django.http import HttpResponseBase
from django.test import Client
from lxml import html

Sent = list[tuple[str, str]]
Database = dict[str, list[tuple[object, ...]]]

URLENCODED = "application/x-www-form-urlencoded"
LEFT_ALONE = {"csrfmiddlewaretoken"}


@dataclass(frozen=True)
class Form:
    """What a browser would send, and where to. ``names``: all that it could send; ``pressed``: the
    button, by what it says."""

    page: str
    action: str
    is_post: bool
    fields: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    pressed: str = ""

    def said(self, name: str, *values: str) -> Sent:
        """What is sent with these values, however many, in place of the field's own."""
        others = [(key, value) for key, value in self.fields if key != name]
        return [*others, *((name, value) for value in values)]

    def send(self, who: Client, said: Sent) -> HttpResponseBase:
        body = encoded(said)
        if self.is_post:
            return who.post(self.action, body, content_type=URLENCODED, HTTP_REFERER=self.page)
        return who.get(self.action, QUERY_STRING=body.decode("ascii"))


def encoded(said: Sent) -> bytes:
    """As a form's body; halves of surrogate pairs become the bytes that no UTF-8 has."""
    return "&".join(f"{_quoted(key)}={_quoted(value)}" for key, value in said).encode("ascii")


@functools.cache
def _quoted(text: str) -> str:
    return quote_plus(text.encode("utf-8", "surrogatepass"))


def forms(who: Client, page: str) -> Iterator[Form]:
    """Each form of the page once for every button that sends it."""
    answer = who.get(page, follow=True)
    if answer.status_code != 200 or "html" not in answer["Content-Type"]:
        return
    place = answer.redirect_chain[-1][0] if answer.redirect_chain else page
    tree = html.fromstring(answer.content)
    for form in tree.iter("form"):
        method, action = form.get("method", "get"), urljoin(place, form.get("action") or place)
        own = form.get("id")
        inputs = [*form.iter("input", "textarea", "select", "button")]
        inputs += tree.xpath("//*[@form=$own]", own=own) if own else []
        inputs = [one for one in inputs if one.get("name") and not _is_elsewhere(one, own)]
        fields = tuple(pair for one in inputs for pair in _sent(one))
        names = tuple(dict.fromkeys(one.get("name") for one in inputs))
        names = tuple(name for name in names if name not in LEFT_ALONE)
        for button in [one for one in inputs if _is_button(one)] or [None]:
            target, way = action, method
            pressed = fields
            if button is not None:
                pressed = (*fields, (button.get("name"), button.get("value", "")))
                target = urljoin(place, button.get("formaction") or action)
                way = button.get("formmethod") or method
            said = button.get("value", "") if button is not None else ""
            yield Form(place, target.partition("#")[0], way.lower() == "post", pressed, names, said)


def _is_elsewhere(one: html.HtmlElement, own: str | None) -> bool:
    """Whether it stands in this form's element and belongs to another, or waits in a template."""
    return one.get("form", own) != own or any(
        above.tag == "template" for above in one.iterancestors()
    )


def _is_button(one: html.HtmlElement) -> bool:
    return one.tag == "button" and one.get("type", "submit") == "submit"


def _sent(one: html.HtmlElement) -> Iterator[tuple[str, str]]:
    """What the control sends as it stands, unless it is a button."""
    name, kind = one.get("name"), one.get("type", "")
    if one.tag == "textarea":
        yield name, (one.text_content() or "").removeprefix("\n")
    elif one.tag == "select":
        chosen = [option for option in one.iter("option") if option.get("selected") is not None]
        for option in chosen or [*one.iter("option")][:1]:
            yield name, option.get("value", option.text_content())
    elif one.tag == "input" and kind not in {"file", "submit", "button", "image"}:
        ticked = kind in {"checkbox", "radio"}
        if not ticked or one.get("checked") is not None:
            yield name, one.get("value", "on" if ticked else "")


def everything(but: frozenset[str] = frozenset()) -> Database:
    """The whole database, to tell whether anything in it is another."""
    tables = sorted(set(connection.introspection.table_names()) - but)
    rows = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            rows[table] = sorted(map(_plain, cursor.fetchall()), key=repr)
    return rows


def _plain(row: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(bytes(one) if isinstance(one, memoryview) else one for one in row)
