"""What can go wrong, in the reader's words.

Each error carries what happened, what was kept and what to do as its text, and
the exit status that scripts read (contract: 1 part of the input rejected or a
check failed, 2 nothing usable and nothing changed, 3 something can't be reached).
"""


class DigestError(Exception):
    """Something could not be done; the text says what happened and what to do."""

    status = 2


class Refused(DigestError):
    """The request makes no sense as it stands; nothing was changed."""


class NotFound(Refused):
    """What was named does not exist; nothing was changed."""


class CheckFailed(DigestError):
    """A check found something to mend, or part of the input was rejected."""

    status = 1


class Unreachable(DigestError):
    """A server, port or file that is needed can't be reached."""

    status = 3
