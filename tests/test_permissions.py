"""Every route × every role × every method, in one table that knows all addresses there are."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from digest import approval
from digest.audit import AuditEntry
from digest.models import Update
from subscribers import links
from subscribers.models import Subscriber, Subscription
from subscribers.tokens import Purpose
from tests.ledgering import mailing
from workers.models import Mailing

pytestmark = pytest.mark.django_db

EVERYBODY = {"nobody", "editor", "publisher", "ops", "admin"}
STAFF = EVERYBODY - {"nobody"}
WRITERS = {"editor", "publisher", "admin"}
PUBLISHERS = {"publisher", "admin"}
OPS = {"ops", "admin"}
READS_PEOPLE = STAFF
HELPS_PEOPLE = {"publisher", "ops", "admin"}

LOOK, ACT, BOTH = {"GET"}, {"POST"}, {"GET", "POST"}

TABLE: dict[str, tuple[set[str], set[str]]] = {
    # public
    "": (LOOK, EVERYBODY),
    "t/<slug:topic>/": (LOOK, EVERYBODY),
    "t/<slug:topic>/feed.xml": (LOOK, EVERYBODY),
    "t/<slug:topic>/feed.json": (LOOK, EVERYBODY),
    "t/<slug:topic>/<int:number>/": (LOOK, EVERYBODY),
    "t/<slug:topic>/<int:number>/<slug:slug>/": (LOOK, EVERYBODY),
    "t/<slug:topic>/<int:number>/since/<int:earlier>/": (LOOK, EVERYBODY),
    "t/<slug:topic>/parties/<slug:party>/": (LOOK, EVERYBODY),
    "pictures/<slug:hash>.<slug:ending>": (LOOK, EVERYBODY),
    "l/<slug:key>": (LOOK, EVERYBODY),
    "subscribe/": (BOTH, EVERYBODY),
    "subscribe/form/": (LOOK, EVERYBODY),
    "healthz": (LOOK, EVERYBODY),
    "readyz": (LOOK, EVERYBODY),
    "login/": (BOTH, EVERYBODY),
    "logout/": (ACT, EVERYBODY),
    # providers, by their signature; no hook is there until its secret is set
    "hooks/<slug:provider>/": (BOTH, EVERYBODY),
    "hooks/<slug:provider>/<str:secret>/": (BOTH, EVERYBODY),
    # whoever has the link
    "confirm/<str:token>/": (BOTH, EVERYBODY),
    "preferences/<str:token>/": (BOTH, EVERYBODY),
    "unsubscribe/<str:token>/": (BOTH, EVERYBODY),
    "account/<str:token>/": (BOTH, EVERYBODY),
    "move/<str:token>/": (BOTH, EVERYBODY),
    "links/": (BOTH, EVERYBODY),
    "login/link/<str:uid>/<str:token>/": (BOTH, EVERYBODY),
    # whoever has a token; a session doesn't count
    "api/v1/topics": (LOOK, set()),
    "api/v1/topics/<slug:topic>/briefings": (ACT, set()),
    "api/v1/topics/<slug:topic>/briefings/<slug:slug>": ({"GET", "DELETE"}, set()),
    "api/v1/subscribers": (ACT, set()),
    "api/v1/subscribers/<path:address>": ({"GET", "DELETE"}, set()),
    "metrics": (LOOK, set()),
    "api/": (set(), EVERYBODY),  # no page
    "api/docs": (LOOK, EVERYBODY),
    "api/openapi.json": (LOOK, EVERYBODY),
    # desk
    "desk/": (LOOK, WRITERS),
    "desk/new/": (BOTH, PUBLISHERS),
    "desk/first-steps/": (BOTH, WRITERS),
    "desk/<slug:topic>/": (LOOK, WRITERS),
    "desk/<slug:topic>/write/": (BOTH, WRITERS),
    "desk/<slug:topic>/write/typed/": (ACT, WRITERS),
    "desk/<slug:topic>/write/<int:number>/preview/": (LOOK, WRITERS),
    "desk/<slug:topic>/unsaved/<int:number>/": (LOOK, WRITERS),
    "desk/<slug:topic>/unsaved/<int:number>/forget/": (ACT, WRITERS),
    "desk/<slug:topic>/pictures/": (ACT, WRITERS),
    "desk/<slug:topic>/briefings/": (LOOK, WRITERS),
    "desk/<slug:topic>/briefings/<slug:slug>/": (BOTH, WRITERS),
    "desk/<slug:topic>/briefings/<slug:slug>/typed/": (ACT, WRITERS),
    "desk/<slug:topic>/briefings/<slug:slug>/preview/": (LOOK, WRITERS),
    "desk/<slug:topic>/briefings/<slug:slug>/versions/": (LOOK, WRITERS),
    "desk/<slug:topic>/briefings/<slug:slug>/restore/": (ACT, WRITERS),
    "desk/<slug:topic>/briefings/<slug:slug>/withdraw/": (ACT, WRITERS),
    "desk/<slug:topic>/briefings/<slug:slug>/put-back/": (ACT, WRITERS),
    "desk/<slug:topic>/briefings/<slug:slug>/release/": (ACT, WRITERS),
    "desk/<slug:topic>/updates/": (LOOK, WRITERS),
    "desk/<slug:topic>/settings/": (LOOK, WRITERS),
    "desk/<slug:topic>/settings/look/": (LOOK, WRITERS),
    "desk/<slug:topic>/settings/mail/": (LOOK, WRITERS),
    "desk/<slug:topic>/settings/logo/": (ACT, PUBLISHERS),
    "desk/<slug:topic>/settings/save/": (ACT, PUBLISHERS),
    "desk/<slug:topic>/settings/end/": (ACT, PUBLISHERS),
    "desk/<slug:topic>/sources/": (BOTH, WRITERS),
    "desk/<slug:topic>/sources/<int:number>/": (ACT, WRITERS),
    "desk/<slug:topic>/draft/": (LOOK, WRITERS),
    "desk/<slug:topic>/draft/standing/": (LOOK, WRITERS),
    "desk/<slug:topic>/draft/assemble/": (ACT, WRITERS),
    "desk/<slug:topic>/draft/discard/": (ACT, WRITERS),
    "desk/<slug:topic>/draft/words/": (ACT, WRITERS),
    "desk/<slug:topic>/draft/items/<slug:slug>/": (ACT, WRITERS),
    "desk/<slug:topic>/draft/sections/": (ACT, WRITERS),
    "desk/<slug:topic>/draft/undo/": (ACT, WRITERS),
    "desk/<slug:topic>/draft/came-in/": (LOOK, WRITERS),
    "desk/<slug:topic>/draft/preview/": (LOOK, WRITERS),
    "desk/<slug:topic>/draft/compare/": (LOOK, WRITERS),
    "desk/<slug:topic>/draft/tests/": (LOOK, WRITERS),
    "desk/<slug:topic>/draft/source/": (LOOK, WRITERS),
    "desk/<slug:topic>/<int:number>/compare/": (LOOK, WRITERS),
    "desk/<slug:topic>/<int:number>/source/": (LOOK, WRITERS),
    "desk/<slug:topic>/draft/test/": (ACT, WRITERS),
    "desk/<slug:topic>/draft/partner/": (ACT, WRITERS),
    "desk/<slug:topic>/<int:number>/": (LOOK, WRITERS),
    "desk/<slug:topic>/<int:number>/preview/": (LOOK, WRITERS),
    "desk/<slug:topic>/<int:number>/history/": (LOOK, WRITERS),
    "desk/<slug:topic>/draft/history/": (LOOK, WRITERS),
    "desk/<slug:topic>/draft/presence/": (ACT, WRITERS),
    "desk/<slug:topic>/draft/review/": (LOOK, WRITERS),
    "desk/<slug:topic>/draft/ask/": (ACT, WRITERS),
    "desk/<slug:topic>/draft/send-back/": (ACT, PUBLISHERS),
    "desk/<slug:topic>/<int:number>/words/": (ACT, WRITERS),
    "desk/<slug:topic>/draft/history/<int:version>/restore/": (ACT, WRITERS),
    "desk/<slug:topic>/draft/approve/": (BOTH, PUBLISHERS),
    "desk/<slug:topic>/<int:number>/unapprove/": (ACT, PUBLISHERS),
    "desk/<slug:topic>/<int:number>/correct/": (BOTH, PUBLISHERS),
    "desk/<slug:topic>/schedule/": (LOOK, WRITERS),
    "desk/<slug:topic>/schedule/runs/": (LOOK, WRITERS),
    "desk/<slug:topic>/schedule/held/": (ACT, STAFF),
    "desk/<slug:topic>/schedule/set/": (ACT, PUBLISHERS),
    "desk/<slug:topic>/schedule/clear/": (ACT, PUBLISHERS),
    "desk/<slug:topic>/schedule/care/": (ACT, PUBLISHERS),
    # queue
    "queue/": (LOOK, STAFF),
    "queue/live/": (LOOK, STAFF),
    "queue/past/": (LOOK, STAFF),
    "queue/alerts/": (LOOK, STAFF),
    "queue/alerts/<int:number>/acknowledge/": (ACT, OPS),
    "queue/alerts/test/": (ACT, OPS),
    "queue/brake/": (LOOK, STAFF),
    "queue/brake/figures/": (ACT, OPS),
    "queue/desk/": (LOOK, STAFF),
    "queue/desk/<slug:topic>/": (LOOK, STAFF),
    "queue/doctor/": (BOTH, OPS),
    "queue/doctor/live/": (LOOK, OPS),
    "queue/of/<slug:topic>/<int:number>/": (LOOK, STAFF),
    "queue/person/<int:number>/": (LOOK, READS_PEOPLE),
    "queue/workers/": (LOOK, STAFF),
    "queue/workers/live/": (LOOK, STAFF),
    "queue/deliveries/": (LOOK, STAFF),
    "queue/delivery/<int:number>/": (LOOK, HELPS_PEOPLE),
    "queue/delivery/<int:number>/settle/": (ACT, OPS),
    "queue/routes/": (LOOK, OPS),
    "queue/routes/live/": (LOOK, OPS),
    "queue/routes/add/": (BOTH, OPS),
    "queue/routes/<int:number>/": (BOTH, OPS),
    "queue/routes/<int:number>/pause/": (ACT, OPS),
    "queue/routes/<int:number>/resume/": (ACT, OPS),
    "queue/routes/<int:number>/test/": (ACT, OPS),
    "queue/routes/<int:number>/remove/": (ACT, OPS),
    "queue/<int:number>/": (LOOK, STAFF),
    "queue/<int:number>/live/": (LOOK, STAFF),
    "queue/<int:number>/pause/": (ACT, OPS),
    "queue/<int:number>/resume/": (ACT, OPS),
    "queue/<int:number>/brake/": (BOTH, OPS),
    "queue/<int:number>/probe/": (ACT, OPS),
    "queue/<int:number>/rest/": (ACT, OPS),
    "queue/<int:number>/cancel/": (BOTH, OPS),
    "queue/<int:number>/rate/": (BOTH, OPS),
    "queue/<int:number>/retry/": (ACT, OPS),
    "queue/<int:number>/resend/": (BOTH, OPS),
    "queue/<int:number>/settle/": (ACT, OPS),
    "queue/<int:number>/unsuppress/": (ACT, OPS),
    # people
    "people/": (LOOK, READS_PEOPLE),
    "people/growth/": (LOOK, READS_PEOPLE),
    "people/segments/": (LOOK, READS_PEOPLE),
    "people/segments/choices/": (LOOK, WRITERS),
    "people/segments/reach/": (LOOK, WRITERS),
    "people/import/": (BOTH, HELPS_PEOPLE),
    "people/import/<int:number>/": (BOTH, HELPS_PEOPLE),
    "people/import/<int:number>/live/": (LOOK, HELPS_PEOPLE),
    "people/import/<int:number>/report.csv": (LOOK, HELPS_PEOPLE),
    "people/export/": (BOTH, HELPS_PEOPLE),
    "people/segments/variants/": (LOOK, WRITERS),
    "people/segments/new/": (BOTH, PUBLISHERS),
    "people/segments/count/": (ACT, PUBLISHERS),
    "people/segments/<int:number>/": (BOTH, PUBLISHERS),
    "people/segments/<int:number>/overlap/": (LOOK, READS_PEOPLE),
    "people/segments/<int:number>/delete/": (ACT, PUBLISHERS),
    "people/suppression/": (LOOK, HELPS_PEOPLE),
    "people/form/": (LOOK, HELPS_PEOPLE),
    "people/suppression/change/": (ACT, HELPS_PEOPLE),
    "people/<int:number>/": (LOOK, READS_PEOPLE),
    "people/preview/": (LOOK, WRITERS),
    "people/<int:number>/preview/": (LOOK, WRITERS),
    "people/<int:number>/preview/as/": (ACT, WRITERS),
    "people/<int:number>/preview/test/": (ACT, WRITERS),
    "people/<int:number>/act/": (ACT, HELPS_PEOPLE),
    "people/<int:number>/dossier/": (ACT, PUBLISHERS),
    "people/<int:number>/erase/": (BOTH, PUBLISHERS),
    # mailbox, as seen from another machine
    "mailbox/": (LOOK, STAFF),
    "mailbox/<int:number>/": (LOOK, STAFF),
    "mailbox/<int:number>/html/": (LOOK, STAFF),
    "mailbox/<int:number>/mail.eml": (LOOK, STAFF),
}
"""route: (methods that it knows, roles that may use it)."""

FROM_ELSEWHERE = {"REMOTE_ADDR": "203.0.113.7"}
FREE_OF_CSRF = {
    "subscribe/", "confirm/<str:token>/", "preferences/<str:token>/", "unsubscribe/<str:token>/",
    "account/<str:token>/", "move/<str:token>/", "links/",
    "api/v1/topics/<slug:topic>/briefings", "api/v1/subscribers",
    "hooks/<slug:provider>/", "hooks/<slug:provider>/<str:secret>/",
}  # fmt: skip
"""The link is the credential, or there is none; no session is read there."""


def routes(patterns: list[Any] | None = None, before: str = "") -> Iterator[str]:
    """Every route of the program."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, before + str(pattern.pattern))
        elif isinstance(pattern, URLPattern):
            yield before + str(pattern.pattern)


@pytest.fixture
def people(
    edda: User, pia: User, otto: User, ada: User, signed_in: type[Client]
) -> dict[str, Client]:
    """A browser for each role."""
    staff = {"editor": edda, "publisher": pia, "ops": otto, "admin": ada}
    return {"nobody": Client(), **{role: signed_in(user) for role, user in staff.items()}}


@pytest.fixture
def sent(draft: Update) -> Mailing:
    """A mailing of an approved update."""
    update = approval.approve(draft, by="pia@example.org")
    return mailing(update.topic, update=update, edition=update.editions.get(variant="arranged"))


@pytest.fixture
def filled(sent: Mailing, ann: Subscriber) -> dict[str, str]:
    """What stands for each part of a route."""
    link = links.about(Subscription.objects.get(subscriber=ann))
    return {
        "<slug:topic>": sent.topic.slug,
        "<slug:name>": "sources",
        "<slug:provider>": "postmark",
        "<str:secret>": "x" * 40,
        "<slug:slug>": "first-story",
        "<slug:key>": "AbCdEfGhIj",
        "<int:number>": "1",
        "<int:version>": "1",
        "<int:earlier>": "1",
        "<slug:party>": "guild",
        "<str:uid>": "MQ",
        "<path:address>": "ann@example.org",
        "unsubscribe/<str:token>": links.path(Purpose.UNSUBSCRIBE, link).strip("/"),
        "preferences/<str:token>": links.path(Purpose.PREFERENCES, link).strip("/"),
        "account/<str:token>": links.path(Purpose.ACCOUNT, link).strip("/"),
        "<str:token>": "x" * 40,
    }


def address(route: str, filled: dict[str, str]) -> str:
    for part, word in filled.items():
        route = route.replace(part, word)
    return f"/{route}"


def ask(who: Client, method: str, url: str) -> HttpResponseBase:
    return who.generic(method, url, **FROM_ELSEWHERE)


def let_in(answer: HttpResponseBase) -> bool:
    """False where the sign-in page or "this needs the role" is the answer."""
    led_away = answer.status_code == 302 and answer.headers["Location"].startswith("/login/?next")
    return not led_away and answer.status_code not in {401, 403}


def test_the_table_names_every_route_there_is() -> None:
    assert set(TABLE) == set(routes())


def area(route: str) -> str:
    return route.partition("/")[0] or "/"


AREAS = sorted({area(route) for route in TABLE})
"""Routes are asked by the areaful: an update approved for each would take longer than asking."""


COMMON = ("GET", "POST", "DELETE")
RARE = ("HEAD", "PUT", "PATCH", "OPTIONS")


@pytest.mark.parametrize("methods", [COMMON, pytest.param(RARE, marks=pytest.mark.long)])
@pytest.mark.parametrize("within", AREAS)
def test_a_route_answers_the_roles_and_methods_of_the_table_alone(
    within: str, methods: tuple[str, ...], people: dict[str, Client], filled: dict[str, str]
) -> None:
    for route, (takes, allowed) in TABLE.items():
        for role, who in people.items() if area(route) == within else ():
            for method in methods:
                if method == "POST" and "POST" in takes and role in allowed:
                    continue  # what it does is told by the tests of its own module
                before = AuditEntry.objects.count()
                answer = ask(who, method, address(route, filled))
                about = f"{role} {method} {route}: {answer.status_code}"
                assert answer.status_code < 500, about
                known = method in takes or (method == "HEAD" and "GET" in takes)
                if role not in allowed:
                    assert not let_in(answer) or answer.status_code == 405, about
                elif known:
                    assert let_in(answer), about
                else:
                    assert answer.status_code in {404, 405}, about
                assert AuditEntry.objects.count() == before, f"{about}, and something was done"


def test_a_post_from_another_site_is_refused_where_a_session_counts(
    ada: User, filled: dict[str, str]
) -> None:
    for route, (methods, _) in TABLE.items():
        if "POST" in methods:
            browser = Client(enforce_csrf_checks=True)
            browser.force_login(ada)
            with transaction.atomic():  # what one does is undone before the next
                answer = ask(browser, "POST", address(route, filled))
                transaction.set_rollback(True)
            assert (answer.status_code == 403) == (route not in FREE_OF_CSRF), route


def test_no_shared_cache_keeps_a_page_of_the_staff_and_no_other_site_frames_it(
    ada: User, filled: dict[str, str], signed_in: type[Client]
) -> None:
    who = signed_in(ada)
    for route, (_, roles) in TABLE.items():
        if roles != EVERYBODY:
            answer = ask(who, "GET", address(route, filled))
            if answer.status_code == 200:
                kept = answer.headers.get("Cache-Control", "")
                assert any(word in kept for word in ("private", "no-store")), route
            assert "frame-ancestors" in answer.headers["Content-Security-Policy"], route
            assert answer.headers["X-Content-Type-Options"] == "nosniff", route


NAUGHTY = ["\0", "9" * 40, "-1"]
"""What has upset pages: databases take no NUL, nor numbers of any size."""
ODD = ["%00", "../../etc/passwd", "'", '"><script>', "{{7*7}}", "\u202e"]

QUERIES = [
    "q", "before", "topic", "to", "show", "next", "width", "view", "segment",
    "tag", "state", "by", "cron", "zone", "lead", "blackouts", "name", "accent",
    "language", "depth", "from_address", "logo", "from", "variant", "reader", "update",
]  # fmt: skip
"""What pages read from an address."""


@pytest.mark.parametrize(
    "word", [*NAUGHTY, *(pytest.param(one, marks=pytest.mark.long) for one in ODD)]
)
def test_no_odd_word_in_an_address_or_a_query_upsets_a_page(
    word: str, ada: User, signed_in: type[Client], filled: dict[str, str]
) -> None:
    who = signed_in(ada)
    for route in TABLE:
        odd = dict.fromkeys(filled, word)
        for url in (address(route, odd), address(route, filled)):
            query = dict.fromkeys(QUERIES, word)
            answer = who.get(url, query, **FROM_ELSEWHERE)
            assert answer.status_code < 500, f"{url} {query}: {answer.status_code}"
