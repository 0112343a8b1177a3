"""The addresses of the queue, of the built-in mailbox, and of whoever watches the process."""

from django.urls import include, path

from workers.queue import health

urlpatterns = [
    path("", include("workers.queue.urls")),
    path("", include("workers.mailbox.urls")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
]
