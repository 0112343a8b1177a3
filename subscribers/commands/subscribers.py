"""digest subscribers: lists of people in and out."""

import contextlib
import io
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

import click

from digest import updates
from digest.errors import NotFound, Refused
from subscribers import exporting, importing
from subscribers.commands import count, person
from subscribers.importing import Report
from subscribers.importing.doubts import ASK
from subscribers.importing.services import EVERY, OUT, Field
from subscribers.models import Segment

_SHOWN = 20


@click.group()
def subscribers() -> None:
    """Subscribers: the people who get the updates."""


subscribers.add_command(count.count)
subscribers.add_command(person.dossier)
subscribers.add_command(person.erase)
subscribers.add_command(person.revoke)


@subscribers.command("import")
@click.argument("file", metavar="FILE")
@click.option("--topic", "topics", multiple=True, metavar="SLUG", help="For rows that name none.")
@click.option("--from", "format_", type=click.Choice(list(EVERY)), help="Whose list it is (found).")
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="COLUMN=FIELD",
    help="What a column holds, where that is guessed wrong; see --dry-run.",
)
@click.option(
    "--consent",
    default="",
    metavar="TEXT",
    help="How and when the people without a status agreed; without it they are pending.",
)
@click.option(
    "--as",
    "stands",
    type=click.Choice(list(OUT)),
    help="Everybody in it has left or must not be mailed, whatever its rows say.",
)
@click.option("--dry-run", is_flag=True, help="Say what would happen; change nothing.")
@click.option("--report", metavar="PATH", help="Write what became of each row, as CSV.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_context
def import_(
    ctx: click.Context,
    file: str,
    topics: tuple[str, ...],
    format_: str | None,
    columns: tuple[str, ...],
    consent: str,
    stands: str | None,
    dry_run: bool,
    report: str | None,
    as_json: bool,
) -> None:
    """Import a list of people from a file, or standard input (-).

    CSV in the columns email,name,status,topics,tags,language,zone,joined,source (any other is
    kept as an attribute), or as Mailchimp (ZIP too), Substack, Beehiiv, Ghost, listmonk,
    Buttondown, Kit, Medium and others export it. Whoever left, bounced or complained stays out;
    nobody is mailed by this. Stopped half-way, the same command goes on from there.
    """
    name = "standard input" if file == "-" else Path(file).name
    with _opened(file) as stream, _written(report) as lines, _bar(stream, shown=not as_json) as bar:
        try:
            done = importing.load(
                stream,
                name,
                topics=topics,
                consent=consent,
                format=format_ or "",
                columns=_columns(columns),
                stands=stands or "",
                dry_run=dry_run,
                report_to=lines,
                progress=bar,
            )
        except importing.NoTopics as problem:
            raise Refused(f"{problem} Name it with --topic SLUG.") from None
    if as_json:
        click.echo(json.dumps(_as_json(done, dry_run=dry_run)))
    else:
        _say(done, dry_run=dry_run)
    if done.status == 2:
        click.echo("digest: no row could be used; nothing was changed.", err=True)
    ctx.exit(done.status)


@subscribers.command()
@click.option("--json", "as_json", is_flag=True, help="JSON with all that is known, not CSV.")
@click.option("--consents", is_flag=True, help="In CSV: how and when they agreed and left, too.")
@click.option("--topic", metavar="SLUG", help="Only who stands to this topic.")
@click.option("--segment", metavar="NAME", help="Only whom this segment selects.")
def export(*, as_json: bool, consents: bool, topic: str | None, segment: str | None) -> None:
    """Write people to standard output, as CSV; importing it gives the same people."""
    found = Segment.objects.filter(name=segment).first() if segment else None
    if segment and not found:
        raise NotFound(f"There is no segment {segment!r}; nothing was written.")
    choice = exporting.Choice(updates.topic(topic) if topic else None, found, consents)
    # UTF-8 whatever the terminal speaks: the list goes to a file.
    out = io.TextIOWrapper(sys.stdout.buffer, "utf-8", newline="")
    try:
        (exporting.write_json if as_json else exporting.write)(out, choice)
    finally:
        out.detach()


def _columns(said: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for one in said:
        name, equals, what = one.rpartition("=")
        if not equals:
            raise Refused(
                f"--map {one!r} has no =; nothing was imported. Write for example "
                "--map 'Joined on=joined'"
            )
        found[name] = what
    return found


@contextlib.contextmanager
def _opened(file: str) -> Iterator[BinaryIO]:
    """The file; what comes on standard input is put into one, since it is read twice."""
    if file == "-":
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            copy.seek(0)
            yield copy
        return
    with _open(file, "rb", "read") as stream:
        yield stream


def _open(path: str, mode: str, what: str) -> BinaryIO:
    try:
        return cast("BinaryIO", Path(path).open(mode))
    except OSError as problem:
        raise Refused(
            f"{path} can't be {what} ({problem.strerror}); nothing was imported."
        ) from None


@contextlib.contextmanager
def _written(report: str | None) -> Iterator[BinaryIO | None]:
    """The report to write; one of a run that was stopped is gone on with."""
    if report is None:
        yield None
        return
    with _open(report, "r+b" if Path(report).exists() else "w+b", "written") as file:
        yield file


@contextlib.contextmanager
def _bar(stream: BinaryIO, *, shown: bool) -> Iterator[importing.Progress | None]:
    """A bar on a terminal, by how much of the file is read."""
    if not (shown and sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    size = stream.seek(0, 2)
    stream.seek(0)
    look = (BarColumn(), TextColumn("{task.fields[rows]:,} rows"), TimeRemainingColumn())
    with Progress(*look, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=size, rows=0)

        def moved(report: Report, done_bytes: int) -> bool:
            bar.update(task, completed=done_bytes, rows=report.read)
            return True

        yield moved


def _as_json(report: Report, *, dry_run: bool) -> dict[str, Any]:
    """As the contract has it; beside that only what there is to say."""
    said: dict[str, Any] = {
        "format": report.format,
        "read": report.read,
        "created": report.created,
        "updated": report.updated,
        "suppressed": report.suppressed,
        "unchanged": report.unchanged,
        "rejected": [
            {"line": one.line, "why": one.why} | ({"file": one.file} if one.file else {})
            for one in report.rejected
        ],
    }
    if report.passed_over:
        said["passed_over"] = report.passed_over
    if report.resumed_at:
        said["resumed_at"] = report.resumed_at
    if report.rejections > len(report.rejected):
        said["rejections"] = report.rejections
    if dry_run:
        said["columns"] = report.columns
        said["states"] = dict(report.states)
        said["stays_out"] = dict(report.stays_out)
        said["first"] = report.first
    return said


def _say(report: Report, *, dry_run: bool) -> None:
    for one in report.rejected[:_SHOWN]:
        where = f"{one.file}, line" if one.file else "line"
        click.echo(f"{where} {one.line}: {one.why}", err=True)
    if report.rejections > _SHOWN:
        more = report.rejections - min(_SHOWN, len(report.rejected))
        click.echo(f"and {more:,} more; --report FILE names them all", err=True)
    if any(ASK in one.why for one in report.rejected):
        fields = ", ".join(Field.values)
        click.echo(f"{ASK} with --map 'COLUMN=FIELD'; FIELD is one of {fields}.", err=True)
    if dry_run:
        _foretell(report)
    for over in report.passed_over:
        click.echo(f"{over['file']} was passed over. {over['why']}", err=True)
    if report.resumed_at:
        click.echo(f"Went on after {report.resumed_at:,} rows that were done before.")
    click.echo(
        f"{'Would import' if dry_run else 'Imported'} {report.read:,} rows: "
        f"{report.created:,} created, {report.updated:,} updated, {report.unchanged:,} unchanged, "
        f"{report.suppressed:,} suppressed, {report.rejections:,} rejected."
    )


def _foretell(report: Report) -> None:
    """What the list was taken for, and whom it would make."""
    click.echo(f"Taken for: {report.label} (--from {report.format}). Its columns:")
    for one in report.columns:
        sample = f"   such as {one['samples'][0]!r}" if one["samples"] else ""
        where = f"{one['files']}: " if one["files"] else ""
        click.echo(f"  {where}{one['name'] or '(no name)'} = {one['field']}{sample}")
    for one in report.first:
        said = [text for name, text in one.items() if text and name not in {"email", "outcome"}]
        click.echo(f"  {one['email']}: {' · '.join([*said, one['outcome'].lower()])}")
    for state, number in report.states.items():
        click.echo(f"{number:,} subscription{'s' * (number != 1)} {state}")
    for why, number in report.stays_out.most_common():
        click.echo(f"{number:,} stay{'s' * (number == 1)} out: {why}")
