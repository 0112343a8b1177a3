"""What stands in ``.env`` and in the environment today, and what is wrong with it."""

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol

from digest.errors import Refused
from workers.doctor.finding import Finding, bad, look
from workers.setting_up import env_file

SHOWN = 80
"""Characters of a value that can't be read."""


class Setting(Protocol):
    """A row of the program's table of settings, which its wiring hands in."""

    @property
    def name(self) -> str: ...
    @property
    def default(self) -> str: ...
    @property
    def example(self) -> str: ...
    @property
    def secret(self) -> bool: ...
    def read(self, text: str, /) -> Any:
        """Its value; ValueError in words."""


class Present:
    """The settings as they are given now; the environment wins, as it does in the program."""

    def __init__(self, path: Path, environ: Mapping[str, str], settings: Sequence[Setting]) -> None:
        self.path, self.environ = path, environ
        self.settings = {setting.name: setting for setting in settings}
        self.text = _text(path)
        try:
            self._file = env_file.values(self.text)
        except env_file.Unreadable as problem:
            raise Refused(
                f"{path.name} {problem}; nothing was changed. Write for example SEND_RATE=70, "
                "or put a # before it."
            ) from None

    def anew(self) -> "Present":
        """What stands there by now: questions and relays take their time."""
        return Present(self.path, self.environ, list(self.settings.values()))

    def given(self, name: str) -> str:
        """What the program is given for it, without its default."""
        return self.environ.get(name, self._file.get(name, ""))

    def checked(self, name: str, text: str) -> str:
        """The text, if the program can read it so; ValueError in words, with an example."""
        try:
            self.settings[name].read(text)
        except ValueError as problem:
            shown = "its value" if self.settings[name].secret else repr(text[:SHOWN])
            example = self.settings[name].example
            raise ValueError(f"{shown} {problem}. Write for example {example}") from None
        return text

    def read(self, name: str) -> Any:
        """Its value; the default's where what is given can't be read (``faults`` tells of it)."""
        setting = self.settings[name]
        try:
            return setting.read(self.given(name) or setting.default)
        except ValueError:
            return setting.read(setting.default)

    def news(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """What of this is to be written, since the file says something else or nothing."""
        return {name: text for name, text in wanted.items() if text != self._file.get(name, "")}

    def outranked(self, wanted: Mapping[str, str]) -> Iterator[Finding]:
        """What the environment keeps the file from deciding."""
        for name, text in wanted.items():
            if name in self.environ and self.environ[name] != text:
                yield look(
                    f"Environment's {name}",
                    f"It says something else than {self.path.name}, and outranks it.",
                    "Take it out of the environment (a unit's, a shell's), or change it there.",
                )

    def faults(self, text: str) -> Iterator[Finding]:
        """Names in this text of the file that are none, and values that stop the start."""
        for line in env_file.assignments(text):
            about = f"Line {line.number} of {self.path.name}"
            if line.name not in self.settings:
                for meant in get_close_matches(line.name, self.settings, 1, 0.8):
                    yield look(
                        about,
                        f"{line.name} is no setting; it does nothing.",
                        f"Write {meant}, if that was meant.",
                    )
                continue
            try:
                self.checked(line.name, line.value or self.settings[line.name].default)
            except ValueError as problem:
                yield bad(
                    about, f"{line.name}: {problem}.", "Mend the line: without that nothing starts."
                )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")  # some editors write that mark before all else
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or "it is not UTF-8"
        raise Refused(
            f"{path.name} can't be read ({why}); nothing was changed. Mend it, or take it away."
        ) from None
