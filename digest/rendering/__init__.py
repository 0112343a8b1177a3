"""An update as an email: rows to plain data, to MJML, to HTML and text.

``story`` builds the view (``view``) from rows, ``bounded`` renders it in a process of its own
(``worker``), by ``pipeline``. ``markup`` makes prose of Markdown, for pages too.
"""
