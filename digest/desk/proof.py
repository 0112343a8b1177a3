"""What the desk says of a draft beside its preview: the checks, and how full it is."""

from collections.abc import Sequence
from dataclasses import dataclass

from digest import editions
from digest.assembly import BELOW_THE_LINE
from digest.checks import Finding, Level, budget
from digest.errors import DigestError
from digest.models import Topic, Update
from digest.rendering.rendered import GMAIL_CLIPS
from digest.rendering.view import EmailView, content_hash


@dataclass(frozen=True, slots=True)
class Gauge:
    """A measure against its budget; ``budget`` 0 is no limit."""

    value: float
    budget: float
    unit: str

    @property
    def share(self) -> float:
        """How full, in per cent, at most 100."""
        return min(100.0, 100 * self.value / self.budget) if self.budget else 0.0

    @property
    def state(self) -> str:
        """ok, or warn past the budget."""
        return "warn" if self.budget and self.value > self.budget else "ok"


@dataclass(frozen=True, slots=True)
class Proof:
    """A draft as it would be mailed now.

    ``seen``: the content's hash, which an approval is bound to. ``problem``: why it can't
    be rendered, when it can't.
    """

    view: EmailView | None
    seen: str
    problem: str
    blocking: Sequence[Finding]
    warnings: Sequence[Finding]
    passed: Sequence[Finding]
    gauges: Sequence[Gauge]
    below: Sequence[dict[str, str]]
    out: Sequence[dict[str, str]]

    @property
    def ready(self) -> bool:
        """Whether nothing stands in the way of approving."""
        return not self.problem and not self.blocking


def of_draft(update: Update, q: str = "") -> Proof:
    """Render and check the draft; what goes wrong becomes words, so that the page still opens.

    ``q``: of what is not in, only what holds this.
    """
    view, seen, problem = None, "", ""
    findings: Sequence[Finding] = ()
    weight = 0
    try:
        view = editions.view_of(update)
        seen = content_hash(view)
        email = editions.rendered(view)
        weight = len(email.html.encode())
        findings = editions.checked(update, view, email).findings
    except DigestError as refusal:
        problem = str(refusal)
    said = q.casefold()
    left_out = [
        one for one in update.left_out if said in f"{one['headline']}\n{one['why']}".casefold()
    ]
    return Proof(
        view=view,
        seen=seen,
        problem=problem,
        blocking=[one for one in findings if one.level == Level.BLOCK],
        warnings=[one for one in findings if one.level == Level.WARN],
        passed=[one for one in findings if one.level == Level.OK],
        gauges=_gauges(update.topic, view, weight),
        below=[one for one in left_out if one["code"] in BELOW_THE_LINE],
        out=[one for one in left_out if one["code"] not in BELOW_THE_LINE],
    )


def _gauges(topic: Topic, view: EmailView | None, weight: int) -> list[Gauge]:
    if view is None:
        return []
    items = len(view.stories) + len(view.corrections)
    return [
        Gauge(view.reading_minutes, topic.minutes_budget, "min"),
        Gauge(budget.words_of(view), topic.words_budget, "words"),
        Gauge(items, topic.items_budget, "items"),
        Gauge(round(weight / 1024), GMAIL_CLIPS // 1024, "KB"),
    ]
