"""The quickstart, typed as it is written."""

import re
import subprocess
from pathlib import Path

from tests.journeys.system import DIGEST, ROOT, System, until


def test_what_the_quickstart_says_can_be_typed_until_it_is_for_real(tmp_path: Path) -> None:
    """What comes then asks for a relay: test_setting_up types that."""
    text, _ = (ROOT / "docs" / "quickstart.md").read_text("utf-8").split("\n## For real\n")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks[0].startswith("make setup")
    assert blocks[1] == "digest up\n"
    system = System(tmp_path / "var", empty=True)
    with system.process(str(DIGEST), "up", "--port", "0"):
        until(lambda: "Digest is at" in system.log(), 60, what=system.log)
        typed = subprocess.run(
            ["sh", "-eux"],
            input="".join(blocks[2:]),
            cwd=tmp_path,
            env=system.env | {"PATH": f"{DIGEST.parent}:{system.env['PATH']}"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert typed.returncode == 0, typed.stdout + typed.stderr
    assert "2 unchanged" not in typed.stdout
    assert system.json("audit", "harbour/1")["accepted"] == 2
    assert "To: Ann <ann@example.com>" in typed.stdout
