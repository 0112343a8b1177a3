"""One real mail by what ``.env`` says, as a process of its own that starts as the program will.

``python -m workers.setting_up.test_mail ADDRESS`` prints one JSON object: ``taken`` and ``answer``.
It is made, signed and carried as readers' mails are; only that no row of the ledger speaks of it.
"""

import datetime as dt
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.outbox import Envelope, Outcome, Verdict

if TYPE_CHECKING:
    from digest.models import Topic
    from digest.rendering.view import EmailView

PATIENCE = 60.0
"""Seconds that all of it may take."""

_CONTENT = {
    "topic": "test",
    "slug": "test",
    "headline": "If you read this, your mail arrives",
    "summary": "This mail was made, signed and handed over as those to your readers will be.",
    "body": "Open its source (“Show original” in many mail programs) and find "
    "**Authentication-Results**. It should say `spf=pass`, `dkim=pass` and `dmarc=pass`, the last "
    "with your own domain. Where it says none or fail, paste the records that `digest init` "
    "printed, and give DNS an hour.\n\nIt came to spam? Say in your mail program that it is none, "
    "and look at `digest doctor`. The links in the foot lead nowhere: they are made for readers, "
    "and you are none yet.",
    "key_takeaway": "Mail whose sender nobody can check goes to spam, and nobody tells you.",
}


@dataclass(frozen=True)
class Sent:
    """What became of it, as far as the relay tells."""

    to: str
    taken: bool
    answer: str


def send(address: str) -> Sent:
    """Have it sent, and wait for the relay's answer."""
    command = [sys.executable, "-m", "workers.setting_up.test_mail", address]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        said = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return Sent(address, taken=False, answer="no answer came in a minute")
    except KeyboardInterrupt:
        return Sent(address, taken=False, answer="broken off; it may have gone all the same")
    except ValueError:
        words = done.stderr.strip().splitlines()
        return Sent(address, taken=False, answer=words[-1] if words else "it could not be made")
    return Sent(address, said["taken"], said["answer"])


# ---- in the process of its own -----------------------------------------------------------------


class _One:
    """An outbox of one message."""

    def __init__(self, envelope: Envelope) -> None:
        self._waiting = [envelope]
        self.outcome: Outcome | None = None

    def take(self) -> Envelope | float | None:
        return self._waiting.pop() if self._waiting else None

    def begin(self, key: int) -> None:
        pass

    def settle(self, key: int, outcome: Outcome) -> None:  # noqa: ARG002  the protocol's
        self.outcome = outcome

    def tick(self) -> None:
        pass


def _sent(address: str) -> dict[str, object]:
    from digest.errors import DigestError
    from workers.routes import carriers
    from workers.routes.models import Route

    try:
        outbox = _One(_envelope(address))
        trouble = (
            carriers.carrier(Route(id=0, name="default"), hurried=True).send_all(outbox).trouble
        )
    except (DigestError, ValueError) as problem:
        return {"taken": False, "answer": str(problem)}
    outcome = outbox.outcome
    taken = outcome is not None and outcome.verdict is Verdict.ACCEPTED
    return {"taken": taken, "answer": outcome.text if outcome else trouble}


def _envelope(address: str) -> Envelope:
    """The message to them, by the code that makes readers' mails; nothing is kept."""
    from django.utils import timezone

    from digest import editions
    from digest.models import Topic
    from workers.ledger import Row
    from workers.letters import Letters
    from workers.mailings import GIVE_UP
    from workers.models import Mailing, MailingKind, MailingState

    topic = Topic(id=0, slug="test", name="A test")
    view = _view(topic, timezone.now())
    mailing = Mailing(
        id=0,
        topic=topic,
        edition=editions.made(view, editions.rendered(view), topic, None),
        kind=MailingKind.TEST,
        state=MailingState.SENDING,
        give_up_after=GIVE_UP,
    )
    row = Row(0, None, address, "", "arranged", 0, 0, 0, timezone.now())
    return Letters(mailing).envelope(row)


def _view(topic: "Topic", now: dt.datetime) -> "EmailView":
    """An update of one story, laid out as any."""
    from digest.depths import Depth
    from digest.parts import BriefingData
    from digest.rendering import story
    from digest.rendering.view import EmailView

    imprint = story.imprint_of(topic)
    data = BriefingData.model_validate({**_CONTENT, "published_at": now})
    told = story.story_view(data, Depth.LEAD, anchor="s1", url=imprint.base_url)
    return EmailView(
        topic=story.topic_view(topic, imprint),
        imprint=imprint,
        number=1,
        date=now.date(),
        reading_minutes=1,
        title="A test mail",
        subject=f"A test mail from {imprint.from_name}",
        preheader=data.summary,
        stories=(told,),
        web_url=imprint.base_url,
    )


def _main(address: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from digest import logs

    logs.for_a_command()
    sys.stdout.write(json.dumps(_sent(address)) + "\n")


if __name__ == "__main__":
    _main(sys.argv[1])
