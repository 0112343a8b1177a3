"""The addresses of the archive, of signing in and of the desk."""

from django.urls import path

from digest import signing_in
from digest.archive import views as archive
from digest.desk import overview

urlpatterns = [
    # public: what was sent
    path("", archive.home),
    path("t/<slug:topic>/", archive.topic),
    path("t/<slug:topic>/feed.xml", archive.atom),
    path("t/<slug:topic>/feed.json", archive.json_feed),
    path("t/<slug:topic>/<int:number>/", archive.update),
    path("t/<slug:topic>/<int:number>/<slug:slug>/", archive.briefing),
    # staff: signing in
    path("login/", signing_in.sign_in),
    path("logout/", signing_in.sign_out),
    path("login/link/<str:uid>/<str:token>/", signing_in.one_time),
    # editors and publishers
    path("desk/", overview.home),
]
