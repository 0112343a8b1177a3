"""Every hostile vector there is as content of a briefing: typed into the desk’s form, and looked
at wherever a briefing shows.  Nothing runs, nothing is asked for, nothing breaks."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from digest import drafting, pictures
from digest.briefings import Briefing
from digest.models import Topic
from digest.unsaved import UnsavedBriefing
from tests import newsroom
from tests.browser.looks import LOGO
from tests.browser.windows import Window

NASTY = Path(__file__).parents[2].parent / "shared" / "data" / "nasty"
T = "/desk/medias-ai-pivot"
LINE = 480
DEPTHS = ("lead", "standard", "brief")
BATCH = 12_000  # characters in each text of a briefing: as much as is still read as Markdown

FILL = """([lines, text, chunks]) => {
  const set = (id, value) => { document.getElementById(id).value = value; };
  for (const [id, value] of Object.entries(lines)) set(id, value);
  const areas = ["summary", "key_takeaway", "body", "plain_english", "root_causes"];
  for (const id of areas) set(id, text);
  const lists = [["sources", "name"], ["next", "kind", "text"], ["perspectives", "party", "text"]];
  for (const [list, line, area] of lists) {
    document.querySelector(`#rows-${list}`).replaceChildren();
    const add = document.querySelector(`button[name=more][value=${list}]`);
    for (const chunk of chunks) {
      add.click();
      const row = document.querySelector(`#rows-${list}`).lastElementChild;
      row.querySelector(`[name="${list}.${line}"]`).value = chunk;
      if (area) row.querySelector(`[name="${list}.${area}"]`).value = chunk;
    }
  }
  document.getElementById("briefing").dispatchEvent(new Event("input", {bubbles: true}));
}"""


def vectors() -> list[str]:
    """The public lists, each vector once and without what no text may hold."""
    if not NASTY.is_dir():
        pytest.skip("The public lists of hostile strings are not here: ../shared/data/nasty")
    found: list[str] = json.loads((NASTY / "blns.json").read_text("utf-8"))
    for file in sorted(NASTY.glob("*.txt")):
        found += file.read_text("utf-8", "replace").splitlines()
    plain = ("".join(mark for mark in text if mark.isprintable()).strip() for text in found)
    return list(dict.fromkeys(text for text in plain if text))


def packed(texts: list[str], size: int, gap: str) -> list[str]:
    """The texts joined to some no longer than this; longer ones are cut to it."""
    made = [""]
    for text in texts:
        if len(made[-1]) + len(gap) + len(text) > size and made[-1]:
            made.append("")
        made[-1] = f"{made[-1]}{gap if made[-1] else ''}{text[:size]}"
    return made


def unharmed(window: Window, about: str) -> None:
    """Nothing happened that nobody asked for."""
    assert not window.seen.dialogs, about
    assert not window.seen.errors, about
    assert not window.seen.elsewhere, about


def look(window: Window, path: str) -> None:
    window.open(path)  # which ends once all pictures have come, or failed to
    assert window.page.url == window.site + path
    unharmed(window, path)


# What is escaped needs no policy to be harmless; with one, a slip would go unseen here.
@pytest.mark.parametrize("window", [{"bypass_csp": True}], ids=["no policy"], indirect=True)
def test_no_vector_does_anything_in_any_part_of_a_briefing(
    window: Window, pivot: Topic, settings: Any
) -> None:
    settings.BASE_URL = window.site
    every = vectors()
    lines = packed(every, LINE, " ")
    batches = packed(every, BATCH, "\n\n")
    rows = -(-len(lines) // len(batches))
    page = window.page
    picture = window.site + pictures.kept(LOGO.read_bytes(), "logo").get_absolute_url()
    for at, text in enumerate(batches):
        own = lines[at * rows : (at + 1) * rows] or lines[:1]
        small = dict(
            zip(("short_headline", "tag", "status", "image_alt", "first_title"), own, strict=False)
        )
        small |= {"headline": f"Batch {at} {own[-1][:400]}", "first_update": "1"}
        small |= {"image_url": picture}
        window.open(f"{T}/write/")
        page.evaluate(FILL, [small, text, own])
        page.wait_for_url("**/write/?unsaved=*")
        page.wait_for_load_state("networkidle")
        unharmed(window, f"typing batch {at}")
        look(window, f"{T}/unsaved/{UnsavedBriefing.objects.get().pk}/")
        page.go_back()
        page.get_by_role("button", name="Save", exact=True).first.click()
        page.wait_for_load_state("networkidle")
        assert "/briefings/" in page.url, page.locator(".error").all_inner_texts()
        one = Briefing.objects.order_by("-pk")[0]
        unharmed(window, f"the form of batch {at}")
        page.fill("#summary", text[::-1])
        page.fill("#importance", str(at))
        page.get_by_role("button", name="Save", exact=True).first.click()
        page.get_by_text("Saved.").first.wait_for()
        look(window, f"{T}/briefings/{one.slug}/versions/")
        look(window, f"{T}/briefings/{one.slug}/preview/?depth={DEPTHS[at % len(DEPTHS)]}")
    _listed(window, pivot, lines)
    briefings = list(pivot.briefings.filter(headline__startswith="Batch"))
    assert len(briefings) == len(batches)
    newsroom.update(pivot, 1, *briefings)
    Briefing.objects.update(moved_on=True)
    drafting.draft(Topic.objects.get())
    paths = ["/t/medias-ai-pivot/1/", *(f"/t/medias-ai-pivot/1/{one.slug}/" for one in briefings)]
    for path in (*paths, f"{T}/draft/preview/", f"{T}/draft/preview/?show=text", f"{T}/draft/"):
        look(window, path)
    window.page.wait_for_load_state("networkidle")  # the draft fetches pieces of itself
    unharmed(window, "the draft's pieces")


def _listed(window: Window, topic: Topic, lines: list[str]) -> None:
    """Each vector as headline, tag and status in the list, fifty to a page."""
    for n, line in enumerate(lines):
        day = timezone.now().replace(microsecond=n)
        said = {"tag": line, "status": line, "summary": line, "published_at": day}
        newsroom.briefing(topic, line, slug=f"listed-{n}", **said)
    path = f"{T}/briefings/"
    while path:
        look(window, path)
        older = window.page.get_by_role("link", name="Older briefings")
        path = f"{T}/briefings/{older.get_attribute('href')}" if older.count() else ""
    for line in lines[:6]:
        window.open(f"{T}/briefings/")
        window.page.fill("#q", line[:200])
        window.page.get_by_role("button", name="Search").click()
        window.page.wait_for_load_state("networkidle")
        unharmed(window, f"searching {line[:60]}")
