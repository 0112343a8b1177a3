"""The addresses of schedules, of the queue, of the built-in mailbox, and of whoever watches."""

from django.urls import include, path

from workers import care_page, correction_page, schedule_page, source_page, tested
from workers.feedback.hooks import hook
from workers.first_steps import page as first_steps
from workers.watch import health, metrics

urlpatterns = [
    path("", include("workers.queue.urls")),
    path("", include("workers.mailbox.urls")),
    path("desk/first-steps/", first_steps.page),
    path("desk/<slug:topic>/schedule/", schedule_page.page),
    path("desk/<slug:topic>/schedule/runs/", schedule_page.runs),
    path("desk/<slug:topic>/schedule/held/", schedule_page.decide),
    path("desk/<slug:topic>/schedule/set/", schedule_page.set_),
    path("desk/<slug:topic>/schedule/clear/", schedule_page.clear),
    path("desk/<slug:topic>/schedule/care/", care_page.care),
    path("desk/<slug:topic>/draft/tests/", tested.tests),
    path("desk/<slug:topic>/draft/source/", source_page.of_draft),
    path("desk/<slug:topic>/<int:number>/source/", source_page.of_update),
    path("desk/<slug:topic>/<int:number>/correct/", correction_page.correct),
    path("hooks/<slug:provider>/", hook),
    path("hooks/<slug:provider>/<str:secret>/", hook),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics),
]
