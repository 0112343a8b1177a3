"""What a step is: how it may stand, and where it is done."""

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from digest.staff import WRITERS, Role


class State(StrEnum):
    """How a step stands."""

    DONE = "done"  # what it is for is there
    BEGUN = "on its way"  # goes on by itself, or when somebody else acts
    STUCK = "wants a look"  # was tried, and failed
    NEXT = "next"  # the first that this person can do now
    OPEN = "open"  # not done; nothing keeps anybody from doing it now
    SPARE = "can wait"  # not done; it matters only once mails leave this machine
    LATER = "later"  # wants another step first


TONES = {
    State.DONE: "ok",
    State.BEGUN: "info",
    State.STUCK: "bad",
    State.NEXT: "warn",
    State.OPEN: "quiet",
    State.SPARE: "quiet",
    State.LATER: "quiet",
}


@dataclass(frozen=True)
class Link:
    """Where something is done, and who may do it there."""

    url: str
    words: str
    roles: tuple[Role, ...] = WRITERS


@dataclass(frozen=True)
class Step:
    """One step. ``told`` says what was done, or why it is not; ``why`` what it is for."""

    name: str
    title: str
    why: str
    told: str = ""
    state: State = State.OPEN
    at: dt.datetime | None = None
    links: tuple[Link, ...] = ()
    wants: str = "a topic"
    """What must be there before anything leads to it."""
    command: str = ""
    """The same without the desk."""

    @property
    def standing(self) -> str:
        """How it stands, in words."""
        return f"later, once there is {self.wants}" if self.state is State.LATER else self.state

    @property
    def tone(self) -> str:
        """The state as the house's colours have it."""
        return TONES[self.state]
