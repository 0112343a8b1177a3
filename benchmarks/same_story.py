"""How well same stories are told from different ones.  Run: python -m benchmarks.same_story

Over pairs that people labelled by hand (tests/data): a precision and a recall for what is folded by
itself, and for that together with what is put to the editor.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from digest.parts import BriefingData
from digest.same_story.signature import Signature, signature
from digest.same_story.verdict import Judged, Verdict, compare

DATA = Path(__file__).parents[1] / "tests" / "data"
FILES = ["same_story_tuning.jsonl", "same_story_held_out.jsonl"]


class Pair(NamedTuple):
    """A labelled pair, and what we say of it."""

    id: str
    kind: str
    same: bool
    judged: Judged


class Score(NamedTuple):
    """Of some verdicts: which part of what they join is the same story, and of those how many."""

    precision: float
    recall: float
    joined: int


def pairs(file: Path) -> Iterator[Pair]:
    """Every labelled pair of a file, judged."""
    for line in file.read_text().splitlines():
        pair = json.loads(line)
        judged = compare(_signature(pair["a"]), _signature(pair["b"]))
        yield Pair(pair["id"], pair["kind"], pair["same"], judged)


def _signature(said: dict[str, Any]) -> Signature:
    return signature(BriefingData.model_validate({"slug": "s", "topic": "t", **said}))


def score(found: list[Pair], *verdicts: Verdict) -> Score:
    """How well these verdicts mean: the same story."""
    joined = [pair for pair in found if pair.judged.verdict in verdicts]
    right = sum(pair.same for pair in joined)
    return Score(right / max(1, len(joined)), right / sum(p.same for p in found), len(joined))


def told(name: str, found: list[Pair]) -> None:
    same = sum(pair.same for pair in found)
    print(f"{name}: {len(found)} pairs, {same} the same")
    for label, verdicts in {
        "folded by itself": [Verdict.SAME],
        "folded or asked": [Verdict.SAME, Verdict.LIKELY],
    }.items():
        got = score(found, *verdicts)
        print(
            f"  {label:18} precision {got.precision:.3f}  recall {got.recall:.3f}  ({got.joined})"
        )
    by_kind = Counter((pair.kind, pair.judged.verdict) for pair in found)
    for kind in sorted({pair.kind for pair in found}):
        counts = "  ".join(f"{verdict} {by_kind[kind, verdict]:2}" for verdict in Verdict)
        print(f"  {kind:34} {counts}")


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("--wrong", action="store_true", help="name the pairs that it gets wrong")
    wanted.add_argument("files", nargs="*", type=Path)
    asked = wanted.parse_args()
    for file in asked.files or [DATA / name for name in FILES if (DATA / name).exists()]:
        found = list(pairs(file))
        told(file.name, found)
        for pair in found if asked.wrong else []:
            if pair.same != (pair.judged.verdict is not Verdict.DIFFERENT):
                print(f"  wrong: {pair.id} {pair.kind}: {pair.judged}")


if __name__ == "__main__":
    main()
