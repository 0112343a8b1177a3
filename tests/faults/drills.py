"""``digest drill`` as users run it: eight kills and more, and the checker's verdict."""

import json

from tests.journeys.system import System

SEEDS = [2, 5]


def drill(system: System, seed: int, *more: str) -> dict[str, object]:
    """The drill's one JSON object, once it has ended well."""
    told: dict[str, object] = json.loads(
        system.run(
            "drill", "--messages", "2000", "--kills", "8", "--seed", str(seed), "--json", *more
        )
    )
    assert told["holds"], told
    assert told["killed"] == 8
    return told
