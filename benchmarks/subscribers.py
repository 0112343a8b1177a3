"""The figures of everything about subscribers.  Run: python -m benchmarks.subscribers import"""

import sys

from benchmarks import importing

FIGURES = {"import": importing.main}


def main() -> None:
    names = sys.argv[1:2]
    if not names or names[0] not in FIGURES:
        sys.exit(f"Which figures? python -m benchmarks.subscribers {' | '.join(FIGURES)}")
    FIGURES[names[0]](sys.argv[2:])


if __name__ == "__main__":
    main()
