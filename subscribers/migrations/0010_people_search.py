"""Indexes by which PostgreSQL finds the beginning and the end of an address or a name.

Each takes some four seconds and 100 MB for a million people. SQLite reads row by row.
"""

from typing import Any

from django.db import migrations

_INDEXES = {
    "subscriber_email_back": "reverse(email::text)",
    "subscriber_name": "upper(name::text)",
    "subscriber_name_back": "reverse(upper(name::text))",
}


def add(_: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        for name, expression in _INDEXES.items():
            editor.execute(
                f"CREATE INDEX {name} ON subscribers_subscriber ({expression} text_pattern_ops)"
            )


def remove(_: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        for name in _INDEXES:
            editor.execute(f"DROP INDEX {name}")


class Migration(migrations.Migration):
    dependencies = [("subscribers", "0009_links_request")]
    operations = [migrations.RunPython(add, remove)]
