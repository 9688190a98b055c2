"""Model versions as files: what the rooms that use a model ask for, wherever its run was trained."""

from __future__ import annotations

from pathlib import Path

from annotation_site.training.models import ModelVersion
from annotation_site.training.services import run_folder


def active_version() -> ModelVersion | None:
    """The version that answers for the site now; None before the first promotion."""
    return ModelVersion.objects.select_related("run__snapshot").filter(is_active=True).first()


def checkpoint_folder(version: ModelVersion) -> Path:
    """The folder of the version's checkpoint on this machine."""
    return run_folder(version.run)
