"""A mailing's deliveries that want a look, a page at a time, and why others were left out."""

from dataclasses import dataclass

from workers.models import Delivery, Exclusion, Mailing
from workers.queue.answers import IS_TO_SEE, TO_SEE

PAGE = 50

EXCLUDED_BECAUSE = {
    Exclusion.UNSUBSCRIBED: "left after the audience was looked up",
    Exclusion.PAUSED: "paused their subscription meanwhile",
    Exclusion.ERASED: "asked to be forgotten",
    Exclusion.SUPPRESSED: "are on the suppression list",
    Exclusion.DUPLICATE: "have an address that gets this mailing already",
    Exclusion.MALFORMED: "have an address that can't be put on an envelope",
    Exclusion.CANCELLED: "were not yet sent when it was cancelled",
}


@dataclass(frozen=True)
class Page:
    """Some deliveries of one state, in the order in which they were made."""

    state: str
    rows: list[Delivery]
    next_after: int | None
    """The id after which the next page begins."""


def page(mailing: Mailing, state: str, after: int) -> Page:
    """By the partial index on (mailing, state, id): as quick on the last page as on the first."""
    rows = list(
        mailing.deliveries.filter(IS_TO_SEE, state=state, id__gt=after)
        .select_related("mailing__topic")
        .order_by("id")[: PAGE + 1]
    )
    more = len(rows) > PAGE
    return Page(state, rows[:PAGE], rows[PAGE - 1].id if more else None)


def state_to_show(mailing: Mailing, wanted: str) -> str:
    """The state that was asked for, else the most pressing that anybody is in; "" for none."""
    if wanted in TO_SEE:
        return wanted
    return next((state.value for state in TO_SEE if getattr(mailing, state)), "")


def reasons(excluded: dict[str, int]) -> list[tuple[int, str]]:
    """(how many, why) in words, the most frequent reason first."""
    return [
        (n, EXCLUDED_BECAUSE[Exclusion(reason)] if reason in Exclusion.values else reason)
        for reason, n in sorted(excluded.items(), key=lambda one: -one[1])
    ]
