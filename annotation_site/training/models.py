"""Training runs, and the model versions promoted from them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from annotation_site.jobs.models import Job


class TrainingRun(Job):
    """One training: its snapshot's digest, its config, its seed and its code version are its identity."""

    task_name: ClassVar[str] = "training.run"
    queue: ClassVar[str] = "gpu"

    snapshot = models.ForeignKey("snapshots.Snapshot", on_delete=models.PROTECT, related_name="runs")
    recipe = models.CharField(max_length=40)
    overrides = models.JSONField(default=dict, blank=True)
    seed = models.PositiveIntegerField(default=0)
    device = models.CharField(max_length=12, default="auto")
    note = models.CharField(max_length=200, blank=True)
    folder = models.CharField(max_length=400, blank=True, help_text="Below the runs' root.")
    code_version = models.CharField(max_length=64, blank=True)
    report = models.JSONField(default=dict, blank=True, help_text="report.json of the run, once done.")

    def __str__(self) -> str:
        return f"Run {self.pk} ({self.recipe})"


class ModelVersion(models.Model):
    """A promoted run. Exactly one version is active."""

    run = models.OneToOneField(TrainingRun, on_delete=models.PROTECT, related_name="version")
    number = models.PositiveIntegerField(unique=True)
    note = models.CharField(max_length=400, blank=True)
    is_active = models.BooleanField(default=False)
    promoted_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    promoted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["is_active"], condition=Q(is_active=True), name="one_active_model_version"),
        ]

    def __str__(self) -> str:
        return f"MPJudge v{self.number}"
