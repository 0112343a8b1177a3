"""The steps from an empty desk to the first mailing: how each stands, and where it is done."""

import datetime as dt
from dataclasses import replace
from email.utils import parseaddr

from django.conf import settings

from digest.models import Stage, Topic, from_address, postal_address
from digest.sender import is_nobodys
from digest.staff import APPROVERS, WRITERS, Role
from workers import rules
from workers.first_steps.facts import MANY, Facts
from workers.first_steps.step import Link, State, Step
from workers.models import Mailing, MailingState


def steps(facts: Facts) -> list[Step]:
    """All of them, in the order in which most people go; any other is as good."""
    topic = facts.topic
    found = [
        _sender(topic),
        _topic(facts),
        _look(topic),
        _briefing(facts),
        _draft(facts),
        _readers(facts),
        _test(facts),
        _schedule(facts),
        _mailing(facts),
    ]
    return [
        replace(step, state=State.LATER) if step.state is State.OPEN and not step.links else step
        for step in found
    ]


def _at(topic: Topic | None, place: str, words: str, *roles: Role) -> tuple[Link, ...]:
    """A link to a topic's page; none before there is one."""
    return (Link(f"/desk/{topic.slug}/{place}", words, roles or WRITERS),) if topic else ()


def _mailbox() -> tuple[Link, ...]:
    """Where mails are while no relay is named."""
    return (Link("/mailbox/", "Open the mailbox"),) if settings.MAILBOX_IS_RELAY else ()


def _done(step: Step, told: str, *links: Link, at: dt.datetime | None = None) -> Step:
    return replace(step, state=State.DONE, told=told, links=links, at=at)


def _sender(topic: Topic | None) -> Step:
    sender, postal = from_address(topic or Topic()), postal_address(topic or Topic())
    step = Step(
        "sender",
        "Who the mails are from",
        "A sender of your own, and the postal address that the law asks for in many countries.",
        links=_at(topic, "settings/#sender-title", "Set them for this topic", *APPROVERS),
        command="digest init",
    )
    missing = []
    if is_nobodys(parseaddr(sender)[1].rpartition("@")[2]):
        missing.append(f"The mails are from {sender}, a domain that nobody owns.")
    if not postal.strip():
        missing.append("Their foot has no postal address.")
    if not missing:
        return _done(step, f"{sender} · {postal}", *_at(topic, "settings/#sender-title", "Change"))
    told = " ".join(missing)
    if settings.RELAY_ON_LOOPBACK:
        told = f"{told} That may stay while mails don’t leave this machine."
        return replace(step, state=State.SPARE, told=told)
    return replace(step, state=State.STUCK, told=f"{told} Nothing can be approved before.")


def _topic(facts: Facts) -> Step:
    step = Step(
        "topic",
        "A topic",
        "A running story that people subscribe to. Its briefings become numbered updates.",
        links=(Link("/desk/new/", "Make a topic", APPROVERS),),
        command='digest topic add SLUG --name "NAME"',
    )
    if not facts.topic:
        return step
    others = f", and {facts.topics - 1} more" if facts.topics > 1 else ""
    return _done(step, f"“{facts.topic}”{others}", *_at(facts.topic, "settings/", "Change"))


def _look(topic: Topic | None) -> Step:
    step = Step(
        "look",
        "Its look",
        "A colour or a logo for its mails, and what the sign-up page says of it.",
        links=_at(topic, "settings/#look-title", "Give it its look", *APPROVERS),
    )
    if topic is None:
        return step
    has = {
        "a description": bool(topic.description),
        f"the colour {topic.accent}": topic.accent != Topic().accent,
        "a logo": topic.logo_id is not None,
    }
    told = ", ".join(name for name, there in has.items() if there)
    if not told:
        return step
    return _done(step, f"Has {told}", *_at(topic, "settings/#look-title", "Change"))


def _briefing(facts: Facts) -> Step:
    topic = facts.topic
    step = Step(
        "briefing",
        "The first briefing",
        "One story: write it here, or name a feed that brings stories.",
        links=_at(topic, "write/", "Write a briefing") + _at(topic, "sources/", "Name a feed"),
        command=f"digest load FOLDER --topic {topic.slug}" if topic else "",
    )
    if facts.briefings:
        n = "1 briefing" if facts.briefings == 1 else f"{facts.briefings:,} briefings"
        return _done(step, n, *_at(topic, "briefings/", "See them"))
    if facts.sources:
        told = "A feed is named, and has brought nothing yet."
        return replace(step, state=State.BEGUN, told=told)
    return step


def _draft(facts: Facts) -> Step:
    topic, update = facts.topic, facts.update
    step = Step(
        "draft",
        "The draft",
        "Gathers the briefings, each with a reason, and shows the mail as readers will see it.",
        links=_at(topic, "draft/", "Assemble it") if facts.briefings else (),
        wants="a briefing",
    )
    if update is None:
        return step
    size = getattr(update, "size", 0)
    told = f"{update.label}: {update.title or 'without a title'} · {size} item{'s'[: size != 1]}"
    place = "draft/" if update.stage == Stage.DRAFT else f"{update.number}/"
    return _done(step, told, *_at(topic, place, "Open it"))


def _readers(facts: Facts) -> Step:
    step = Step(
        "readers",
        "The first reader",
        "Sign up yourself, as readers will; or bring your list from where it is now.",
        links=(
            Link("/subscribe/", "Sign up yourself"),
            Link("/people/import/", "Import a list", (Role.OPS, *APPROVERS)),
            Link("/people/form/", "A form for your site", (Role.OPS, *APPROVERS)),
        )
        if facts.topic
        else (),
    )
    if facts.readers:
        many = f"more than {MANY:,}" if facts.readers > MANY else f"{facts.readers:,}"
        told = f"{many} reader{'s'[: facts.readers != 1]}"
        return _done(step, told[0].upper() + told[1:], Link("/people/", "See them"))
    if facts.asked:
        told = "Asked by mail; nobody has said yes yet."
        return replace(step, state=State.BEGUN, told=told, links=_mailbox() + step.links)
    return step


def _test(facts: Facts) -> Step:
    test, topic = facts.test, facts.topic
    step = Step(
        "test",
        "A test mail to yourself",
        "The update in a real inbox, before anybody else has it.",
        links=_at(topic, "draft/#test", "Send a test") if facts.update else (),
        wants="a draft",
    )
    if test is None:
        return step
    to = ", ".join(test.addresses[:3])
    if facts.tested:
        return _done(step, f"To {to}", *_mailbox(), at=test.asked_at)
    if test.trouble:
        return replace(step, state=State.STUCK, told=test.trouble)
    if any(one.state == MailingState.DONE for one in test.mailings.all()):
        told = f"No inbox took the one to {to}. The draft’s tests say why."
        return replace(step, state=State.STUCK, told=told)
    return replace(step, state=State.BEGUN, told=f"Asked for, to {to}", at=test.asked_at)


def _schedule(facts: Facts) -> Step:
    step = Step(
        "schedule",
        "A schedule",
        "When it goes out, such as every weekday at seven. Without one you assemble by hand.",
        links=_at(facts.topic, "schedule/", "Set a schedule", *APPROVERS),
    )
    if rule := facts.schedule:
        told = f"{rules.in_words(rule.cron)}, {rule.zone}"
        return _done(step, told, *_at(facts.topic, "schedule/", "Change"))
    return step


def _mailing(facts: Facts) -> Step:
    topic, update, mailing = facts.topic, facts.update, facts.mailing
    step = Step(
        "mailing",
        "The first mailing",
        "Approving freezes the update, gives it its number, and sends it.",
        links=_at(topic, "draft/review/", "Look at it and approve") if update else (),
        wants="a draft",
    )
    if mailing and mailing.state != MailingState.CANCELLED:
        state, told = _sent(mailing)
        look = Link(f"/queue/{mailing.pk}/", "Look at the mailing")
        return replace(step, state=state, told=told, links=(look,))
    if update and update.stage == Stage.APPROVED:
        links = _at(topic, f"{update.number}/", "Look at it")
        told = f"{update.label} is approved, and due"
        return replace(step, state=State.BEGUN, told=told, at=update.due_at, links=links)
    return step


def _sent(mailing: Mailing) -> tuple[State, str]:
    label = mailing.update.label if mailing.update else "It"
    reached = f"{mailing.accepted:,} of {mailing.candidates:,}"
    match mailing.state:
        case MailingState.DONE if mailing.accepted:
            return State.DONE, f"{label} went out to {reached}"
        case MailingState.DONE:
            return State.STUCK, f"{label} went out and reached {reached}."
        case MailingState.HELD | MailingState.QUARANTINED | MailingState.PAUSED:
            return State.STUCK, mailing.why or f"{label} is {mailing.get_state_display().lower()}."
        case _:
            return State.BEGUN, f"{label} is going out: {reached} so far. {mailing.why}".strip()
