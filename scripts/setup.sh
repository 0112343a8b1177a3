#!/bin/sh
# Finds a Python that will do and lets it make .venv: setup.sh run|dev [PYTHON]
here=$(cd "$(dirname "$0")/.." && pwd) || exit 3
fits='import sys; sys.exit(sys.version_info < (3, 11) or sys.version_info >= (4,))'
whole='import ensurepip, venv'
found= bare=
for python in ${2:-python3 python3.13 python3.12 python3.11 python3.14 python}; do
    # A name on the PATH may be a stub that only says what to install, so each is tried.
    "$python" -c "$fits" >/dev/null 2>&1 || continue
    if "$python" -c "$whole" >/dev/null 2>&1; then
        found=$python
        break
    fi
    bare=${bare:-$python}
done
if [ -n "$found" ]; then
    exec "$found" "$here/scripts/setup.py" "$1"
fi
if [ -n "$bare" ]; then
    echo "setup: $bare ($("$bare" --version 2>&1)) lacks its venv module; nothing was changed." >&2
    echo "On Debian or Ubuntu: apt-get install python3-venv make" >&2
    exit 3
fi
have=$("${2:-python3}" --version 2>&1) || have="no ${2:-python3}"
echo "setup: Python 3.11 or newer is needed, and there is $have; nothing was changed." >&2
echo "On Debian or Ubuntu: apt-get install python3 python3-venv make" >&2
echo "A newer one beside the system's: make setup PYTHON=/path/to/python3.13" >&2
exit 3
