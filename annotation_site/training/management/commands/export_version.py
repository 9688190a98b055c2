"""`manage.py export_version 3 --out model.zip`: a model version as one file."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation_site.training.artefacts import StorageUnreachable
from annotation_site.training.models import ModelVersion
from annotation_site.training.portable import VersionFileError, file_name, version_export


class Command(BaseCommand):
    help = "Write a model version (by its number; the active one without) to one file that import_version reads."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", nargs="?", type=int, help="the version's number, such as 3")
        parser.add_argument("--out", type=Path, help="the file to write (mpjudge-vN.zip); it is replaced")

    def handle(self, *args: Any, **options: Any) -> None:
        number = options["number"]
        versions = ModelVersion.objects.filter(number=number) if number else ModelVersion.objects.filter(is_active=True)
        version = versions.first()
        if version is None:
            raise CommandError(f"There is no version {number}." if number else "No version is active yet.")
        out = options["out"] or Path(file_name(version))
        partial = out.with_name(f".{out.name}.partial")
        try:
            with version_export(version=version) as written, partial.open("wb") as file:
                shutil.copyfileobj(written, file)
            os.replace(partial, out)
        except (VersionFileError, StorageUnreachable, OSError) as error:
            partial.unlink(missing_ok=True)
            raise CommandError(str(error)) from error
        self.stdout.write(f"{version} is in {out} ({out.stat().st_size / 2**20:.1f} MB).")
