"""Staff: roles, and what every staff page shows."""

from django.http import HttpRequest


def page_context(request: HttpRequest) -> dict[str, object]:
    """What every page's template may use."""
    return {}
