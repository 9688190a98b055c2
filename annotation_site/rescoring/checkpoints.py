"""The trained model that scores, as a folder on this machine."""

from __future__ import annotations

from pathlib import Path

from annotation_site.jobs.running import JobFailed
from annotation_site.training.artefacts import StorageUnreachable
from annotation_site.training.models import ModelVersion
from annotation_site.training.versions import CheckpointMissing, checkpoint_folder


def model_folder(version: ModelVersion) -> Path:
    """The folder of the version's checkpoint. Raises `JobFailed` where it cannot be had now."""
    try:
        return checkpoint_folder(version)
    except (CheckpointMissing, StorageUnreachable) as error:
        raise JobFailed(f"{error} Resume when it is there again.") from None
