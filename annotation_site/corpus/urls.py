"""Stored media, under MEDIA_URL."""

from __future__ import annotations

from django.urls import path

from annotation_site.corpus import views

app_name = "corpus"
urlpatterns = [path("<path:name>", views.media, name="media")]
