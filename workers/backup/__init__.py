"""``digest backup``, ``restore`` and ``move``: all of an installation in one file, and back."""
