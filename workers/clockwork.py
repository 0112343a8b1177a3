"""The schedule's clock: Celery beat, which sleeps until the next tick is due."""

from celery import beat


class Scheduler(beat.Scheduler):
    """Beat's own, which keeps nothing on disk, without its haste.

    That wakes a hundredth of a second early and asks again and again until it is time, which costs
    a server that does nothing else most of what it uses.
    """

    def adjust(self, n: float, drift: float = 0.0) -> float:  # noqa: ARG002  as beat calls it
        """Seconds until an entry is due, as they are."""
        return n
