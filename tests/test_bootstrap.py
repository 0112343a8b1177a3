"""Setting up: the Python that is found, what is said where none will do, and when it is done."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
SH = shutil.which("sh") or "/bin/sh"


def pythons(folder: Path, **scripts: str) -> dict[str, str]:
    """An environment in which only these Pythons are on the PATH."""
    for name, script in scripts.items():
        (folder / name).write_text(f"#!{SH}\n{script}\n")
        (folder / name).chmod(0o755)
    for tool in ("dirname", "sh"):
        (folder / tool).symlink_to(str(shutil.which(tool)))
    return {"PATH": str(folder)}


OLD = 'case "$1" in --version) echo "Python 3.9.2";; *) exit 1;; esac'
BARE = 'case "$*" in *ensurepip*) exit 1;; --version) echo "Python 3.12.1";; esac'
GOOD = 'case "$1" in -c) exit 0;; *) echo "$@";; esac'


def set_up(environment: dict[str, str], *named: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SH, str(ROOT / "scripts/setup.sh"), "run", *named],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_an_old_python_is_told_with_the_line_that_mends_it(tmp_path: Path) -> None:
    done = set_up(pythons(tmp_path, python3=OLD))
    assert done.returncode == 3
    assert "Python 3.11 or newer is needed, and there is Python 3.9.2" in done.stderr
    assert "apt-get install python3 python3-venv make" in done.stderr


def test_no_python_at_all_is_told(tmp_path: Path) -> None:
    done = set_up(pythons(tmp_path))
    assert done.returncode == 3
    assert "there is no python3" in done.stderr


def test_a_python_without_its_venv_module_is_told(tmp_path: Path) -> None:
    done = set_up(pythons(tmp_path, python3=BARE))
    assert done.returncode == 3
    assert "python3 (Python 3.12.1) lacks its venv module" in done.stderr
    assert "apt-get install python3-venv make" in done.stderr


def test_the_first_python_that_is_new_enough_and_whole_is_taken(tmp_path: Path) -> None:
    done = set_up(pythons(tmp_path, python3=OLD, **{"python3.13": BARE, "python3.12": GOOD}))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{ROOT}/scripts/setup.py run\n"


def test_a_python_that_was_named_is_the_only_one_tried(tmp_path: Path) -> None:
    done = set_up(pythons(tmp_path, python3=GOOD, mine=OLD), "mine")
    assert done.returncode == 3
    assert "3.9.2" in done.stderr


# ---- setup.py ----------------------------------------------------------------------------


@pytest.fixture
def setup(tmp_path: Path) -> Any:
    """The set-up program, over a project of its own that is set up."""
    spec = importlib.util.spec_from_file_location("setup_program", ROOT / "scripts/setup.py")
    assert spec
    assert spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ROOT = tmp_path
    module.VENV = tmp_path / ".venv"
    module.PYTHON = module.VENV / "bin" / "python"
    module.PYTHON.parent.mkdir(parents=True)
    module.PYTHON.symlink_to(sys.executable)
    (module.VENV / "pyvenv.cfg").write_text("version = 3.11.2\n")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/run.txt").write_text("one==1\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    module.stamp("run").write_text(module.wanted("run"))
    return module


def test_nothing_is_done_while_nothing_has_changed(setup: Any) -> None:
    assert setup.is_done("run")


@pytest.mark.parametrize("change", ["requirements/run.txt", "pyproject.toml", ".venv/pyvenv.cfg"])
def test_a_change_of_what_it_is_made_of_has_it_made_anew(setup: Any, change: str) -> None:
    with (setup.ROOT / change).open("a") as file:
        file.write("version = 3.12.0\n")
    assert not setup.is_done("run")


def test_an_environment_whose_python_is_gone_is_made_anew(setup: Any) -> None:
    setup.PYTHON.unlink()
    assert not setup.is_done("run")


def test_one_that_was_interrupted_or_moved_is_made_anew(setup: Any, tmp_path: Path) -> None:
    setup.ROOT = tmp_path / "elsewhere"
    shutil.copytree(tmp_path, setup.ROOT, ignore=shutil.ignore_patterns("elsewhere", ".venv"))
    assert not setup.is_done("run")
    setup.ROOT = tmp_path
    setup.stamp("run").unlink()
    assert not setup.is_done("run")


def test_uv_reaches_the_index_as_pip_was_told_to(setup: Any, tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://mirror.example.org/simple\ncert = /etc/own.pem\n"
        "find-links =\n  /a\n  /b\n"
    )
    environment = {"PIP_CONFIG_FILE": str(config), "PATH": os.environ["PATH"], "HOME": "/none"}
    pip = [sys.executable, "-m", "pip"]
    assert setup.told_by_pip(pip, environment) == {
        "UV_DEFAULT_INDEX": "https://mirror.example.org/simple",
        "SSL_CERT_FILE": "/etc/own.pem",
        "UV_FIND_LINKS": "/a,/b",
    }
    told = setup.told_by_pip(pip, {**environment, "UV_DEFAULT_INDEX": "https://x.example.org"})
    assert "UV_DEFAULT_INDEX" not in told
