"""The admin panel, with our own site class in place of Django's."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class AdminPanel(AdminConfig):
    default_site = "annotation_site.admin_site.AtelierAdminSite"
