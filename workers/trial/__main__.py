"""``python -m workers.trial WORKERS``: ``digest up`` without pages and mailbox."""

import sys

from django.conf import settings

from workers.embedded.up import Wish, become_supervisor

if __name__ == "__main__":
    become_supervisor(
        Wish(
            data_dir=settings.DATA_DIR,
            port=None,
            workers=int(sys.argv[1]),
            with_broker=False,
            with_mailbox=False,
        )
    )
