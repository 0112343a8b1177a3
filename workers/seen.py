"""What a look at a relay or a provider's account saw."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Seen:
    """In words."""

    trouble: str  # why it can't be used; "" where it can
    told: str  # what it offers and said
