"""The judge page, under /judge/."""

from __future__ import annotations

from django.urls import path

from annotation_site.judging import views

app_name = "judging"
urlpatterns = [
    path("", views.page, name="page"),
    path("<uuid:key>/", views.judging_page, name="judging"),
    path("<uuid:key>/forget/", views.forget, name="forget"),
    path("<uuid:key>/media/<str:name>", views.media, name="media"),
]
