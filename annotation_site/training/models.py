"""Training runs, and the model versions promoted from them or brought in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from annotation_site.jobs.models import Job
from annotation_site.training.reasons import Reason

MOST_PROCESSES = 64


class TrainingRun(Job):
    """One training: its snapshot's digest, its config, its seed and its code version are its identity."""

    task_name: ClassVar[str] = "training.run"
    queue: ClassVar[str] = "gpu"
    when_lost: ClassVar[Mapping[str, Any]] = MappingProxyType({"reason": Reason.LOST_WORKER})
    when_broken: ClassVar[Mapping[str, Any]] = MappingProxyType({"reason": Reason.UNEXPECTED})

    snapshot = models.ForeignKey("snapshots.Snapshot", on_delete=models.PROTECT, related_name="runs")
    recipe = models.CharField(max_length=40)
    overrides = models.JSONField(default=dict, blank=True)
    seed = models.PositiveIntegerField(default=0)
    device = models.CharField(max_length=12, default="auto")
    processes = models.PositiveSmallIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_PROCESSES)],
        help_text="How many processes share the training on the worker's machine: one a GPU.",
    )
    note = models.CharField(max_length=200, blank=True)
    folder = models.CharField(max_length=400, blank=True, help_text="Below the runs' root.")
    code_version = models.CharField(max_length=64, blank=True)
    report = models.JSONField(default=dict, blank=True, help_text="report.json of the run, once done.")
    reason = models.CharField(
        max_length=20,
        choices=Reason.choices,
        blank=True,
        help_text="Why it failed, for programs; `error` is for people.",
    )
    request_key = models.UUIDField(
        null=True, blank=True, unique=True, help_text="Of the form or program that asked: asked twice, it starts once."
    )

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(processes__gte=1, processes__lte=MOST_PROCESSES), name="run_has_1_to_64_processes"
            ),
        ]

    def __str__(self) -> str:
        return f"Run {self.pk} ({self.recipe})"


class VersionSource(models.TextChoices):
    RUN = "run", "A run of this site"
    IMPORT = "import", "Brought in as a file"


class ModelVersion(models.Model):
    """A model that may answer for the site: a promoted run, or one brought in as a file. At most one is active."""

    run = models.OneToOneField(
        TrainingRun,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="version",
        help_text="None: imported.",
    )
    source = models.CharField(max_length=8, choices=VersionSource.choices, default=VersionSource.RUN)
    number = models.PositiveIntegerField(unique=True)
    note = models.CharField(max_length=400, blank=True)
    is_active = models.BooleanField(default=False)
    promoted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    promoted_at = models.DateTimeField(help_text="When it became a version: promoted, or brought in.")
    folder = models.CharField(max_length=400, blank=True, help_text="Where its checkpoint lies, below the runs' root.")
    identity = models.JSONField(
        default=dict, blank=True, help_text="What it is: snapshot_digest, config, seed, code_version, recipe, steps."
    )
    metrics = models.JSONField(
        default=dict, blank=True, help_text="Of its report: trained_under, protocols, noise_ceiling, preferences."
    )
    file_digest = models.CharField(
        max_length=64,
        blank=True,
        help_text="Of checkpoint.json, which holds the config, the identity and the SHA-256 of the weights.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["is_active"], condition=Q(is_active=True), name="one_active_model_version"),
            models.CheckConstraint(
                condition=Q(source="run", run__isnull=False) | Q(source="import", run__isnull=True),
                name="version_has_a_run_or_is_imported",
            ),
            models.UniqueConstraint(
                fields=["file_digest"], condition=Q(source="import"), name="one_version_an_imported_file"
            ),
        ]

    def __str__(self) -> str:
        return f"MPJudge v{self.number}"


class Activation(models.Model):
    """A version became the active one: the history that can be rolled back to."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="activations")
    activated_at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    note = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering = ["-activated_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.version}, {self.activated_at:%Y-%m-%d %H:%M}"
