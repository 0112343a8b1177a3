"""The whole system in one go, with nothing installed but Python: ``digest up``."""
