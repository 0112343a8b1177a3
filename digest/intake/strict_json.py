"""JSON as RFC 8259 has it, and a little stricter: a key given twice is a mistake.

Python's own parser keeps the last of two equal keys in silence, and takes NaN.
"""

import json
from typing import Any, NoReturn

from digest.intake.outcomes import Unfit, shown


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in pairs:
        if key in kept:
            raise Unfit("two headlines" if key == "headline" else f"{shown(key)} is given twice")
        kept[key] = value
    return kept


def _no_number(name: str) -> NoReturn:
    raise Unfit(f"{name} is no JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_number)
_LENIENT = json.JSONDecoder(parse_int=len)


def value_at(text: str, start: int = 0) -> tuple[Any, int]:
    """The value that begins at ``start`` and where it ends.

    Raises Unfit; its line counts from the beginning of ``text``.
    """
    try:
        return _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as problem:
        what = problem.msg.removesuffix(" at").lower()
        raise Unfit(f"broken JSON: {what} at column {problem.colno}", problem.lineno) from None
    except RecursionError:
        raise Unfit("nested too deep") from None
    except Unfit:
        raise
    except ValueError:
        # int() refuses more than some thousand digits, so that they can't stall it.
        raise Unfit("a number is too large") from None


def end_of(text: str, start: int) -> int | None:
    """Where a value ends that is whole but not acceptable; None where it is broken."""
    try:
        return _LENIENT.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return None
