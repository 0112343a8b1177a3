"""Lists as other services export them, and names as nobody would have them."""

import csv
import io
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from digest.errors import Refused
from digest.models import Topic
from subscribers.importing import table
from subscribers.models import Subscriber, Suppression
from tests.lists import export, load, states

pytestmark = pytest.mark.both_databases

NASTY = Path(__file__).parents[1].parent / "shared" / "data" / "nasty" / "blns.json"

REAL = Path(__file__).parents[1].parent / "shared" / "data" / "subscribers"


REAL_LISTS: dict[str, tuple[str, dict[str, int], list[int]]] = {
    "ghost_members-formula-like-values.csv": ("csv", {"pending": 2}, []),
    "ghost_members-invalid-values.csv": ("ghost", {"confirmed": 1}, [3, 4]),
    "ghost_members-ragged-row.csv": ("csv", {"pending": 2}, []),
    "ghost_valid-members-import.csv": ("ghost", {"confirmed": 1, "unsubscribed": 1}, []),
    "ghostmigrate_beehiiv__members.csv": (
        "beehiiv", {"confirmed": 5, "unsubscribed": 3, "pending": 1}, []
    ),
    "ghostmigrate_curated__subscribers.csv": ("curated", {"pending": 16}, [5, 6, 10, 21]),
    "ghostmigrate_fs-utils__malformed.csv": ("csv", {}, [2]),
    "ghostmigrate_mailchimp__cleaned.csv": ("mailchimp", {"suppressed": 5}, []),
    "ghostmigrate_mailchimp__subscribed.csv": ("mailchimp", {"confirmed": 5}, []),
    "ghostmigrate_mailchimp__unsubscribed.csv": ("mailchimp", {"unsubscribed": 5}, []),
    "ghostmigrate_medium__members.txt": ("medium", {"pending": 5}, []),
    "ghostmigrate_substack__fixtures_signup_emails.csv": (
        "substack", {"confirmed": 17, "unsubscribed": 2}, [7, 22]
    ),
    "ghostmigrate_substack__fixtures_subscriber_emails.csv": (
        "substack", {"confirmed": 13, "unsubscribed": 2}, [8, 18]
    ),
    "ghostmigrate_substack__invalid.csv": ("csv", {"pending": 3}, []),
    "ghostmigrate_tinynews__subs-v1.csv": ("tinynews", {"confirmed": 2, "unsubscribed": 1}, []),
    "ghostmigrate_tinynews__subs-v2.csv": ("tinynews", {"confirmed": 1, "unsubscribed": 1}, []),
}  # fmt: skip

"""Whose list it is, how its people stand, and which lines are refused."""


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared lists are not here")
@pytest.mark.parametrize("name", REAL_LISTS)
def test_a_real_list_comes_in_with_the_right_people_or_named_rows_refused(
    pivot: Topic, name: str
) -> None:
    kind, standing, refused = REAL_LISTS[name]
    report = load((REAL / name).read_bytes(), name=name)
    found = Counter(states().values())
    if report.suppressed:
        found = Counter(suppressed=Suppression.objects.count())
    assert (report.format, dict(found)) == (kind, standing)
    assert [one.line for one in report.rejected] == refused
    assert all(one.why for one in report.rejected)


@pytest.mark.skipif(not REAL.is_dir(), reason="the shared lists are not here")
def test_a_real_list_without_addresses_is_refused_whole(pivot: Topic) -> None:
    with pytest.raises(Refused, match="no email column"):
        load((REAL / "ghostmigrate_fs-utils__example.csv").read_bytes())
    assert set(REAL_LISTS) | {"ghostmigrate_fs-utils__example.csv"} == {
        path.name for path in REAL.iterdir()
    }


@pytest.mark.skipif(not NASTY.is_file(), reason="the shared strings are not here")
def test_naughty_strings_as_names_come_back_or_are_refused_with_the_reason(pivot: Topic) -> None:
    names = json.loads(NASTY.read_text("utf-8"))
    out = io.StringIO(newline="")
    sheet = csv.writer(out, lineterminator="\r\n")
    sheet.writerow(["email", "name"])
    sheet.writerows((f"n{at}@example.org", table.guarded(name)) for at, name in enumerate(names))
    report = load(out.getvalue())
    refused = {one.email: one.why for one in report.rejected}
    assert all("control or line-separator" in why for why in refused.values()), refused
    for at, name in enumerate(names):
        email = f"n{at}@example.org"
        odd = re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", name.strip())
        assert (email in refused) == bool(odd), (at, name)
        if not odd:
            assert Subscriber.objects.get(email=email).name == name.strip()
    first = export()
    Subscriber.objects.all().delete()
    assert load(first, topics=[]).rejected == []
    assert export() == first
