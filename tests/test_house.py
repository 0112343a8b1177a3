"""The house style: its tokens can be read, its filters say what they mean."""

import datetime as dt
import re
from pathlib import Path

import pytest
from django.template import Context, Template
from django.test import Client

from digest.models import Topic
from digest.rendering.colour import contrast
from digest.templatetags import house

CSS = Path(house.__file__).parents[1] / "static" / "digest" / "house.css"


def tokens() -> dict[str, dict[str, str]]:
    """The colours of both schemes by name."""
    light, dark = re.findall(r":root \{(.*?)\}", CSS.read_text(), re.DOTALL)[:2]
    found = {
        name: dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))
        for name, block in (("light", light), ("dark", dark))
    }
    return {"light": found["light"], "dark": found["light"] | found["dark"]}


STATES = ("ok", "warn", "bad", "info")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_on_what_lies_behind_it(scheme: str) -> None:
    colours = tokens()[scheme]
    pairs = [(text, ground) for text in ("ink", "soft", *STATES) for ground in ("paper", "card")]
    pairs += [(state, f"{state}-tint") for state in STATES]
    pairs += [("accent", "paper"), ("accent", "card"), ("accent", "accent-tint")]
    pairs += [("ink", f"{state}-tint") for state in STATES]
    pairs += [("on-ink", "ink")]
    poor = {
        (text, ground): round(contrast(colours[text], colours[ground]), 2)
        for text, ground in pairs
        if contrast(colours[text], colours[ground]) < 4.5
    }
    assert not poor


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_of_controls_and_the_bars_parts_stand_out(scheme: str) -> None:
    colours = tokens()[scheme]
    for ground in ("paper", "card"):
        assert contrast(colours["edge"], colours[ground]) >= 3
    for part in ("ok", "warn", "bad", "soft", "info"):
        assert contrast(colours[part], colours["card"]) >= 3


@pytest.mark.parametrize(
    ("value", "said"),
    [(12345, "12,345"), (0, "0"), (-1200, "-1,200"), (None, "–"), (498.0, "498"), (1.25, "1.2")],
)
def test_numbers_are_grouped(value: float | None, said: str) -> None:
    assert house.number(value) == said


def test_a_share_of_nothing_is_no_number() -> None:
    assert house.percent(3902, 193741) == "2.0 %"
    assert house.percent(0, 0) == "–"


def test_only_all_are_a_hundred_per_cent_and_only_none_are_zero() -> None:
    assert house.percent(200, 200) == "100 %"
    assert house.percent(999_999, 1_000_000) == "99.9 %"
    assert house.percent(1, 1_000_000) == "0.1 %"
    assert house.percent(0, 200) == "0 %"


def test_a_moment_says_its_day_time_and_place() -> None:
    moment = dt.datetime(2026, 5, 17, 14, 5, tzinfo=dt.UTC)
    assert str(house.moment(moment, "Europe/London")) == (
        '<time datetime="2026-05-17T14:05:00+00:00">Sun 17 May 2026, 15:05 London</time>'
    )
    assert "14:05 UTC" in str(house.moment(moment))
    assert "14:05" in str(house.moment(moment, "No/Such_Zone"))
    assert house.moment(None) == "–"


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (dt.timedelta(hours=5, minutes=19, seconds=30), "in 5 h 19 min"),
        (dt.timedelta(minutes=-3, seconds=-5), "3 min ago"),
        (dt.timedelta(seconds=20), "now"),
        (dt.timedelta(days=2, hours=3, seconds=9), "in 2 d 3 h"),
        (dt.timedelta(days=-40), "40 d ago"),
    ],
)
def test_a_distance_is_told_as_people_do(span: dt.timedelta, said: str) -> None:
    assert house.distance(dt.datetime.now(dt.UTC) + span) == said


def bar(**counts: object) -> str:
    return Template("{% balance_bar counters %}").render(Context({"counters": counts}))


def test_the_balance_bar_keeps_its_order_and_ends_in_its_sum() -> None:
    html = bar(
        candidates=300_000,
        accepted=182_944,
        queued=97_110,
        deferred=6_590,
        failed=4_207,
        excluded={"unsubscribed": 9_000, "paused": 146},
        uncertain=3,
    )
    legend = re.sub(r"<[^>]+>", " ", html[html.index("<ul") :])
    assert " ".join(legend.split()) == (
        "182,944 accepted 97,110 queued 6,590 deferred 4,207 failed 9,146 excluded 3 uncertain "
        "= 300,000 candidates ✓ balances"
    )
    assert re.findall(r'<i class="is-(\w+)" style', html) == list(house.BALANCE)


def test_a_bar_that_does_not_balance_says_by_how_much() -> None:
    counts = dict.fromkeys(house.BALANCE, 0)
    assert "≠ 10 candidates: 1 missing" in bar(candidates=10, **(counts | {"accepted": 9}))
    assert "≠ 10 candidates: 2 too many" in bar(candidates=10, **(counts | {"accepted": 12}))


def test_an_accent_that_is_no_colour_falls_back_to_the_houses_own() -> None:
    assert house.accents("red;} body{display:none") == house.accents(house.HOUSE_ACCENT)
    assert "#1f5f8a" in house.accents("#1f5f8a")


def test_no_page_runs_a_script_of_its_own_or_handles_events_in_its_markup() -> None:
    pages = Path(house.__file__).parents[2] / "templates" / "pages"
    for template in pages.rglob("*.html"):
        html = re.sub(r"{%.*?%}", " ", template.read_text())  # {% if one == two %} is no event
        assert not re.search(r'<script(?! src=| type="application/json")', html), template
        assert not re.search(r"\s(on\w+|hx-on[\w:-]*)\s*=(?!=)", html), template


def test_the_desks_own_look_comes_after_the_houses_and_on_no_readers_page(
    client: Client, desk: Client, pivot: Topic
) -> None:
    html = desk.get("/desk/").content.decode()
    assert html.index("digest/house.css") < html.index("digest/desk.css")
    assert "digest/desk.js" in html
    assert "digest/desk" not in client.get("/").content.decode()
