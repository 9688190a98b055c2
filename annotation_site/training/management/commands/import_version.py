"""`manage.py import_version model.zip`: bring in a model version that `export_version` wrote."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from annotation_site.training.artefacts import StorageUnreachable
from annotation_site.training.portable import VersionFileError, version_import
from annotation_site.training.services import version_activate


class Command(BaseCommand):
    help = "Bring in a model version from one file. The same file again gives the same version."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--note", default="", help="a word about it, for those who come later")
        parser.add_argument("--activate", action="store_true", help="let it answer for the site at once")

    def handle(self, *args: Any, **options: Any) -> None:
        now, note = timezone.now(), options["note"]
        try:
            with options["file"].open("rb") as file:
                version = version_import(file=file, note=note, user=None, now=now)
        except (VersionFileError, StorageUnreachable, OSError) as error:
            raise CommandError(str(error)) from error
        if options["activate"]:
            version = version_activate(version=version, note=note, user=None, now=now)
        self.stdout.write(f"{version} is here{' and active' if version.is_active else ', not active'}.")
