"""``digest user``: who may open the staff pages."""

import click
from django.contrib.auth.models import User

from digest import staff


@click.group()
def user() -> None:
    """Members of staff and their roles."""


@user.command()
@click.argument("address")
@click.option("--role", type=click.Choice(staff.Role.values), required=True)
def add(address: str, role: str) -> None:
    """Let ADDRESS in with this role (or change it); prints a link to set a password, once."""
    member = staff.add_user(address, role)
    click.echo(f"{member.username} has the role {role}. To set a password, within three days:")
    click.echo(staff.one_time_link(member, to="password"))


@user.command(name="list")
def list_() -> None:
    """Who is in, with role and last visit."""
    members = User.objects.prefetch_related("groups").order_by("username")
    if not members:
        click.echo("Nobody yet. Add somebody with: digest user add ADDRESS --role editor")
    for member in members:
        role = ", ".join(group.name for group in member.groups.all()) or "no role"
        seen = f"{member.last_login:%Y-%m-%d %H:%M} UTC" if member.last_login else "never"
        click.echo(f"{member.username:<40} {role:<12} last signed in: {seen}")
