"""The ``digest`` command.  Wiring only: each command stands in its room's ``commands``."""

import importlib
import os
import sys

import click

WHERE = {  # command -> where it stands, and one line for --help
    "up": ("workers.commands.up:up", "Run everything: web, workers, schedule, broker, mailbox."),
    "init": ("workers.commands.init:init", "Set up to send mail for real: relay, key, DNS, .env."),
    "demo": ("workers.commands.demo:demo", "Run the main job on sample briefings."),
    "topic": ("digest.commands.topic:topic", "Add, change and list topics."),
    "load": ("digest.commands.load:load", "Load briefings."),
    "feed": ("digest.commands.feed:feed", "Read feeds again and again as a topic's sources."),
    "assemble": ("digest.commands.drafts:assemble", "Draft a topic's next update."),
    "show": ("digest.commands.drafts:show", "Show an update with its reasons."),
    "fold": ("digest.commands.drafts:fold", "Let one item tell another briefing's story too."),
    "split": ("digest.commands.drafts:split", "Make what was folded an item of its own."),
    "discard": ("digest.commands.drafts:discard", "Throw a draft away."),
    "render": ("workers.commands.render:render", "Write an update's mail to files."),
    "check": ("workers.commands.check:check", "Run the checks over an update."),
    "approve": ("workers.commands.approve:approve", "Fix number and content; due to go out."),
    "unapprove": ("workers.commands.approve:unapprove", "Take an approval back."),
    "send": ("workers.commands.approve:send", "Approve for now and show progress."),
    "test": ("workers.commands.approve:test", "Send test mails."),
    "pause": ("workers.commands.mailings:pause", "Pause a mailing."),
    "resume": ("workers.commands.mailings:resume", "Resume a mailing."),
    "cancel": ("workers.commands.mailings:cancel", "Cancel what a mailing has not sent."),
    "retry": ("workers.commands.mailings:retry", "Try a mailing's failed deliveries again."),
    "rate": ("workers.commands.mailings:rate", "Set a mailing's messages a second."),
    "route": ("workers.commands.route:route", "Say by which relays mail goes."),
    "settle": ("workers.commands.mailings:settle", "Settle a mailing's uncertain deliveries."),
    "unsuppress": (
        "workers.commands.mailings:unsuppress",
        "Take back what a mailing's bounces did to the suppression list.",
    ),
    "correct": ("workers.commands.correct:correct", "Mail a correction to an update's readers."),
    "status": ("workers.commands.status:status", "Show queue, mailings and workers."),
    "audit": ("workers.commands.status:audit", "Print a mailing's balance sheet."),
    "message": ("workers.commands.status:message", "Print the bytes sent to a reader."),
    "doctor": (
        "workers.commands.doctor:doctor",
        "Look at all that sending depends on; say what mends it.",
    ),
    "drill": ("workers.commands.drill:drill", "Kill the workers in mid-send; count who got what."),
    "bench": ("workers.commands.bench:bench", "Measure how fast this machine sends."),
    "subscribers": ("subscribers.commands.subscribers:subscribers", "Import and export readers."),
    "segment": ("subscribers.commands.segment:segment", "Save and count rules over readers."),
    "clicks": ("digest.commands.clicks:clicks", "Show how often an update's links were followed."),
    "suppression": (
        "subscribers.commands.suppression:suppression",
        "Say who must not be mailed.",
    ),
    "postmaster": (
        "workers.commands.postmaster:postmaster",
        "Enter what providers' postmaster pages say.",
    ),
    "schedule": ("workers.commands.schedule:schedule", "Say when a topic's updates are made."),
    "user": ("digest.commands.user:user", "Add staff."),
    "token": ("digest.commands.token:token", "Let programs in at the API."),
    "backup": ("workers.commands.backup:backup", "Keep all of it in one file, while it runs."),
    "restore": ("workers.commands.restore:restore", "Put a backup in an empty database."),
    "move": ("workers.commands.move:move", "Move all of it to another database."),
    "migrate": ("digest.commands.migrate:migrate", "Bring the database up to date."),
}
NO_DATABASE = {"migrate", "backup", "restore", "move", "doctor"}  # see to it themselves
# They begin a process of their own, and need nothing of Django before; init reads settings that may
# be what is to be mended.
ANEW = {"up", "demo", "drill", "bench", "init"}


class Commands(click.Group):
    """Imports a command only when it is called, so that ``--help`` and mistakes are quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(WHERE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in WHERE:
            return None
        module, _, attribute = WHERE[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in WHERE.items()])

    def invoke(self, ctx: click.Context) -> object:
        from config.environment import SETTINGS
        from digest.errors import DigestError

        ctx.obj = SETTINGS  # for init, which may not import them
        name = ctx._protected_args[0]  # noqa: SLF001  # click has no public name for it
        try:
            if name in ANEW:
                return super().invoke(ctx)
            return self._with_database(ctx, name)
        except DigestError as problem:
            click.echo(f"digest: {problem}", err=True)
            ctx.exit(problem.status)
        except click.exceptions.NoArgsIsHelpError:
            raise  # shows the help
        except click.UsageError as mistake:
            path = mistake.ctx.command_path if mistake.ctx else "digest"
            click.echo(
                f"digest: {mistake.format_message()} Nothing was changed; see: {path} --help",
                err=True,
            )
            ctx.exit(mistake.exit_code)

    def _with_database(self, ctx: click.Context, name: str) -> object:
        import django

        django.setup()
        from digest import logs
        from digest.database import bring_up_to_date, told

        logs.for_a_command()
        asks_help = any(word in {"--help", "-h"} for word in sys.argv[1:])
        with told():
            if name in WHERE and name not in NO_DATABASE and not asks_help:
                bring_up_to_date()
            return super().invoke(ctx)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="digest", message="digest %(version)s")
def main() -> None:
    """Gather briefings into numbered updates and mail them, accounting for every recipient."""


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
