"""Briefings in: readers make plain data from bytes, the store keeps it.

``sources`` finds what was named, ``reading`` tells its format by its content and
hands it to a reader, each reader yields one outcome per briefing, ``store``
writes them.  Readers are pure; only ``store`` knows the database.
"""
