"""The REST API's part about people: sign one up, look one up, unsubscribe one.

A program signs people up as the page does: their owner is asked. Only a token that may vouch, with
the words that somebody agreed to and when, spares them the question.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, cast

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest
from ninja import Router, Schema, Status
from pydantic import AwareDatetime, ConfigDict, Field, field_validator

from digest import ending
from digest.api.briefings import Bearer, Told, who
from digest.api.tokens import Scope
from digest.audit import audit
from digest.errors import Refused
from digest.models import Topic
from digest.rendering import language
from subscribers import (
    addresses,
    dossier,
    locales,
    signup,
    throttle,
    unsubscribe,
    vouching,
)
from subscribers.importing.values import CONTROL
from subscribers.models import Subscriber
from subscribers.requested import ConsentWay, SignupRequest
from subscribers.suppression import suppressed

people = Router(tags=["subscribers"])
_SEES, _SIGNS_UP = Bearer(Scope.SEE_PEOPLE), Bearer(Scope.SIGN_UP)


class _Strict(Schema):
    """Takes the keys that it names and no other: nobody sets a state or a role by guessing."""

    model_config = ConfigDict(extra="forbid")


class ConsentIn(_Strict):
    """How somebody agreed elsewhere."""

    wording: str = Field(min_length=1, max_length=5_000)
    at: AwareDatetime

    @field_validator("wording")
    @classmethod
    def _can_be_kept(cls, wording: str) -> str:
        if CONTROL.search(wording):
            raise ValueError("holds a control or line-separator character")
        return wording

    @field_validator("at")
    @classmethod
    def _is_past(cls, at: dt.datetime) -> dt.datetime:
        if not dt.datetime(1990, 1, 1, tzinfo=dt.UTC) < at <= dt.datetime.now(dt.UTC):
            raise ValueError("is no time at which anybody can have agreed")
        return at


class PersonIn(_Strict):
    """Somebody who wants topics."""

    address: str = Field(max_length=1_000)
    topics: list[Annotated[str, Field(max_length=120)]] = Field(min_length=1, max_length=100)
    name: str = Field("", max_length=200)
    language: str = Field("", max_length=35)
    source: str = Field("", max_length=90)
    consent: ConsentIn | None = Field(None, description="Needs the scope subscribers:vouch.")

    @field_validator("name", "source")
    @classmethod
    def _is_one_line(cls, text: str) -> str:
        if not text.isprintable():
            raise ValueError("holds a control or line-separator character")
        return text.strip()

    @field_validator("language")
    @classmethod
    def _is_a_tag(cls, text: str) -> str:
        try:
            return locales.language(text) if text else ""
        except Refused as problem:
            raise ValueError(str(problem)) from None


class Noted(Schema):
    """What became of it; the same for every address, unless a token vouched for it."""

    address: str
    asked: list[str] = Field(description="Topics whose updates come once the owner confirms.")
    confirmed: list[str] = Field(description="Topics whose updates come from now on.")


class SubscriptionOut(Schema):
    """How a person stands to a topic."""

    topic: str
    state: str
    asked: dt.datetime
    confirmed: dt.datetime | None
    left: dt.datetime | None
    paused_until: dt.datetime | None


class PersonOut(Schema):
    """A person as we know them."""

    address: str
    name: str
    language: str
    country: str
    zone: str
    source: str
    joined: dt.datetime
    tags: list[str]
    attributes: dict[str, str]
    suppressed: str | None = Field(description="Why they are never mailed, if so.")
    subscriptions: list[SubscriptionOut]


@people.post(
    "/subscribers",
    auth=_SIGNS_UP,
    response={200: Noted, 202: Noted, 403: Told, 409: Told, 422: Told, 429: Told},
    summary="Sign somebody up",
)
def sign_up(request: HttpRequest, person: PersonIn) -> Any:
    """202: the address's owner is asked by mail, once in 24 hours, and is subscribed once they
    confirm; whether the address is known is told to nobody. With `consent` 200: subscribed at
    once. Sending it again changes nothing. 409 where they are suppressed, or have left since they
    agreed."""
    if wait := throttle.wait_of_mail(request, person.address):
        said = f"Too many sign-ups; nothing was kept. Try again in {wait} s."
        return Status(429, {"detail": said})
    try:
        address, topics = addresses.normal(person.address), _topics(person.topics)
        if person.consent is None:
            return Status(202, _asked(request, address, person, topics))
        return _vouched(request, address, person, person.consent, topics)
    except vouching.Barred as problem:
        return Status(409, {"detail": str(problem)})
    except Refused as problem:
        return Status(422, {"detail": f"{str(problem).rstrip('.')}; nothing was changed."})


@people.get(
    "/subscribers/{path:address}",
    auth=_SEES,
    response={200: PersonOut, 404: Told},
    summary="One person",
)
def look_up(request: HttpRequest, address: str) -> Any:  # noqa: ARG001
    """Who has this address, and how they stand to each topic."""
    one = _person(address)
    return {
        "address": one.email,
        "name": one.name,
        "language": one.language,
        "country": one.country,
        "zone": one.zone,
        "source": one.source,
        "joined": one.joined_at,
        "tags": sorted(one.tags.values_list("tag", flat=True)),
        "attributes": one.attributes,
        "suppressed": suppressed([one.email or ""]).get(one.email or ""),
        "subscriptions": [
            {
                "topic": theirs.topic.slug,
                "state": theirs.stands(dt.datetime.now(dt.UTC)),
                "asked": theirs.asked_at,
                "confirmed": theirs.confirmed_at,
                "left": theirs.left_at,
                "paused_until": theirs.paused_until,
            }
            for theirs in one.subscriptions.select_related("topic").order_by("topic__slug")
        ],
    }


@people.delete(
    "/subscribers/{path:address}",
    auth=_SIGNS_UP,
    response={204: None, 404: Told},
    summary="Unsubscribe somebody",
)
def leave(request: HttpRequest, address: str, topic: str = "") -> Any:
    """From one `topic`, or from all; 204 also where nobody has the address, for only a token that
    may see people is told who is known. Sending it again changes nothing."""
    try:
        one = Subscriber.objects.filter(email=addresses.normal(address)).first()
    except Refused as problem:
        raise Http404(str(problem)) from None
    topic_id = Topic.objects.values_list("id", flat=True).filter(slug=topic).first()
    if topic and topic_id is None:
        raise Http404(f"There is no topic {topic!r}; nothing was changed.")
    with transaction.atomic():
        if one and unsubscribe.leave(one.id, topic_id):
            audit(who(request), "unsubscribed subscriber", one.ref, topic=topic)
    return Status(204, None)


def _asked(
    request: HttpRequest, address: str, person: PersonIn, topics: Sequence[Topic]
) -> dict[str, Any]:
    """Have the owner asked, in the words of our own form. One row is written and nothing looked
    up, as on the page, so that a program can't tell by the time who is known."""
    lang = _lang(person, topics)
    one = SignupRequest.objects.create(
        email=address,
        topics=[topic.slug for topic in topics],
        name=person.name,
        language=lang,
        way=ConsentWay.API,
        wording=signup.wording(lang),
        source=_source(request, person),
    )
    return {"address": address, "asked": one.topics, "confirmed": []}


def _vouched(
    request: HttpRequest,
    address: str,
    person: PersonIn,
    agreed: ConsentIn,
    topics: Sequence[Topic],
) -> dict[str, Any]:
    if Scope.VOUCH not in cast("Any", request).auth.scopes:
        raise PermissionDenied(
            f"This token lacks the scope {Scope.VOUCH}, which a consent needs; nothing was "
            "changed. Without a consent the owner is asked."
        )
    statement = vouching.Statement(
        address, topics, agreed.wording, agreed.at, _source(request, person)
    )
    details = {"name": person.name, "language": _lang(person, topics)}
    vouching.confirm(statement, details, by=who(request))
    return {"address": address, "asked": [], "confirmed": [topic.slug for topic in topics]}


def _lang(person: PersonIn, topics: Sequence[Topic]) -> str:
    return person.language or language.shared(topic.language for topic in topics)


def _source(request: HttpRequest, person: PersonIn) -> str:
    """Whose word it is, and what that program called it."""
    name = cast("Any", request).auth.name
    return f"{name}, {person.source}" if person.source else str(name)


def _topics(slugs: Sequence[str]) -> list[Topic]:
    found = Topic.objects.in_bulk(slugs, field_name="slug")
    if missing := [slug for slug in slugs if slug not in found]:
        raise Refused(f"There is no topic {missing[0]!r}.")
    for topic in found.values():
        ending.refuse_ended(topic, "nobody was signed up")
    return list(found.values())


def _person(address: str) -> Subscriber:
    try:
        return dossier.named(address)
    except Refused as problem:
        raise Http404(str(problem)) from None
