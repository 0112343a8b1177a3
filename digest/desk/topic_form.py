"""The form of a topic: what was typed, what it means, and what is wrong with each field."""

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.core.signing import BadSignature, Signer

from digest import topics
from digest.depths import Depths
from digest.models import Topic
from digest.pictures import Picture

TEXTS = ("name", "description", "language", "zone", "accent", "from_address", "postal_address")
NUMBERS = (*topics.LIMITS,)
FLAGS = ("pictures", "counts_clicks", "sections", "resend_uncertain", "two_people")


@dataclass
class TopicForm:
    """A topic as it is typed; ``errors`` by the field's name, each in words."""

    texts: dict[str, str]
    flags: dict[str, bool]
    logo: Picture | None = None
    errors: dict[str, str] = field(default_factory=dict)

    def read(self, topic: Topic) -> dict[str, object]:
        """The fields' values as the topic keeps them; what is wrong is in ``errors`` then."""
        given: dict[str, object] = {name: self.texts[name] for name in TEXTS}
        given |= {"logo": self.logo, "closing": topics.listed(self.texts["closing"])}
        given["colleagues"] = topics.listed(self.texts["colleagues"])
        given |= self.flags
        for name in NUMBERS:
            text = self.texts[name].strip()
            if text.isascii() and text.isdigit() and len(text) < 8:
                given[name] = int(text)
            else:
                least, most = topics.LIMITS[name]
                self.errors[name] = f"Write a number from {least} to {most:,}."
        if self.texts["depth"] in Depths.values:
            given["depth"] = self.texts["depth"]
        else:
            self.errors["depth"] = "Choose one of these."
        tried = tried_on(topic, given)
        self.errors |= settled(tried)
        return {name: getattr(tried, name) for name in given}


def of_topic(topic: Topic) -> TopicForm:
    """The form as the topic stands."""
    names = (*TEXTS, *NUMBERS, "depth")
    texts = {name: str(getattr(topic, name)) for name in names}
    texts["closing"] = ", ".join(topic.closing)
    texts["colleagues"] = "\n".join(topic.colleagues)
    return TopicForm(texts, {name: getattr(topic, name) for name in FLAGS}, topic.logo)


def of_typed(topic: Topic, typed: Mapping[str, str]) -> TopicForm:
    """The form as it was typed over what stands; nothing typed is as it stands."""
    form = of_topic(topic)
    if "name" not in typed:
        return form
    for name in form.texts:
        form.texts[name] = typed.get(name, form.texts[name]).replace("\0", "")[:5000]
    form.flags = {name: name in typed for name in FLAGS}
    form.logo = None if "no_logo" in typed else _logo(topic, typed.get("logo"))
    return form


def logo_mark(topic: Topic, logo: Picture | None) -> str:
    """How the form carries a logo that is not saved yet: signed, so that none comes back but one
    that was taken in for this topic. Other pictures are kept too, of any size."""
    return _signer(topic).sign(logo.hash) if logo else ""


def _logo(topic: Topic, mark: str | None) -> Picture | None:
    """The logo that the form carried; the topic's own where what it carried is none."""
    if mark == "":
        return None
    try:
        return Picture.objects.filter(hash=_signer(topic).unsign(mark or "")).first()
    except BadSignature:
        return topic.logo


def _signer(topic: Topic) -> Signer:
    return Signer(salt=f"logo of {topic.slug}")


def mark(topic: Topic) -> str:
    """Tells whether anything has been changed since the form was opened."""
    form = of_topic(topic)
    said = [form.texts, form.flags, topic.logo_id]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:16]


def tried_on(topic: Topic, given: Mapping[str, object]) -> Topic:
    """A copy of the topic, not kept, with these fields."""
    tried = copy.copy(topic)
    for name, value in given.items():
        setattr(tried, name, value)
    return tried


def settled(tried: Topic) -> dict[str, str]:
    """What is wrong with its fields, as it is said beside them; the others get one spelling."""
    faults = topics.settle(tried)
    return {name: fault.replace("; nothing was changed", "") for name, fault in faults.items()}
