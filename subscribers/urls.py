"""The readers' pages; and the staff's pages about readers."""

from django.urls import path

from subscribers import pages, people, signup_page

urlpatterns = [
    path("subscribe/", signup_page.subscribe),
    path("confirm/<str:token>/", pages.confirm),
    path("preferences/<str:token>/", pages.choose),
    path("unsubscribe/<str:token>/", pages.unsubscribe),
    path("people/", people.people),
    path("people/segments/", people.segment_list),
    path("people/segments/choices/", people.segment_choices),
    path("people/suppression/", people.suppression),
]
