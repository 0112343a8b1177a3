"""The addresses of the archive, the desk and signing in."""

from django.urls import path

from digest import signing_in

urlpatterns = [
    path("login/", signing_in.sign_in),
    path("logout/", signing_in.sign_out),
    path("login/link/<str:uid>/<str:token>/", signing_in.one_time),
]
