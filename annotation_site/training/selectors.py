"""Reads of the training room: snapshots, runs and versions, and what a run is."""

from __future__ import annotations

from django.db.models import QuerySet

from annotation_site.jobs.models import JobState
from annotation_site.snapshots.models import Snapshot
from annotation_site.training.models import ModelVersion, TrainingRun
from model import recipes
from model.config import Config


def snapshots_ready() -> QuerySet[Snapshot]:
    """Sealed snapshots, newest first."""
    return Snapshot.objects.filter(state=JobState.DONE).order_by("-pk")


def runs_on(snapshot: Snapshot) -> QuerySet[TrainingRun]:
    """The runs on a snapshot, newest first, each with the model version that it may have become."""
    return snapshot.runs.select_related("version").order_by("-pk")


def runs_done() -> QuerySet[TrainingRun]:
    """The runs that can be promoted, newest first."""
    return TrainingRun.objects.filter(state=JobState.DONE).select_related("snapshot").order_by("-pk")


def versions() -> QuerySet[ModelVersion]:
    return ModelVersion.objects.select_related("run__snapshot").defer("run__report").order_by("-is_active", "-number")


def run_config(run: TrainingRun) -> Config:
    """The config of a run: as its report has it, else its recipe with what differs. Raises ConfigError in words."""
    if stored := (run.report or {}).get("config"):
        return Config.from_dict(stored)
    return recipes.get(run.recipe).with_overrides(run.overrides)
