"""``digest doctor``: looks at all that sending depends on, and says of each what would mend it."""
