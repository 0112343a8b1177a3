"""Every address on one screen; the rooms keep their own lists."""

from django.urls import include, path

from digest.api.briefings import api
from subscribers.api import people

api.add_router("/v1", people)

urlpatterns = [
    path("", include("workers.urls")),
    path("", include("subscribers.urls")),
    path("", include("digest.urls")),
]
