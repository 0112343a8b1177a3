"""Lists of people in and out, and what came of them."""

import io
from typing import Any

from subscribers import exporting, importing
from subscribers.importing import Report
from subscribers.models import Subscription


def load(text: str | bytes, **how: Any) -> Report:
    raw = text if isinstance(text, bytes) else text.encode()
    how.setdefault("topics", ["medias-ai-pivot"])
    return importing.load(io.BytesIO(raw), how.pop("name", "list.csv"), **how)


def counts(report: Report) -> dict[str, int]:
    names = ("read", "created", "updated", "suppressed", "unchanged")
    found = {name: getattr(report, name) for name in names}
    found["rejected"] = len(report.rejected)
    assert found["read"] == sum(found.values()) - found["read"]
    return {name: number for name, number in found.items() if number}


def states(slug: str = "medias-ai-pivot") -> dict[str, str]:
    found = Subscription.objects.filter(topic__slug=slug)
    return {
        email.partition("@")[0]: state
        for email, state in found.values_list("subscriber__email", "state")
    }


def export(**how: Any) -> str:
    out = io.StringIO(newline="")
    exporting.write(out, exporting.Choice(**how))
    return out.getvalue()


def export_json() -> str:
    out = io.StringIO(newline="")
    exporting.write_json(out)
    return out.getvalue()


# ---- out, and in again ---------------------------------------------------------------------------

HEADER = "email,name,status,topics,tags,language,zone,joined,source"
