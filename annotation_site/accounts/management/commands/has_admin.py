"""Exit status 0 when somebody may log in to the admin panel, 1 when not. Used by `make run`."""

from __future__ import annotations

import sys

from django.core.management.base import BaseCommand

from annotation_site.accounts.models import User


class Command(BaseCommand):
    help = __doc__

    def handle(self, **_: object) -> None:
        sys.exit(0 if User.objects.filter(is_staff=True, is_active=True).exists() else 1)
