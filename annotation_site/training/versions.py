"""Model versions as files: what the rooms that use a model ask for, wherever its run was trained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from annotation_site.jobs.running import JobFailed
from annotation_site.training import artefacts
from annotation_site.training.models import ModelVersion, TrainingRun
from model.files import SEAL_NAME

_MEASURED = ("trained_under", "protocols", "noise_ceiling", "preferences", "trivial", "training_pairs")


class CheckpointMissing(JobFailed):
    """A version's checkpoint is neither on this machine nor in the storage of runs."""


def active_version() -> ModelVersion | None:
    """The version that answers for the site now; None before the first promotion. Without its run's long report."""
    return ModelVersion.objects.select_related("run__snapshot").defer("run__report").filter(is_active=True).first()


def checkpoint_folder(version: ModelVersion) -> Path:
    """The folder of the version's checkpoint on this machine, fetched from the storage of runs where it is not here.

    A sealed checkpoint never changes, so what is here is the same. Raises `CheckpointMissing`, `StorageUnreachable`.
    """
    name = folder_name(version)
    folder = artefacts.folder_of(name)
    if artefacts.in_place() or (folder / SEAL_NAME).exists():
        return folder
    artefacts.fetch(name, artefacts.CHECKPOINT_NAMES)
    if not (folder / SEAL_NAME).exists():
        raise CheckpointMissing(f"The checkpoint of {version} is not in the storage of runs: {name} is empty there.")
    return folder


def folder_name(version: ModelVersion) -> str:
    """What the version's folder is called below the runs' root, and in the storage."""
    return version.folder or (version.run.folder if version.run else "")


def facts_of_run(run: TrainingRun) -> dict[str, Any]:
    """What a version says of the run that it was: fields of `ModelVersion`."""
    return {"folder": run.folder, **facts_of_report(run.report), "file_digest": _seal_digest(run.folder)}


def facts_of_report(report: Mapping[str, Any]) -> dict[str, Any]:
    """Identity and figures from a run's `report.json`: fields of `ModelVersion`."""
    config = report.get("config") or {}
    identity = {name: report[name] for name in ("snapshot_digest", "seed", "code_version", "steps") if name in report}
    if config:
        identity |= {"config": config, "recipe": config.get("recipe", "")}
    return {"identity": identity, "metrics": {name: report[name] for name in _MEASURED if name in report}}


def digest_of_seal(content: bytes) -> str:
    """What tells one trained model from all others: the seal holds config, identity and the weights' digest."""
    return hashlib.sha256(json.dumps(json.loads(content), sort_keys=True).encode()).hexdigest()


def _seal_digest(name: str) -> str:
    """The digest of a folder's checkpoint; "" where it cannot be read now."""
    try:
        with artefacts.open_file(name, SEAL_NAME) as file:
            return digest_of_seal(file.read())
    except (FileNotFoundError, artefacts.StorageUnreachable, ValueError):
        return ""
