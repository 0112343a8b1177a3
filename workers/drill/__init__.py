"""``digest drill``: kills its own workers in mid-send, and counts who got what."""
