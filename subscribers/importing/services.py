"""What other services export: whose columns these are, what each holds, what their words mean.

A service is one row of the table; its names are in ``plain`` form. What it counts of its own
(ids, opens, places on the map) is left behind: it says nothing here, and is about people.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import models

from subscribers.models import SubscriptionState, SuppressionReason

Standing = SubscriptionState | SuppressionReason
"""What a list says of somebody: how they stand to its topic, or why they can't be mailed."""

CONFIRMED, PENDING = SubscriptionState.CONFIRMED, SubscriptionState.PENDING
PAUSED, LEFT = SubscriptionState.PAUSED, SubscriptionState.UNSUBSCRIBED
BOUNCED, COMPLAINED = SuppressionReason.HARD_BOUNCE, SuppressionReason.COMPLAINT
BARRED = SuppressionReason.IMPORTED


OUT: Mapping[str, Standing] = {
    "unsubscribed": LEFT,
    "bounced": BOUNCED,
    "complained": COMPLAINED,
    "suppressed": BARRED,
}
"""What a person may say of everybody in a list; never that they agreed."""


class Field(models.TextChoices):
    """What a column holds."""

    EMAIL = "email", "Address"
    NAME = "name", "Name"
    FIRST_NAME = "first name", "First name"  # of the name where there is no whole one
    LAST_NAME = "last name", "Last name"
    STATUS = "status", "Status"  # in words; of several the worst counts
    TOPICS = "topics", "Topics"  # slugs, with commas between
    TAGS = "tags", "Tags"
    LANGUAGE = "language", "Language"
    ZONE = "zone", "Time zone"
    COUNTRY = "country", "Country"
    JOINED = "joined", "Joined (time)"  # of several the earliest counts
    SOURCE = "source", "Source"
    CONFIRMED = "confirmed", "Confirmed (time)"
    LEFT = "left", "Left (time)"  # where there is one, or a yes, they left, whatever the status
    LEFT_WHY = "left why", "Why they left"
    BOUNCED = "bounced", "Bounced (time, or why)"
    PAUSED_UNTIL = "paused until", "Paused until (time)"
    ASKED = "asked", "Asked for it (time)"
    CONSENT = "consent", "How they agreed"
    SUBSCRIBED = "subscribed", "Is subscribed (yes or no)"
    DISABLED = "disabled", "Is switched off (yes or no)"  # no: they get the mails
    OPTED_OUT = "opted out", "Has opted out (yes or no)"  # no says nothing: it is no consent
    ATTRIBUTES = "attributes", "Attributes (JSON)"  # one for each of its keys
    ATTRIBUTE = "attribute", "An attribute"  # of the name that the column has
    UNSURE = "unsure", "Not sure: may say who left"  # kept like one, where it is said not to
    IGNORE = "ignore", "Leave out"


@dataclass(frozen=True)
class Service:
    """One that people move here from."""

    name: str
    label: str
    marks: Sequence[frozenset[str]] = ()  # a header with all of one of these is theirs
    columns: Mapping[str, Field] = field(default_factory=dict)
    words: Mapping[str, Standing | None] = field(default_factory=dict)  # before WORDS
    files: Sequence[tuple[str, Standing]] = ()  # what a file's name says of all who are in it
    all_left: str = ""  # a column that only those have who left
    all_bounced: str = ""
    ignored: frozenset[str] = frozenset()
    ignores_others: bool = False  # whatever else they have is a count of theirs


def plain(name: str) -> str:
    """A column's name, however it is spelt: ``OPTIN_TIME`` is ``optin time``."""
    name = unicodedata.normalize("NFC", name).replace("’", "'")
    return re.sub(r"[\s_-]+", " ", name).strip().lower()


WORDS: Mapping[str, Standing] = {
    **dict.fromkeys(("confirmed", "active", "subscribed", "opted in"), CONFIRMED),
    **dict.fromkeys(("aktiv", "angemeldet", "abonniert", "inscrit", "inscrite"), CONFIRMED),
    **dict.fromkeys(("abonné", "abonnée", "suscrito", "suscrita", "activo", "activa"), CONFIRMED),
    **dict.fromkeys(("pending", "unconfirmed", "unactivated", "not confirmed"), PENDING),
    **dict.fromkeys(("unbestätigt", "ausstehend", "en attente", "pendiente"), PENDING),
    **dict.fromkeys(("paused", "pausiert", "en pause", "en pausa"), PAUSED),
    **dict.fromkeys(("unsubscribed", "inactive", "left", "cancelled", "canceled", "removed"), LEFT),
    **dict.fromkeys(("opted out", "abgemeldet", "inaktiv", "désinscrit", "désinscrite"), LEFT),
    **dict.fromkeys(("désabonné", "désabonnée", "baja", "de baja", "inactivo", "inactiva"), LEFT),
    **dict.fromkeys(("bounced", "cleaned", "undeliverable", "unzustellbar", "rebond"), BOUNCED),
    **dict.fromkeys(("rebotado", "rebotada", "hard bounce"), BOUNCED),
    **dict.fromkeys(("complained", "complaint", "spam", "beschwerde", "plainte"), COMPLAINED),
    **dict.fromkeys(("queja",), COMPLAINED),
    **dict.fromkeys(("مشترك", "iscritto", "ingeschreven", "inscrito", "inscrita"), CONFIRMED),
    **dict.fromkeys(("غير مشترك", "disiscritto", "uitgeschreven", "deleted"), LEFT),
    **dict.fromkeys(("hard bounced",), BOUNCED),
    **dict.fromkeys(("junk",), COMPLAINED),
    **dict.fromkeys(("suppressed", "blocked", "blocklisted", "blacklisted", "banned"), BARRED),
    **dict.fromkeys(("gesperrt", "bloqué", "bloquée", "bloqueado", "bloqueada"), BARRED),
}
"""Words for a standing, of any list. One that is not among them refuses its row."""

ANY_NAMES: Mapping[Field, Sequence[str]] = {
    Field.EMAIL: (
        "e mail", "email address", "e mail address", "mail", "subscriber email",
        "user email address", "e mail adresse", "email adresse", "adresse e mail",
        "adresse email", "courriel", "correo electrónico", "correo",
    ),
    Field.NAME: ("full name", "display name", "subscriber name", "nom complet"),
    Field.FIRST_NAME: ("firstname", "given name", "forename", "vorname", "prénom", "nombre"),
    Field.LAST_NAME: (
        "lastname", "surname", "family name", "nachname", "nom", "nom de famille", "apellidos",
        "apellido",
    ),
    Field.STATUS: (
        "subscription status", "subscriber status", "email status", "statut", "estado", "stato",
        "situação", "الحالة",
    ),
    Field.TOPICS: ("topic", "lists", "list"),
    Field.TAGS: ("tag", "labels", "schlagwörter", "étiquettes", "etiquetas"),
    Field.LANGUAGE: ("lang", "locale", "sprache", "langue", "idioma"),
    Field.ZONE: ("time zone", "timezone", "zeitzone", "fuseau horaire", "zona horaria"),
    Field.COUNTRY: ("country code", "land", "pays", "país"),
    Field.JOINED: (
        "joined at", "created at", "subscribed at", "date added", "subscription date",
        "signup date", "opt in date", "added", "signed up", "anmeldedatum", "angemeldet am",
        "date d'inscription", "fecha de alta",
    ),
    Field.SOURCE: ("signup source",),
    Field.LEFT: (
        "unsubscribed at", "unsubscribe date", "left at", "unsubscribed", "abmeldedatum",
        "abgemeldet am", "date de désinscription", "fecha de baja", "cancelled at", "deleted at",
        "opt out date", "confirmed opt out date", "unsubscribed from all email", "email opt out",
        "do not email", "abgemeldet", "désabonné", "désinscrit",
    ),
    Field.BOUNCED: ("bounced", "bounced at", "hard bounced", "email hard bounce reason"),
    Field.LEFT_WHY: ("unsubscribe reason", "reason"),
    Field.CONFIRMED: ("confirmed at", "confirmation date"),
    Field.SUBSCRIBED: ("is subscribed",),
    Field.OPTED_OUT: ("optout", "opt out"),
}  # fmt: skip
"""What a column of any list may be called, besides a field's own name; in four languages."""

EMAIL_NAMES = frozenset({Field.EMAIL.value, *ANY_NAMES[Field.EMAIL]})

_UTM = frozenset({"utm medium", "utm term", "utm content", "utm campaign", "utm channel"})
_COUNTED = frozenset({
    "id", "uuid", "user id", "opens", "clicks", "open rate", "click rate", "emails received",
    "stripe customer id", "stripe connected customer id", "last modified", "updated at", "expiry",
})  # fmt: skip

SERVICES: Sequence[Service] = (
    Service(
        "mailchimp", "Mailchimp",
        marks=[
            frozenset({"email address", "optin time"}),
            frozenset({"email address", "member rating"}),
            frozenset({"email address", "leid", "euid"}),
        ],
        columns={
            "optin time": Field.JOINED, "confirm time": Field.CONFIRMED, "tags": Field.TAGS,
            "timezone": Field.ZONE, "cc": Field.COUNTRY, "language": Field.LANGUAGE,
            "unsub time": Field.LEFT, "unsub reason": Field.LEFT_WHY,
            "unsub reason other": Field.LEFT_WHY, "clean time": Field.BOUNCED,
            "source": Field.SOURCE,
        },
        files=[
            (r"non.?subscribed|transactional", PENDING), (r"unsubscribed", LEFT),
            (r"cleaned", BOUNCED), (r"subscribed|members", CONFIRMED),
        ],
        all_left="unsub time", all_bounced="clean time",
        ignored=frozenset({
            "member rating", "optin ip", "confirm ip", "latitude", "longitude", "gmtoff",
            "dstoff", "region", "last changed", "leid", "euid", "clean campaign title",
            "clean campaign id", "unsub campaign title", "unsub campaign id",
        }),
    ),
    Service(
        "tinynews", "TinyNews",
        marks=[
            frozenset({"channel id", "engagement optin", "email"}),
            frozenset({"email", "date added", "last modified", "clicks", "opens"}),
        ],
        columns={
            "name": Field.FIRST_NAME, "surname": Field.LAST_NAME, "created at": Field.JOINED,
            "deleted at": Field.LEFT, "tags": Field.TAGS, "tier title": Field.ATTRIBUTE,
        },
        words={"0": LEFT, "1": CONFIRMED, "4": CONFIRMED},
        ignored=_COUNTED | {"channel id", "engagement optin", "tier"},
    ),
    Service(
        "substack", "Substack",
        marks=[
            frozenset({"email", "email disabled"}),
            frozenset({"email", "active subscription", "expiry"}),
            frozenset({"user email address", "subscription type"}),
            frozenset({"email", "start date", "paid upgrade date"}),
            frozenset({"email", "subscription type", "subscription date"}),
        ],
        columns={
            "email disabled": Field.DISABLED, "user email address": Field.EMAIL,
            "user name": Field.NAME, "type": Field.ATTRIBUTE, "plan": Field.ATTRIBUTE,
            "subscription created at": Field.JOINED, "created at": Field.JOINED,
            "unsubscribed at": Field.LEFT, "subscription type": Field.ATTRIBUTE,
            "start date": Field.JOINED, "subscription source (free)": Field.SOURCE,
            "subscription date": Field.JOINED, "subscriber country": Field.COUNTRY,
            "stripe plan": Field.ATTRIBUTE,
        },
        ignores_others=True,
    ),
    Service(
        "ghost", "Ghost",
        marks=[
            frozenset({"email", "subscribed to emails"}),
            frozenset({"email", "complimentary plan"}),
        ],
        columns={
            "subscribed to emails": Field.SUBSCRIBED, "labels": Field.TAGS,
            "created at": Field.JOINED, "deleted at": Field.LEFT, "note": Field.ATTRIBUTE,
        },
        ignored=_COUNTED | {"gift id"},
    ),
    Service(
        "listmonk", "listmonk",
        marks=[frozenset({"email", "attributes", "status"})],
        columns={
            "attributes": Field.ATTRIBUTES, "created at": Field.JOINED, "lists": Field.ATTRIBUTE,
            "list": Field.ATTRIBUTE,
        },
        # Who left a list stays enabled, so that this says nothing of any list.
        words={"enabled": None, "disabled": LEFT, "blocklisted": BARRED},
        ignored=_COUNTED,
    ),
    Service(
        "beehiiv", "Beehiiv",
        marks=[
            frozenset({"email", "status", "tier"}),
            frozenset({"email", "status", "subscription tier"}),
            frozenset({"email", "status", "acquisition source"}),
            frozenset({"email", "status", "referral code"}),
        ],
        columns={
            "created at": Field.JOINED, "subscription date (substack)": Field.JOINED,
            "unsubscribed at": Field.LEFT, "utm source": Field.SOURCE, "tier": Field.ATTRIBUTE,
        },
        words={"validating": PENDING, "needs attention": PENDING, "invalid": BOUNCED},
        ignored=_COUNTED | _UTM | {"referral code", "referral count", "referring site"},
    ),
    Service(
        "buttondown", "Buttondown",
        marks=[
            frozenset({"subscriber type"}),
            frozenset({"email address", "creation date"}),
            frozenset({"email", "creation date"}),
        ],
        columns={
            "creation date": Field.JOINED, "subscriber type": Field.STATUS, "type": Field.STATUS,
            "metadata": Field.ATTRIBUTES, "tags": Field.TAGS, "notes": Field.ATTRIBUTE,
            "source": Field.SOURCE, "unsubscription date": Field.LEFT,
            "unsubscription reason": Field.LEFT_WHY,
        },
        files=[(r"unsubscribers", LEFT)],
        words={
            **dict.fromkeys(
                ("regular", "premium", "gifted", "trialed", "churning", "churned", "past due",
                 "paused"),  # about paying, all of them
                CONFIRMED,
            ),
            "upcoming": PENDING, "unpaid": PENDING, "malicious": BARRED, "spammy": BARRED,
            "disabled": BARRED,
        },
        ignored=_COUNTED | _UTM | {"secondary id", "last open date", "last click date",
                                   "referrer url", "ip address", "risk score",
                                   "undeliverability date", "undeliverability reason",
                                   "churn date", "upgrade date"},
    ),
    Service(
        "kit", "Kit (ConvertKit)",
        marks=[
            frozenset({"email address", "state", "first name"}),
            frozenset({"email", "state", "first name"}),
            frozenset({"subscriber id", "first name"}),
            frozenset({"email", "first name", "referrer"}),
            frozenset({"email", "first name", "confirmed at"}),
            frozenset({"id", "email", "first name", "status", "created at", "tags"}),
        ],
        columns={
            "state": Field.STATUS, "status": Field.STATUS, "created at": Field.JOINED,
            "tags": Field.TAGS, "confirmed at": Field.CONFIRMED, "source": Field.SOURCE,
        },
        words={"inactive": PENDING, "cold": CONFIRMED},
        ignored=_COUNTED | _UTM | {"subscriber id", "referrer", "ip address"},
    ),
    Service(
        "curated", "Curated",
        marks=[frozenset({"email address", "subscribed at", "utm source"})],
        columns={"subscribed at": Field.JOINED, "utm source": Field.SOURCE},
        ignored=_UTM | {"utm last path", "utm referrer"},
    ),
)  # fmt: skip
"""In the order in which they are tried: who has the rarest columns comes first."""

DIGEST = Service("digest", "Digest")
MEDIUM = Service("medium", "Medium (a plain list of addresses)")
CSV = Service("csv", "CSV")
EVERY: Mapping[str, Service] = {one.name: one for one in (*SERVICES, MEDIUM, DIGEST, CSV)}
"""All by name: what ``--from`` takes."""
