"""``digest init``: from answers to a ``.env``, a key, and the records to paste.

Nothing here reads the program's settings: these may be what is to be mended.
"""
