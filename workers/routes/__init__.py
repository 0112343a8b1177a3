"""Which way mail leaves: relay accounts with their limits, their health, and who goes by which."""
