"""Hard bounces in our own dialogue: refusals for good that speak of the recipient.  Pure."""

from workers.feedback.events import RECIPIENT, code_in

BARE = {550, 551, 553, 556}
"""Reply codes that speak of the mailbox (RFC 5321 4.2.3, RFC 7504), where no enhanced code does."""


def is_hard(code: int, answer: str) -> bool:
    """Whether this answer says that nobody is there: 5.7.x speaks of us, 5.2.2 of a day."""
    if code < 500:
        return False
    enhanced = code_in(answer)
    return enhanced in RECIPIENT if enhanced else code in BARE
