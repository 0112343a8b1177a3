"""The real servers of the journeys."""

from tests.journeys.conftest import postgres_url, redis_url

__all__ = ["postgres_url", "redis_url"]
