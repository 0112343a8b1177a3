"""``digest bench``: how fast this machine sends, end to end."""
