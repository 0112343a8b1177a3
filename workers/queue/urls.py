"""The addresses of the queue."""

from django.urls import path

from workers.brake import pages as brake
from workers.doctor import page as doctor
from workers.queue import acting, deliveries_page, for_desk, pages, person
from workers.routes import pages as routes
from workers.watch import pages as alerts

urlpatterns = [
    path("queue/", pages.home),
    path("queue/live/", pages.home_live),
    path("queue/past/", pages.past),
    path("queue/alerts/", alerts.alerts),
    path("queue/alerts/<int:number>/acknowledge/", alerts.acknowledge),
    path("queue/alerts/test/", alerts.test),
    path("queue/brake/", brake.home),
    path("queue/brake/figures/", brake.figures),
    path("queue/desk/", for_desk.of_desk),
    path("queue/desk/<slug:topic>/", for_desk.of_topic),
    path("queue/doctor/", doctor.home),
    path("queue/doctor/live/", doctor.live),
    path("queue/of/<slug:topic>/<int:number>/", pages.of_update),
    path("queue/person/<int:number>/", person.mails),
    path("queue/workers/", pages.workers_page),
    path("queue/workers/live/", pages.workers_live),
    path("queue/deliveries/", deliveries_page.search),
    path("queue/delivery/<int:number>/", person.message),
    path("queue/delivery/<int:number>/settle/", acting.settle_one),
    path("queue/routes/", routes.home),
    path("queue/routes/live/", routes.live),
    path("queue/routes/add/", routes.add),
    path("queue/routes/<int:number>/", routes.change),
    path("queue/routes/<int:number>/pause/", routes.pause),
    path("queue/routes/<int:number>/resume/", routes.take_up),
    path("queue/routes/<int:number>/test/", routes.test),
    path("queue/routes/<int:number>/remove/", routes.remove),
    path("queue/<int:number>/", pages.mailing),
    path("queue/<int:number>/live/", pages.mailing_live),
    path("queue/<int:number>/pause/", acting.pause),
    path("queue/<int:number>/resume/", acting.resume),
    path("queue/<int:number>/brake/", brake.held),
    path("queue/<int:number>/probe/", brake.probe),
    path("queue/<int:number>/rest/", brake.rest),
    path("queue/<int:number>/cancel/", acting.cancel),
    path("queue/<int:number>/rate/", acting.rate),
    path("queue/<int:number>/retry/", acting.retry),
    path("queue/<int:number>/resend/", acting.resend),
    path("queue/<int:number>/settle/", acting.settle),
    path("queue/<int:number>/unsuppress/", acting.unsuppress),
]
