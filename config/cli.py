"""The ``digest`` command.  Wiring only: each command stands in its room's ``commands``."""

import importlib
import os
import sys

import click

ROOM = {  # command -> where it stands
    "topic": "digest.commands.topic:topic",
    "load": "digest.commands.load:load",
    "assemble": "digest.commands.drafts:assemble",
    "show": "digest.commands.drafts:show",
    "discard": "digest.commands.drafts:discard",
    "check": "digest.commands.check:check",
    "user": "digest.commands.user:user",
    "subscribers": "subscribers.commands.subscribers:subscribers",
    "segment": "subscribers.commands.segment:segment",
    "render": "workers.commands.render:render",
    "approve": "workers.commands.approve:approve",
    "unapprove": "workers.commands.approve:unapprove",
    "send": "workers.commands.approve:send",
    "test": "workers.commands.approve:test",
    "pause": "workers.commands.mailings:pause",
    "resume": "workers.commands.mailings:resume",
    "cancel": "workers.commands.mailings:cancel",
    "retry": "workers.commands.mailings:retry",
    "rate": "workers.commands.mailings:rate",
    "settle": "workers.commands.mailings:settle",
    "status": "workers.commands.status:status",
    "audit": "workers.commands.status:audit",
    "message": "workers.commands.status:message",
    "schedule": "workers.commands.schedule:schedule",
    "up": "workers.commands.up:up",
    "demo": "workers.commands.demo:demo",
    "migrate": "digest.commands.migrate:migrate",
}
NO_DATABASE = {"up", "demo", "migrate"}  # they see to it themselves


class Commands(click.Group):
    """Finds a command by name and imports it only then, so that ``--help`` is quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(ROOM)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in ROOM:
            return None
        import django

        django.setup()
        module, _, attribute = ROOM[name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def invoke(self, ctx: click.Context) -> object:
        from digest.database import bring_up_to_date, told
        from digest.errors import DigestError

        try:
            with told():
                asks_help = any(word in {"--help", "-h"} for word in sys.argv[1:])
                if ctx._protected_args[0] not in NO_DATABASE and not asks_help:  # noqa: SLF001
                    bring_up_to_date()
                return super().invoke(ctx)
        except DigestError as problem:
            click.echo(f"digest: {problem}", err=True)
            ctx.exit(problem.status)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="digest", message="digest %(version)s")
def main() -> None:
    """Gather briefings into numbered updates and mail them, accounting for every recipient."""


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
