"""The readers' pages; and the staff's pages about readers."""

from django.urls import path

from subscribers import pages

urlpatterns = [
    path("subscribe/", pages.subscribe),
    path("confirm/<str:token>/", pages.confirm),
    path("preferences/<str:token>/", pages.choose),
    path("unsubscribe/<str:token>/", pages.unsubscribe),
]
