"""The public pages: what has been sent, and nothing else."""
