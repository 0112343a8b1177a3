"""What SpamAssassin makes of the message, where it is installed; by its own rules alone."""

import re
import shutil
import subprocess
import tempfile

from digest.checks.findings import Finding, Level

NAME = "spam"

GOOD = 0.5
"""Points that a mail may have; what is above is worth a look."""

SPAM = 5.0
"""Points at which SpamAssassin calls a mail spam."""

SECONDS = 60
_SCORE = re.compile(rb"^X-Spam-Status: \w+, score=(-?[\d.]+)", re.MULTILINE)
_RULE = re.compile(r"^ *(-?\d+\.\d+) ([A-Z][A-Z0-9_]+)", re.MULTILINE)


def check_message(message: bytes) -> Finding:
    """Blocks from 5 points, warns above 0.5; a message is one mail as it goes out (RFC 5322).

    Nothing is asked of the network (``-L``) and nothing learnt or written outside a folder that
    goes with the run.
    """
    program = shutil.which("spamassassin")
    if program is None:
        return Finding(
            NAME, Level.OK, "Not looked at: SpamAssassin is not installed (package spamassassin)."
        )
    try:
        points, rules = score(message, program)
    except (OSError, subprocess.SubprocessError, ValueError) as problem:
        return Finding(
            NAME,
            Level.WARN,
            f"SpamAssassin gave no answer ({type(problem).__name__}).",
            "Try it by hand: digest render UPDATE --out DIR; spamassassin -L -t DIR/update.eml",
        )
    if points <= GOOD:
        return Finding(NAME, Level.OK, f"SpamAssassin gives {points:g} points of {SPAM:g}.")
    return Finding(
        NAME,
        Level.BLOCK if points >= SPAM else Level.WARN,
        f"SpamAssassin gives {points:g} points of {SPAM:g}, for {', '.join(rules)}.",
        "Reword what these rules are about.",
    )


def score(message: bytes, program: str = "spamassassin") -> tuple[float, list[str]]:
    """The points, and the names of the rules that gave any; ValueError where none were told."""
    with tempfile.TemporaryDirectory(prefix="spamassassin-") as home:
        ran = subprocess.run(
            [program, "-L", "-t", "-x"],
            input=message.replace(b"\r\n", b"\n"),  # as a local delivery hands it over
            capture_output=True,
            timeout=SECONDS,
            check=True,
            env={"HOME": home, "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        )
    told = _SCORE.search(ran.stdout)
    if told is None:
        raise ValueError("no score in the answer")
    report = ran.stdout.decode("utf-8", "replace")
    rules = [name for points, name in _RULE.findall(report) if float(points) > 0]
    return float(told[1]), rules
