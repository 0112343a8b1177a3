"""Marks without a note, and notes without a mark, in a body that is being written.  Pure."""

import re

_MARK = re.compile(r"(?<!\\)\[\^([^\s\[\]]{1,60})\]")
_NOTE = re.compile(r"^ {0,3}\[\^([^\s\[\]]{1,60})\]:[ \t]*(\S?)", re.MULTILINE)


def told(body: str) -> list[str]:
    """What is amiss with its footnotes, each in a sentence."""
    notes = {note.start(1): note for note in _NOTE.finditer(body)}
    marks = [mark[1] for mark in _MARK.finditer(body) if mark.start(1) not in notes]
    labels = [note[1] for note in notes.values()]
    empty = [note[1] for note in notes.values() if not note[2]]
    said = [
        f"[^{label}] in the text has no note: begin a line with [^{label}]: and its text."
        for label in dict.fromkeys(marks)
        if label not in labels
    ]
    said += [f"The note [^{label}] has no text yet." for label in dict.fromkeys(empty)]
    said += [
        f"The note [^{label}] is referred to nowhere; readers won’t see it."
        for label in dict.fromkeys(labels)
        if label not in marks
    ]
    twice = [label for label in dict.fromkeys(labels) if labels.count(label) > 1]
    return said + [f"There are two notes [^{label}]; readers see the first." for label in twice]
