"""Whether this machine has room to write down what is sent."""

import shutil

from django.conf import settings

LITTLE = 10_000_000
"""Octets free below which somebody should know."""


def shortage() -> str:
    """What to say where DATA_DIR's disk is all but full; "" where it isn't.

    A mailing can't say so itself where the database is on that disk too.
    """
    free = shutil.disk_usage(settings.DATA_DIR).free
    if free >= LITTLE:
        return ""
    return (
        f"The disk that holds DATA_DIR is all but full: {free / 1e6:.1f} MB left. Where nothing "
        "can be written down, no further message is begun, and what relays answered is kept in "
        "memory. Make room, and it goes on by itself."
    )
