"""What comes back after a relay took a message: told by providers' calls, applied in one place."""
