"""What ``digest render`` writes of an update, but for the message, which the workers make."""

import json
import time
from pathlib import Path

from digest import editions
from digest.checks import Report
from digest.errors import Unreachable
from digest.models import Update
from digest.rendering.rendered import RenderedEmail


def write_out(update: Update, directory: Path) -> RenderedEmail:
    """Write update.mjml, update.html, update.txt and report.json; personal parts are tokens.

    The directory is made; files of an earlier call are replaced.  Raises RenderingFailed,
    or Unreachable when the directory can't be written.
    """
    view = editions.view_of(update)
    begun = time.perf_counter()
    email = editions.rendered(view)
    milliseconds = round((time.perf_counter() - begun) * 1000, 1)
    report = editions.checked(view, email)
    contents = {
        "update.mjml": email.mjml,
        "update.html": email.html,
        "update.txt": email.text,
        "report.json": _report(email, report, milliseconds),
    }
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            (directory / name).write_text(content, "utf-8", newline="\n")
    except OSError as problem:
        raise Unreachable(
            f"{directory} can't be written ({problem.strerror}); nothing else was changed. "
            "Name a folder you may write to: --out DIR"
        ) from None
    return email


def _report(email: RenderedEmail, report: Report, milliseconds: float) -> str:
    plain = {
        "subject": email.subject,
        "preheader": email.preheader,
        "bytes": {
            "html": len(email.html.encode()),
            "text": len(email.text.encode()),
            "mjml": len(email.mjml.encode()),
        },
        "ms": milliseconds,
        **report.as_json(),
    }
    return json.dumps(plain, ensure_ascii=False, indent=2) + "\n"
