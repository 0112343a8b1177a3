"""The readers' pages; and the staff's pages about readers."""

from django.urls import path

from subscribers import (
    account_page,
    confirm_page,
    embedding,
    export_page,
    import_page,
    leaving_page,
    people,
    person_page,
    preferences_page,
    segments_page,
    signup_page,
    suppression_page,
)

urlpatterns = [
    path("subscribe/", signup_page.subscribe),
    path("subscribe/form/", embedding.framed),
    path("confirm/<str:token>/", confirm_page.confirm),
    path("preferences/<str:token>/", preferences_page.choose),
    path("unsubscribe/<str:token>/", leaving_page.leave),
    path("account/<str:token>/", account_page.account),
    path("move/<str:token>/", account_page.move),
    path("links/", account_page.new_links),
    path("people/", people.people),
    path("people/segments/", segments_page.listed),
    path("people/segments/choices/", segments_page.choices),
    path("people/segments/new/", segments_page.edit),
    path("people/segments/count/", segments_page.counted),
    path("people/segments/<int:number>/", segments_page.edit),
    path("people/segments/<int:number>/overlap/", segments_page.overlap),
    path("people/segments/<int:number>/delete/", segments_page.delete),
    path("people/form/", embedding.make),
    path("people/suppression/", suppression_page.page),
    path("people/suppression/change/", suppression_page.change),
    path("people/<int:number>/", person_page.person),
    path("people/<int:number>/act/", person_page.act),
    path("people/<int:number>/dossier/", person_page.held),
    path("people/<int:number>/erase/", person_page.erase),
    path("people/import/", import_page.imports),
    path("people/import/<int:number>/", import_page.one),
    path("people/import/<int:number>/live/", import_page.live),
    path("people/import/<int:number>/report.csv", import_page.report),
    path("people/export/", export_page.export),
]
