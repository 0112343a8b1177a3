"""How far the first steps are, for one member of staff."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction

from digest.models import Topic
from digest.staff import APPROVERS, Role, has_role
from workers.doctor import kept
from workers.doctor.finding import Grade
from workers.doctor.page import PILLS
from workers.first_steps.facts import Facts, has_gone_out, looked_up
from workers.first_steps.models import PutAway
from workers.first_steps.step import Link, State, Step
from workers.first_steps.steps import steps
from workers.queue.seen_by import MAY_ACT

TOLD = 3
"""People who are named, of those who could do a step."""


@dataclass(frozen=True)
class Shown:
    """A step with the links that its person may follow; ``others``: who can, where they can't."""

    step: Step
    links: Sequence[Link]
    others: str = ""


@dataclass
class FirstSteps:
    """All steps as one person sees them; looked up when they are first asked for."""

    user: User | AnonymousUser

    @cached_property
    def is_away(self) -> bool:
        """Whether this person wants to see none."""
        return PutAway.objects.filter(user_id=self.user.pk or 0).exists()

    @cached_property
    def is_over(self) -> bool:
        """Whether a first mailing has gone out."""
        return has_gone_out()

    @property
    def topic(self) -> Topic | None:
        """The one that they are about."""
        return self._facts.topic

    @cached_property
    def shown(self) -> list[Shown]:
        """Each step, and of those that are not done the first this person can do as the next."""
        found = [self._shown(step) for step in steps(self._facts)]
        for at, one in enumerate(found):
            if one.step.state is State.OPEN and one.links:
                found[at] = replace(one, step=replace(one.step, state=State.NEXT))
                break
        return found

    @property
    def stays_here(self) -> bool:
        """Whether no mail leaves this machine yet."""
        return bool(settings.MAILBOX_IS_RELAY)

    @cached_property
    def doctor(self) -> tuple[str, str] | None:
        """What the doctor found last, as tone and words, for who may act on it."""
        if not has_role(self.user, *MAY_ACT):
            return None
        grade, words = kept.in_a_word() or (Grade.UNKNOWN, "not looked yet")
        return PILLS[grade][0], words

    @property
    def next(self) -> Shown | None:
        """What this person does now: mends what went wrong, or does what is next."""
        for state in (State.STUCK, State.NEXT, State.BEGUN):
            for one in self.shown:
                if one.step.state is state and one.links:
                    return one
        return None

    @property
    def done(self) -> int:
        return sum(one.step.state is State.DONE for one in self.shown)

    @property
    def share(self) -> int:
        """In per cent."""
        return 100 * self.done // len(self.shown)

    @cached_property
    def _facts(self) -> Facts:
        return looked_up()

    @cached_property
    def _approvers(self) -> str:
        named = {"groups__name__in": [*APPROVERS, Role.ADMIN], "is_active": True}
        found = User.objects.filter(**named).order_by("username").distinct()[: TOLD + 1]
        names = [user.username for user in found]
        if not names:
            return "A publisher can. There is none yet: digest user add ADDRESS --role publisher"
        more = " and others" if len(names) > TOLD else ""
        return f"Can be done by {', '.join(names[:TOLD])}{more}."

    def _shown(self, step: Step) -> Shown:
        links = [link for link in step.links if has_role(self.user, *link.roles)]
        barred = step.links and not links and step.state is not State.DONE
        return Shown(step, links, self._approvers if barred else "")


def beginning(user: User | AnonymousUser) -> FirstSteps | None:
    """The first steps; None once the first mailing has gone out."""
    found = FirstSteps(user)
    return None if found.is_over else found


@transaction.atomic
def put_away(user: User) -> None:
    """Keep them from this person's desk."""
    PutAway.objects.get_or_create(user=user)


def bring_back(user: User) -> None:
    """Show them on this person's desk again."""
    PutAway.objects.filter(user=user).delete()
