"""The addresses of the built-in mailbox."""

from django.urls import path

from workers.mailbox import views

urlpatterns = [
    path("mailbox/", views.mails),
    path("mailbox/<int:number>/", views.mail),
    path("mailbox/<int:number>/html/", views.frame),
    path("mailbox/<int:number>/mail.eml", views.eml),
]
