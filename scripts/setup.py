"""Make ``.venv`` beside the sources, with what ``requirements`` pins: ``setup.py run|dev``.

Needs nothing but a Python with its venv module.  Quick when nothing has changed; what was
interrupted is taken up again.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
KINDS = {"run": "to run it", "dev": "to run, test and check it"}

# pip's settings, which uv does not read, and the variables by which it hears of them
PIP_TO_UV = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}


class Failed(Exception):
    """A step did not work; the text says what to do."""


def main() -> int:
    kind = sys.argv[1]
    began = time.monotonic()
    if is_done(kind):
        return 0
    try:
        make_venv()
        install(kind)
    except Failed as problem:
        sys.stderr.write(f"setup: {problem}\n")
        return 3
    for done in {"run", kind}:
        stamp(done).write_text(wanted(done))
    say(f"Set up in {time.monotonic() - began:.0f} s.")
    return 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


# ---- what is there ------------------------------------------------------------------------


def stamp(kind: str) -> Path:
    return VENV / f".digest-{kind}"


def wanted(kind: str) -> str:
    """What the environment is made of; another text means that it must be made anew."""
    files = (requirements(kind), ROOT / "pyproject.toml")
    hashes = [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]
    return "\n".join([str(ROOT), *venv_version(), *hashes]) + "\n"


def requirements(kind: str) -> Path:
    return ROOT / "requirements" / f"{kind}.txt"


def venv_version() -> list[str]:
    """The line of pyvenv.cfg that names its Python's version."""
    try:
        lines = (VENV / "pyvenv.cfg").read_text().splitlines()
    except OSError:
        return []
    return [line for line in lines if line.startswith("version")]


def is_done(kind: str) -> bool:
    try:
        return stamp(kind).read_text() == wanted(kind) and works()
    except OSError:
        return False


def works() -> bool:
    """Whether the environment's Python starts: after an upgrade of the system's it may not."""
    try:
        return subprocess.run([PYTHON, "-c", ""], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


# ---- making it ----------------------------------------------------------------------------


def make_venv() -> None:
    moved = stamp("run").is_file() and str(ROOT) not in stamp("run").read_text().splitlines()
    if works() and not moved and (VENV / "bin" / "pip").exists():
        return
    say(f"1/3 Making .venv with Python {sys.version.split()[0]} ({sys.executable})")
    try:
        venv.create(VENV, clear=True, symlinks=True, with_pip=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        raise Failed(
            f"{VENV} can't be made ({problem}). On Debian or Ubuntu: "
            "apt-get install python3-venv make"
        ) from problem


def install(kind: str) -> None:
    """What is pinned, each file's hash checked, then this project itself."""
    environment = {**os.environ, "VIRTUAL_ENV": str(VENV), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    pip = [str(PYTHON), "-m", "pip"]
    uv = find_uv(pip, environment)
    say(f"3/3 Installing what is needed {KINDS[kind]}, each package's hash checked")
    works = uv and all(
        run(
            [uv, "pip", "install", "--python", str(PYTHON), *words],
            {**environment, **told_by_pip(pip, environment)},
        )
        for words in what(kind)
    )
    if not works:
        if uv:
            say("    uv could not; trying pip, which takes longer")
        if not all(run([*pip, "install", *words], environment) for words in what(kind)):
            raise Failed(
                "the packages could not be installed; what was is kept. Look above for the "
                "reason (no connection? no space?), then run the same command again."
            )


def what(kind: str) -> list[list[str]]:
    return [
        ["--require-hashes", "--requirement", str(requirements(kind))],
        ["--no-deps", "--editable", str(ROOT)],
    ]


def find_uv(pip: list[str], environment: dict[str, str]) -> str:
    """The uv on the PATH, else one in the environment; nothing where there is none for us."""
    own = VENV / "bin" / "uv"
    if found := shutil.which("uv") or (own.exists() and str(own)):
        return found
    say("2/3 Installing uv, which installs the rest quickly")
    words = ["install", "--quiet", "--require-hashes", "--only-binary", ":all:"]
    got = run([*pip, *words, "--requirement", str(requirements("uv"))], environment)
    return str(own) if got else ""


def told_by_pip(pip: list[str], environment: dict[str, str]) -> dict[str, str]:
    """How pip was told to reach its index, for uv; what uv was told itself wins."""
    listed = subprocess.run(
        [*pip, "config", "list"], env=environment, capture_output=True, text=True, check=False
    ).stdout
    told = {}
    for name, value in re.findall(r"^\S*?\.([\w-]+)='(.*)'$", listed, re.MULTILINE):
        variable = PIP_TO_UV.get(name)
        if variable and variable not in environment:
            separator = "," if name == "find-links" else " "
            told[variable] = separator.join(value.replace("\\n", " ").split())
    return told


def run(words: list[str], environment: dict[str, str]) -> bool:
    try:
        return subprocess.run(words, env=environment, cwd=ROOT, check=False).returncode == 0
    except OSError as problem:
        say(f"    {words[0]}: {problem.strerror}")
        return False


if __name__ == "__main__":
    sys.exit(main())
