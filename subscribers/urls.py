"""The readers' pages; and the staff's pages about readers."""

from django.urls import path

from subscribers import leaving_page, pages, people, preferences_page

urlpatterns = [
    path("subscribe/", pages.subscribe),
    path("confirm/<str:token>/", pages.confirm),
    path("preferences/<str:token>/", preferences_page.choose),
    path("unsubscribe/<str:token>/", leaving_page.leave),
    path("people/", people.people),
    path("people/segments/", people.segment_list),
    path("people/segments/choices/", people.segment_choices),
    path("people/suppression/", people.suppression),
]
