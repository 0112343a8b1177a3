"""Every address on one screen; the rooms keep their own lists."""

from django.urls import include, path

urlpatterns = [
    path("", include("workers.urls")),
    path("", include("subscribers.urls")),
    path("", include("digest.urls")),
]
