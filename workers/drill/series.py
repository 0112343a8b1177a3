"""Several drills, one seed after another: a line for each, and what they come to."""

import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console

from workers.trial import place

_COLUMNS = ("kills", "uncertain", "allowed", "duplicates", "lost", "seconds")
_ROW = "{:>6}" + "{:>12}" * len(_COLUMNS) + "  {}"


def seeds(text: str) -> list[int]:
    """``1-3,7`` → 1, 2, 3, 7; ValueError for anything else, or for none."""
    found: list[int] = []
    for part in text.split(","):
        ends = re.fullmatch(r"(\d{1,9})(?:-(\d{1,9}))?", part.strip())
        if ends is None or int(ends[2] or ends[1]) < int(ends[1]):
            raise ValueError(f"{part!r} is neither a number nor a range like 1-10")
        found += range(int(ends[1]), int(ends[2] or ends[1]) + 1)
    return found


def run(chosen: Sequence[int], asked: Mapping[str, Any], *, as_json: bool) -> int:
    """Do them and print them; status 0 when all hold."""
    console = Console(stderr=as_json, highlight=False, soft_wrap=True)
    console.print(_ROW.format("seed", *_COLUMNS, ""))
    drills = []
    for seed in chosen:
        words = {**asked, "seed": seed, "as_json": True, "quiet": True}
        status, said = place.heard(f"drill_seed{seed}", "workers.drill", words)
        if status == _INTERRUPTED:
            return status
        told: dict[str, Any] = json.loads(said) if said else {"seed": seed, "holds": False}
        drills.append(told)
        console.print(_line(told))
    holds = all(told["holds"] for told in drills)
    console.print(_summary(drills))
    if as_json:
        sys.stdout.write(json.dumps({"holds": holds, "drills": drills}) + "\n")
    return 0 if holds else 1


_INTERRUPTED = 130


def figures(told: Mapping[str, Any]) -> list[float]:
    """Of one drill's JSON, in the order of the columns."""
    broken = told["broken"]
    return [
        told["killed"],
        told["sheet"]["uncertain"],
        told["uncertain_at_most"],
        len(broken.get("once", [])),
        # Called accepted and nowhere to be seen, or left behind when all was said to be done.
        len(broken.get("arrived", [])) + len(broken.get("settled", [])),
        told["seconds"],
    ]


def _line(told: Mapping[str, Any]) -> str:
    if "broken" not in told:
        return f"{told['seed']:>6}  [red]✗ came to no end[/]"
    return _ROW.format(told["seed"], *map(_short, figures(told)), _word(told))


def _word(told: Mapping[str, Any]) -> str:
    if told["holds"]:
        return "[green]✓ holds[/]"
    faults = [*told["broken"], *(["faults came too late"] * bool(told["missed"]))]
    return f"[red]✗ {', '.join(faults)}[/]"


def _summary(drills: Sequence[Mapping[str, Any]]) -> str:
    ended = [figures(told) for told in drills if "broken" in told]
    sums = [_short(sum(column)) for column in zip(*ended, strict=True)]
    held = sum(told["holds"] for told in drills)
    word = "[bold green]It holds.[/]" if held == len(drills) else "[bold red]It does not hold.[/]"
    line = _ROW.format("all", *sums, "") if ended else ""
    return f"{line}\n{held} of {len(drills)} drills hold. {word}"


def _short(figure: float) -> str:
    return f"{figure:,.0f}"
