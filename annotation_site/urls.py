"""Every address of the site. Each room keeps its own list."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from annotation_site.api.health import healthz

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.urls")),
    path("", include("annotation_site.accounts.urls")),
    path("welcome/", include("annotation_site.protocols.urls")),
    path("score/", include("annotation_site.scoring.urls")),
    path("prefer/", include("annotation_site.preferences.urls")),
    path("judge/", include("annotation_site.judging.urls")),
    path("media/", include("annotation_site.corpus.urls")),
    path("snapshots/", include("annotation_site.snapshots.urls")),
    path("api/", include("annotation_site.api.urls")),
    path("healthz", healthz, name="healthz"),
]
