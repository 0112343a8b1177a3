"""The form of `.env`: what is written is read as it was meant, by us and by shells."""

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.setting_up import env_file

LINES = st.lists(
    st.sampled_from(
        [
            "# ours",
            "",
            "SEND_RATE=70  # slowly",
            "  export LOG_LEVEL='info' # x",
            "A=1",
            "A=2",
            "B=",
        ]
    )
)
NAMES = st.sampled_from(["SEND_RATE", "LOG_LEVEL", "A", "B", "SMTP_URL"])
TEXTS = st.text(alphabet="aé'\"#$ \\`=\t\n\x0b\x85\u2028", max_size=12)


@settings(deadline=None)
@given(LINES, st.dictionaries(NAMES, TEXTS, max_size=3))
def test_what_is_written_is_read_as_it_was_meant_and_all_else_stays(
    lines: list[str], new: dict[str, str]
) -> None:
    text = "".join(f"{line}\n" for line in lines)
    try:
        made = env_file.changed(text, new)
    except ValueError:
        assert any(not value.isprintable() or {"'", '"'} <= set(value) for value in new.values())
        return
    assert env_file.values(made) == env_file.values(text) | new
    kept = [line for line in lines if not any(f"{name}=" in line for name in new)]
    assert [line for line in made.splitlines() if line in kept] == kept


def test_a_value_is_changed_in_its_place_with_its_comment_and_the_last_one_counts() -> None:
    text = "# us\nA=1 # first\n\n  export A='2'  # second\nB=3"
    made = env_file.changed(text, {"A": "x # y", "C": "it's $HOME"})
    assert made == "# us\nA=1 # first\n\n  export A='x # y'  # second\nB=3\nC=\"it's $HOME\"\n"


def test_a_shell_takes_the_file_as_we_do() -> None:
    value = 'Harbour & Sons <news@example.org> # $HOME `id` \\ "quoted"'
    script = env_file.changed("", {"A": value}) + 'printf %s "$A"'
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == value


@pytest.mark.parametrize("value", ["a\nB=1", "a\u2028b", "'a' \"b\" # c"])
def test_what_no_line_can_hold_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="holds"):
        env_file.changed("", {"A": value})


def test_a_line_that_is_none_is_named_by_its_number() -> None:
    with pytest.raises(env_file.Unreadable, match="line 2 is no NAME=value"):
        env_file.changed("A=1\nrubbish\n", {"A": "2"})
