"""``python -m workers.drill JSON``: the drill itself; ``digest drill`` prepares its place."""

import json
import os
import signal
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

from django.db import connection  # noqa: E402
from rich.console import Console  # noqa: E402

from digest.database import bring_up_to_date, told  # noqa: E402
from digest.errors import DigestError  # noqa: E402
from workers.drill import plan, verdict  # noqa: E402
from workers.drill.run import Asked, Drill  # noqa: E402


def main() -> int:
    """Run it and print the verdict; the exit status."""
    words = json.loads(sys.argv[1])
    as_json, quiet = words.pop("as_json"), words.pop("quiet", False)
    asked = Asked(**words)
    console = Console(stderr=as_json, highlight=False, quiet=quiet)
    for one in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, lambda *_: sys.exit(130))
    try:
        with told():
            bring_up_to_date()
            planned = plan.made(
                asked.seed, asked.messages, asked.kills, asked.workers,
                postgres=connection.vendor == "postgresql", restart=bool(asked.restart),
            )  # fmt: skip
            verdict.announce(console, asked, planned)
            result = Drill(asked, planned, console).run()
    except DigestError as problem:
        sys.stderr.write(f"The drill stopped: {problem}\n")
        return problem.status
    except KeyboardInterrupt:
        return 130
    if as_json:
        sys.stdout.write(json.dumps(verdict.plain(asked, result)) + "\n")
    else:
        verdict.show(console, result)
    return 0 if verdict.holds(result) else 1


if __name__ == "__main__":
    sys.exit(main())
